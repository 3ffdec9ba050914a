"""The sampler chain against llama.cpp's own, through the C functions inside xllamacpp.

Both get the same logits, options and seed, and must draw the same tokens: so the order of the
steps, what each keeps and the random numbers are the same.
"""

import ctypes as c
import importlib.util
import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from pyollama.sampling import Sampler, SamplerOptions

N_VOCAB = 200


class TokenData(c.Structure):
    _fields_ = [("id", c.c_int32), ("logit", c.c_float), ("p", c.c_float)]


class TokenDataArray(c.Structure):
    _fields_ = [
        ("data", c.POINTER(TokenData)),
        ("size", c.c_size_t),
        ("selected", c.c_int64),
        ("sorted", c.c_bool),
    ]


SIGNATURES: dict[str, list[Any]] = {
    "penalties": [c.c_int32, c.c_int32, c.c_float, c.c_float, c.c_float],
    "top_k": [c.c_int32],
    "typical": [c.c_float, c.c_size_t],
    "top_p": [c.c_float, c.c_size_t],
    "min_p": [c.c_float, c.c_size_t],
    "temp": [c.c_float],
    "dist": [c.c_uint32],
}


@pytest.fixture(scope="module")
def library() -> c.CDLL:
    if importlib.util.find_spec("xllamacpp") is None:
        pytest.skip("needs the package xllamacpp (llama.cpp for Linux on x86-64)")
    from xllamacpp import xllamacpp

    library = c.CDLL(xllamacpp.__file__)
    for name, arguments in SIGNATURES.items():
        function = getattr(library, f"llama_sampler_init_{name}")
        function.restype, function.argtypes = c.c_void_p, arguments
    library.llama_sampler_accept.argtypes = [c.c_void_p, c.c_int32]
    library.llama_sampler_apply.argtypes = [c.c_void_p, c.POINTER(TokenDataArray)]
    library.llama_sampler_free.argtypes = [c.c_void_p]
    return library


class LlamaSampler:
    """llama.cpp's steps in the order in which Ollama's engine runs them."""

    def __init__(self, library: c.CDLL, o: SamplerOptions) -> None:
        self._lib = library
        arguments: dict[str, list[Any]] = {
            "penalties": [
                N_VOCAB,
                o.repeat_last_n,
                o.repeat_penalty,
                o.frequency_penalty,
                o.presence_penalty,
            ],
            "top_k": [o.top_k],
            "typical": [o.typical_p, 1],
            "top_p": [o.top_p, 1],
            "min_p": [o.min_p, 1],
            "temp": [o.temperature],
            "dist": [o.seed],
        }
        self._steps = [
            getattr(library, f"llama_sampler_init_{name}")(*arguments[name]) for name in SIGNATURES
        ]

    def accept(self, token: int) -> None:
        for step in self._steps:
            self._lib.llama_sampler_accept(step, token)

    def sample(self, logits: NDArray[np.float32]) -> int:
        rows = [TokenData(i, float(x), 0.0) for i, x in enumerate(logits)]
        data = (TokenData * len(rows))(*rows)
        array = TokenDataArray(data, len(data), -1, False)
        for step in self._steps:
            self._lib.llama_sampler_apply(step, c.byref(array))
        return int(array.data[array.selected].id)

    def close(self) -> None:
        for step in self._steps:
            self._lib.llama_sampler_free(step)


@contextmanager
def llama_sampler(library: c.CDLL, options: SamplerOptions) -> Iterator[LlamaSampler]:
    sampler = LlamaSampler(library, options)
    yield sampler
    sampler.close()


def any_options(rng: random.Random) -> SamplerOptions:
    return SamplerOptions(
        seed=rng.randrange(2**32 - 1),
        top_k=rng.choice([0, 1, 5, 40, 1000]),
        top_p=rng.choice([0.0, 0.5, 0.9, 1.0]),
        min_p=rng.choice([0.0, 0.02, 0.3]),
        typical_p=rng.choice([1.0, 1.0, 0.2, 0.7]),
        repeat_last_n=rng.choice([0, 3, 64]),
        temperature=rng.choice([0.0, 0.1, 0.8, 2.0]),
        repeat_penalty=rng.choice([1.0, 1.1, 1.5]),
        presence_penalty=rng.choice([0.0, 0.5]),
        frequency_penalty=rng.choice([0.0, 0.25]),
    )


@pytest.mark.oracle
@pytest.mark.slow
@pytest.mark.parametrize("seed", range(300))
def test_the_same_seed_draws_what_llamacpp_draws(library: c.CDLL, seed: int) -> None:
    options = any_options(random.Random(seed))
    logits = np.random.default_rng(seed).normal(0, 3, (25, N_VOCAB)).astype(np.float32)
    ours = Sampler(options, N_VOCAB)
    with llama_sampler(library, options) as theirs:
        for row in logits:
            token = ours.sample(row)
            assert token == theirs.sample(row), options
            ours.accept(token)
            theirs.accept(token)
