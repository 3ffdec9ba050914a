"""From a checkpoint to the model file: python -m pyollama.tiny.export writes tiny.gguf.

Matrices become Q8_0, norms stay F32. Weights go out as they are: the `llama` architecture turns
the pairs (2i, 2i+1), which is what `model.rope` trained. There is no output matrix, as the
embedding serves as one (tied).
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pyollama.store.quantization.layout import place
from pyollama.tiny.model import Llama, LlamaConfig
from pyollama.tiny.rendering import SPECIAL_TOKENS, USER_TOKENS, chat_template
from pyollama.tiny.train import WORK, load_checkpoint
from pyollama.tiny.vocabulary import Vocabulary
from pyollama_formats.blocks import GGMLType
from pyollama_formats.gguf.writer import write_gguf

__all__ = ["export", "main"]

_NORMAL, _CONTROL, _USER_DEFINED = 1, 3, 4  # tokenizer.ggml.token_type
_MOSTLY_Q8_0, _ALL_F32 = 7, 0  # general.file_type


def _tokenizer_metadata(vocabulary: Vocabulary) -> dict[str, Any]:
    kinds = dict.fromkeys(SPECIAL_TOKENS, _CONTROL) | dict.fromkeys(USER_TOKENS, _USER_DEFINED)
    types = [kinds.get(token, _NORMAL) for token in vocabulary.tokens]
    return {
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": "qwen2",
        "tokenizer.ggml.tokens": vocabulary.tokens,
        "tokenizer.ggml.token_type": np.array(types, np.int32),
        "tokenizer.ggml.merges": [f"{left} {right}" for left, right in vocabulary.merges],
        "tokenizer.ggml.bos_token_id": vocabulary.padding,
        "tokenizer.ggml.eos_token_id": vocabulary.eos,
        "tokenizer.ggml.padding_token_id": vocabulary.padding,
        "tokenizer.ggml.add_bos_token": False,
        "tokenizer.chat_template": chat_template(),
    }


def _metadata(config: LlamaConfig) -> dict[str, Any]:
    return {
        "general.architecture": "llama",
        "general.type": "model",
        "general.name": "tiny",
        "general.basename": "tiny",
        "general.description": "The small model that ships inside pyollama",
        "general.license": "mit",
        "llama.vocab_size": config.n_vocab,
        "llama.context_length": config.n_ctx,
        "llama.embedding_length": config.n_embd,
        "llama.block_count": config.n_layer,
        "llama.feed_forward_length": config.n_ff,
        "llama.attention.head_count": config.n_head,
        "llama.attention.head_count_kv": config.n_head_kv,
        "llama.attention.layer_norm_rms_epsilon": np.float32(config.norm_eps),
        "llama.rope.freq_base": np.float32(config.rope_base),
        "llama.rope.dimension_count": config.n_embd_head,
    }


def _tensors(model: Llama, matrix: GGMLType) -> dict[str, tuple[NDArray[np.float32], GGMLType]]:
    """Every weight under its GGUF name, which is its own name already."""
    found: dict[str, tuple[NDArray[np.float32], GGMLType]] = {}
    for name, weight in model.state_dict().items():
        array = weight.float().numpy()
        found[name] = (array, matrix if array.ndim == 2 else GGMLType.F32)
    return found


def export(
    model: Llama, vocabulary: Vocabulary, path: Path, matrix: GGMLType = GGMLType.Q8_0
) -> None:
    """Write the model file; matrix: the type that the matrices are stored in, Q8_0 or F32."""
    file_type = _MOSTLY_Q8_0 if matrix == GGMLType.Q8_0 else _ALL_F32
    metadata = _metadata(model.config) | _tokenizer_metadata(vocabulary)
    # The order in which Ollama lays out every model: a store keeps such a file as it is.
    metadata |= {"general.quantization_version": 2, "general.file_type": file_type}
    tensors = _tensors(model, matrix)
    write_gguf(path, metadata, {name: tensors[name] for name in sorted(tensors, key=place)})


def main() -> None:
    """Export the checkpoint of a folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=WORK)
    parser.add_argument("--output", type=Path, default=Path(__file__).parent / "tiny.gguf")
    parser.add_argument("--f32", action="store_true", help="keep the matrices in F32")
    options = parser.parse_args()
    model, vocabulary = load_checkpoint(options.folder)
    matrix = GGMLType.F32 if options.f32 else GGMLType.Q8_0
    export(model, vocabulary, options.output, matrix)
    print(f"{options.output}: {options.output.stat().st_size} bytes")


if __name__ == "__main__":
    main()
