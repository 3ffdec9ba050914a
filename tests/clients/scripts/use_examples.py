"""The examples of the package ollama, out of its source archive: use_examples.py ARCHIVE NAME...

The models that they name are replaced by the server's; nothing else about them is changed. They
use the functions of the module, which take OLLAMA_HOST from the environment.
"""

import contextlib
import io
import json
import re
import sys
import tarfile
from typing import Any

MODELS = {
    "codellama:7b-code": "fim", "gemma4": "tiny", "llama3.1": "calls", "llama3.1:8b": "friends",
    "llama3.2": "embedder", "qwen3": "tiny", "deepseek-r1": "reasons", "gpt-oss:20b": "tiny",
}  # fmt: skip
TYPED = "hello\n"  # by whoever is asked


def replaced(text: str) -> str:
    """An example, with models that there are."""
    return re.sub(r"'([\w.:-]+)'", lambda found: repr(MODELS.get(found[1], found[1])), text)


def ran(name: str, text: str) -> dict[str, Any]:
    """What an example printed, and how it ended."""
    printed, end = io.StringIO(), ""
    sys.stdin = io.StringIO(TYPED)
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        try:
            exec(compile(replaced(text), name, "exec"), {"__name__": "__main__"})
        except Exception as error:
            end = f"{type(error).__name__}: {error}"
    return {"printed": printed.getvalue(), "end": end}


def main(path: str, *names: str) -> None:
    """Print what each example printed, and the names of all that the archive has."""
    with tarfile.open(path) as archive:
        files = {file.name.partition("/examples/")[2]: file for file in archive if file.isfile()}
        found = {name: archive.extractfile(files[name]) for name in names}
        seen = {name: ran(name, file.read().decode()) for name, file in found.items() if file}
    examples = sorted(name for name in files if name.endswith(".py"))
    print(json.dumps({"seen": seen, "examples": examples}))


main(*sys.argv[1:])
