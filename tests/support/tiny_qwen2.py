"""The model of tiny_llama as a qwen2: other keys, and biases on queries, keys and values."""

from typing import Any

import numpy as np
import tiny_llama

from pyollama_tensor.types import F32


def metadata(**changes: Any) -> dict[str, Any]:
    """The keys of a working model; a change of None leaves a key out. Dots are written as __."""
    keys = {
        key.replace("llama.", "qwen2.", 1) if key.startswith("llama.") else key: value
        for key, value in tiny_llama.metadata(general__architecture="qwen2").items()
    }
    keys |= {key.replace("__", "."): value for key, value in changes.items()}
    return {key: value for key, value in keys.items() if value is not None}


def weights(seed: int = 0) -> dict[str, F32]:
    """Random weights and biases by GGUF name."""
    tensors = tiny_llama.weights(seed)
    random = np.random.default_rng(seed + 1)
    for name, matrix in list(tensors.items()):
        if name.endswith(("attn_q.weight", "attn_k.weight", "attn_v.weight")):
            bias = random.normal(0.0, 0.5, len(matrix)).astype(np.float32)
            tensors[name.replace(".weight", ".bias")] = bias
    return tensors
