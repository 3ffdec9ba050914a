"""What is prepared while weights are loaded is all the code that the first answer needs."""

import subprocess
import sys
from pathlib import Path

import pytest
import random_gguf

from pyollama_formats.blocks import GGMLType

ANSWER = """
import sys
from pyollama.engine import Engine, Request
from pyollama.models.loader import check_model
from pyollama.sampling import Options, Sampler
from pyollama_formats.gguf import open_gguf
from pyollama_tensor import jit, ops

with open_gguf(sys.argv[1]) as file:
    checked = check_model(file)
    ops.prepare(checked.matrix_types, sys.argv[2])
    model = checked.load()
    late = []
    jit.KernelCache.load_overload = lambda self, *args: late.append(self._cache_path)
    engine = Engine(model, 256, element=sys.argv[2])
    n_vocab = model.config.n_vocab
    engine.add(Request(list(range(1, 40)), Sampler(Options(), n_vocab), 3, frozenset()))
    while engine.busy:
        engine.step()
print("late:", late)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("shape", "type", "element"),
    [
        ("llama", GGMLType.Q8_0, "f16"),
        ("llama-biased", GGMLType.F16, "q8_0"),
        ("qwen2-0.5b", GGMLType.Q5_0, "q4_0"),
    ],
)
def test_the_first_answer_looks_for_no_more_code(
    shape: str, type: GGMLType, element: str, tmp_path: Path
) -> None:
    path = random_gguf.write_random_model(tmp_path / "m.gguf", random_gguf.SHAPES[shape], type)
    command = [sys.executable, "-c", ANSWER, str(path), element]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "late: []\n"
