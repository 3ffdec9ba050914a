"""llama.cpp as a peer to measure: a model loaded, tokens fed, seconds taken. Through ctypes.

Only what a measurement needs of llama.h. Structures are passed by value as opaque bytes, larger
than they are: the x86-64 Linux calling convention copies them whole, and the callee reads its part.
A context is 16-bit KV and one sequence, as llama.cpp has it by default.
"""

import ctypes
import time
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from llama_libraries import cpu_library, shared_library

POINTER = ctypes.c_void_p
INT = ctypes.c_int32
LOG = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_char_p, POINTER)

QUIET = LOG(lambda level, text, data: None)  # kept: C holds on to it


class Params(ctypes.Structure):
    """llama_model_params or llama_context_params; the latter begins with four uint32."""

    _fields_ = (("raw", ctypes.c_uint8 * 512),)


class Batch(ctypes.Structure):
    """llama_batch: a count and six pointers."""

    _fields_ = (("raw", ctypes.c_uint8 * 56),)


FUNCTIONS = {
    "llama_backend_init": (None, []),
    "llama_log_set": (None, [LOG, POINTER]),
    "llama_model_default_params": (Params, []),
    "llama_context_default_params": (Params, []),
    "llama_model_load_from_file": (POINTER, [ctypes.c_char_p, Params]),
    "llama_init_from_model": (POINTER, [POINTER, Params]),
    "llama_set_n_threads": (None, [POINTER, INT, INT]),
    "llama_batch_get_one": (Batch, [POINTER, INT]),
    "llama_decode": (INT, [POINTER, Batch]),
    "llama_synchronize": (None, [POINTER]),
    "llama_get_memory": (POINTER, [POINTER]),
    "llama_memory_clear": (None, [POINTER, ctypes.c_bool]),
    "llama_memory_seq_rm": (ctypes.c_bool, [POINTER, INT, INT, INT]),
}


class LlamaCpp:
    """A model in llama.cpp. One per process is the safe use."""

    def __init__(self, folder: Path, build: str, model: Path, n_ctx: int, n_threads: int) -> None:
        self.lib = library(folder, build)
        params = self.lib.llama_model_default_params()
        handle = self.lib.llama_model_load_from_file(str(model).encode(), params)
        if not handle:
            raise ValueError(f"llama.cpp does not load {model}")
        params = self.lib.llama_context_default_params()
        head = (ctypes.c_uint32 * 4).from_buffer(params)
        head[0], head[1], head[2], head[3] = (
            n_ctx,
            n_ctx,
            512,
            1,
        )  # n_ctx n_batch n_ubatch n_seq_max
        self.context = self.lib.llama_init_from_model(handle, params)
        if not self.context:
            raise ValueError(f"llama.cpp makes no context for {model}")
        self.lib.llama_set_n_threads(self.context, n_threads, n_threads)

    def rewind(self, n: int) -> None:
        """Forget all tokens but the first n."""
        memory = self.lib.llama_get_memory(self.context)
        if n == 0:
            self.lib.llama_memory_clear(memory, True)
        else:
            self.lib.llama_memory_seq_rm(memory, 0, n, -1)

    def feed(self, ids: Sequence[int]) -> float:
        """Compute the next tokens in one batch, the logits of the last one; the seconds taken."""
        array = (INT * len(ids))(*ids)
        started = time.perf_counter()
        code = self.lib.llama_decode(self.context, self.lib.llama_batch_get_one(array, len(ids)))
        self.lib.llama_synchronize(self.context)
        if code:
            raise RuntimeError(f"llama_decode returned {code}")
        return time.perf_counter() - started


@cache
def library(folder: Path, build: str) -> ctypes.CDLL:
    """libllama, loaded once and silent."""
    return load(folder, build, QUIET)


def load(folder: Path, build: str, log: Any) -> ctypes.CDLL:
    """libllama with the CPU backend of one build; the types of its functions declared."""
    ctypes.CDLL(str(shared_library(folder, "libggml-base")), ctypes.RTLD_GLOBAL)
    ggml = ctypes.CDLL(str(shared_library(folder, "libggml")), ctypes.RTLD_GLOBAL)
    lib = ctypes.CDLL(str(shared_library(folder, "libllama")))
    ggml.ggml_backend_load.restype = POINTER
    for name, (result, arguments) in FUNCTIONS.items():
        function = getattr(lib, name)
        function.restype, function.argtypes = result, arguments
    lib.llama_log_set(log, None)
    lib.llama_backend_init()
    if not ggml.ggml_backend_load(str(cpu_library(folder, build)).encode()):
        raise OSError(f"cannot load the {build} build")
    return lib
