"""The process in which mutated files are opened: a crash or a huge allocation kills it alone.

Reads paths from standard input, opens each as GGUF, reads all that it promises, and answers with
one line: "ok", or "error" and the words of a GGUFError. Anything else ends the process.
"""

import sys
from pathlib import Path

from pyollama_formats.gguf import GGUFError, GGUFFile, LazyArray, ValueType, open_gguf

MEMORY = 512 * 2**20  # bytes beyond what the process holds at the start


def limit_memory() -> None:
    """Let allocations fail that a file of a few kilobytes cannot justify."""
    if sys.platform != "linux":  # elsewhere the time limit of the parent must do
        return
    import resource

    held = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (held + MEMORY, held + MEMORY))


def read_everything(file: GGUFFile) -> None:
    """Touch every value, every element and every byte of every tensor."""
    for value in file.metadata.values():
        if isinstance(value, LazyArray):
            elements = value.tolist()
            assert len(elements) == len(value)
            if value.type is ValueType.STRING and elements:
                assert value[-1] == elements[-1]
    for name, tensor in file.tensors.items():
        data = file.data(name)
        assert data.nbytes == tensor.nbytes
        data.sum()
        file.drop(name)


def main() -> None:
    """Answer one line for each line that comes in."""
    limit_memory()
    for line in sys.stdin:
        try:
            with open_gguf(line.rstrip("\n")) as file:
                read_everything(file)
            print("ok", flush=True)
        except GGUFError as error:
            print("error", str(error).encode(), flush=True)


if __name__ == "__main__":
    main()
