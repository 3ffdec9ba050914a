"""llama.cpp's own vocabulary code as an oracle: the library inside xllamacpp, by ctypes.

xllamacpp's Python classes only reach a whole server, so the C functions of llama.h that its
extension module exports are called directly. No structure is filled in by hand: parameters are
passed as llama.cpp's own defaults, opaque, so the oracle does not depend on their layout.
"""

import ctypes as c
import importlib.util
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

LOG_CALLBACK = c.CFUNCTYPE(None, c.c_int, c.c_char_p, c.c_void_p)
N_EMBD = 32  # the model around the vocabulary is the smallest that llama.cpp loads


class _Params(c.Structure):
    _fields_ = [("opaque", c.c_uint8 * 1024)]  # larger than the structure; only its head is read


_SIGNATURES: dict[str, tuple[Any, list[Any]]] = {
    "llama_backend_init": (None, []),
    "llama_log_set": (None, [LOG_CALLBACK, c.c_void_p]),
    "llama_model_default_params": (_Params, []),
    "llama_model_load_from_file": (c.c_void_p, [c.c_char_p, _Params]),
    "llama_model_free": (None, [c.c_void_p]),
    "llama_model_get_vocab": (c.c_void_p, [c.c_void_p]),
    "llama_vocab_n_tokens": (c.c_int32, [c.c_void_p]),
    "llama_vocab_bos": (c.c_int32, [c.c_void_p]),
    "llama_vocab_eos": (c.c_int32, [c.c_void_p]),
    "llama_vocab_get_add_bos": (c.c_bool, [c.c_void_p]),
    "llama_vocab_get_add_eos": (c.c_bool, [c.c_void_p]),
    "llama_vocab_is_eog": (c.c_bool, [c.c_void_p, c.c_int32]),
    "llama_vocab_get_attr": (c.c_int, [c.c_void_p, c.c_int32]),
    "llama_tokenize": (
        c.c_int32,
        [c.c_void_p, c.c_char_p, c.c_int32, c.c_void_p, c.c_int32, c.c_bool, c.c_bool],
    ),
    "llama_token_to_piece": (
        c.c_int32,
        [c.c_void_p, c.c_int32, c.c_void_p, c.c_int32, c.c_int32, c.c_bool],
    ),
    "llama_detokenize": (
        c.c_int32,
        [c.c_void_p, c.c_void_p, c.c_int32, c.c_void_p, c.c_int32, c.c_bool, c.c_bool],
    ),
}


def _silent(level: int, text: bytes, data: object) -> None:
    """Drop llama.cpp's log lines."""


_SILENT = LOG_CALLBACK(_silent)


def _library() -> c.CDLL:
    if importlib.util.find_spec("xllamacpp") is None:
        pytest.skip("needs the package xllamacpp (llama.cpp for Linux on x86-64)")
    from xllamacpp import xllamacpp

    library = c.CDLL(xllamacpp.__file__)
    for name, (result, arguments) in _SIGNATURES.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    library.llama_backend_init()
    library.llama_log_set(_SILENT, None)
    return library


class LlamaVocab:
    """The vocabulary of a GGUF file, as llama.cpp understands it."""

    def __init__(self, path: Path) -> None:
        self._lib = _library()
        params = self._lib.llama_model_default_params()
        self._model = self._lib.llama_model_load_from_file(str(path).encode(), params)
        if not self._model:
            raise ValueError(f"llama.cpp does not load {path}")
        self._vocab = self._lib.llama_model_get_vocab(self._model)
        self.n_vocab: int = self._lib.llama_vocab_n_tokens(self._vocab)
        self.bos: int = self._lib.llama_vocab_bos(self._vocab)
        self.eos: int = self._lib.llama_vocab_eos(self._vocab)
        self.add_bos: bool = self._lib.llama_vocab_get_add_bos(self._vocab)
        self.add_eos: bool = self._lib.llama_vocab_get_add_eos(self._vocab)

    def close(self) -> None:
        self._lib.llama_model_free(self._model)

    @property
    def eog(self) -> set[int]:
        return {i for i in range(self.n_vocab) if self._lib.llama_vocab_is_eog(self._vocab, i)}

    def attributes(self) -> list[int]:
        return [self._lib.llama_vocab_get_attr(self._vocab, i) for i in range(self.n_vocab)]

    def encode(
        self, text: str, *, add_special: bool = True, parse_special: bool = True
    ) -> list[int]:
        data = text.encode()
        out = (c.c_int32 * (len(data) + 16))()
        n = self._lib.llama_tokenize(
            self._vocab, data, len(data), out, len(out), add_special, parse_special
        )
        assert n >= 0
        return list(out[:n])

    def piece(self, token: int, *, special: bool = False) -> bytes:
        buffer = c.create_string_buffer(4096)
        n = self._lib.llama_token_to_piece(self._vocab, token, buffer, 4096, 0, special)
        assert n >= 0
        return buffer.raw[:n]

    def decode(self, ids: Sequence[int], *, special: bool = False) -> bytes:
        array = (c.c_int32 * len(ids))(*ids)
        size = 4096 + 256 * len(ids)
        buffer = c.create_string_buffer(size)
        n = self._lib.llama_detokenize(self._vocab, array, len(ids), buffer, size, False, special)
        assert n >= 0
        return buffer.raw[:n]


def write_model(path: Path, metadata: Mapping[str, Any]) -> None:
    """Write the smallest llama model that carries the given vocabulary (`tokenizer.ggml.*`)."""
    from gguf import GGUFWriter

    writer = GGUFWriter(str(path), "llama")
    writer.add_context_length(64)
    writer.add_embedding_length(N_EMBD)
    writer.add_block_count(1)
    writer.add_feed_forward_length(N_EMBD)
    writer.add_head_count(1)
    writer.add_layer_norm_rms_eps(1e-5)
    for key, value in metadata.items():
        _add(writer, key, value)
    n_vocab = len(metadata["tokenizer.ggml.tokens"])
    square = np.zeros((N_EMBD, N_EMBD), np.float32)
    names = ["attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"]
    for name in names:
        writer.add_tensor(f"blk.0.{name}.weight", square)
    for name in ["blk.0.attn_norm", "blk.0.ffn_norm", "output_norm"]:
        writer.add_tensor(f"{name}.weight", np.ones(N_EMBD, np.float32))
    writer.add_tensor("token_embd.weight", np.zeros((n_vocab, N_EMBD), np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _add(writer: Any, key: str, value: Any) -> None:
    if isinstance(value, bool):
        writer.add_bool(key, value)
    elif isinstance(value, str):
        writer.add_string(key, value)
    elif isinstance(value, int):
        writer.add_uint32(key, value)
    else:
        writer.add_array(key, list(value))
