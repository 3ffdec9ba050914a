#!/usr/bin/env python3
"""What does a smaller KV cache cost? Memory, and how far the next token's probabilities move.

    python benchmarks/kv_quality.py [--texts 8] [--length 1024] [--shape llama-1b] [--type q8_0]

Everything is held against a cache in float32. On `tiny`, over held-out conversations that it never
saw in training: the mean Kullback-Leibler divergence of the next-token distributions and that of
the worst hundredth, how often the likeliest token is the same, and the loss on the text itself.
On random weights at the shape of a real model, where distributions mean nothing: the error of the
logits relative to the logits.
"""

import argparse
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import as_file, files
from itertools import islice
from pathlib import Path

import numpy as np
from compare import ids, model_file
from random_model import SHAPES, TYPES

from pyollama.models.loader import Model, load_model
from pyollama.tiny.corpus import examples
from pyollama.tiny.rendering import render_example
from pyollama.tokenizer import Tokenizer, load_tokenizer
from pyollama_formats.gguf import open_gguf
from pyollama_tensor.batch import PAGE, Batch
from pyollama_tensor.cache import Element, KVCache
from pyollama_tensor.types import F64, I32, Array

ELEMENTS: tuple[Element, ...] = ("f32", "f16", "q8_0", "q4_0")
SEED = 9_000_000  # of conversations that neither training nor its evaluation draws
PROMPT, LAST = 256, 16  # tokens for the random model, and of how many of them logits are compared


@dataclass(frozen=True)
class Shift:
    """How far distributions have moved, in nats, over the tokens of some texts."""

    divergence: float  # mean
    worst: float  # 99 of 100 are below
    agreement: float  # share of tokens after which the likeliest one is the same
    loss: float  # mean of -log p of the token that follows in the text


def bytes_per_token(cache: KVCache) -> float:
    """Of context: keys and values of all layers, scales included."""
    return cache.nbytes / (cache.n_page * PAGE)


def logits(model: Model, tokens: I32, element: Element, n_last: int) -> tuple[Array, float]:
    """Logits of the last rows of a text from position 0, and the cache's bytes per token."""
    n = len(tokens)
    n_page = -(-n // PAGE)
    cache = model.new_cache(n_page, element)
    batch = Batch(
        tokens=tokens,
        rows=None,
        positions=np.arange(n, dtype=np.int32),
        sequences=np.zeros(n, np.int32),
        tables=np.arange(n_page, dtype=np.int32)[None],
        wanted=np.arange(n - n_last, n, dtype=np.int32),
    )
    return model.forward(batch, cache), bytes_per_token(cache)


def log_softmax(x: Array) -> F64:
    """Log probabilities over the last axis."""
    wide = x.astype(np.float64)
    wide -= wide.max(-1, keepdims=True)
    probabilities: F64 = wide - np.log(np.exp(wide).sum(-1, keepdims=True))
    return probabilities


def moved(exact: Sequence[F64], rounded: Sequence[F64], texts: Sequence[I32]) -> Shift:
    """Compare log probabilities (T, n_vocab) of each text's tokens."""
    p, q = np.concatenate(exact), np.concatenate(rounded)
    divergences = (np.exp(p) * (p - q)).sum(-1)
    follows = [log[np.arange(len(t) - 1), t[1:]] for log, t in zip(rounded, texts, strict=True)]
    return Shift(
        divergence=float(divergences.mean()),
        worst=float(np.quantile(divergences, 0.99)),
        agreement=float((p.argmax(-1) == q.argmax(-1)).mean()),
        loss=-float(np.concatenate(follows).mean()),
    )


def conversations(tokenizer: Tokenizer, length: int) -> Iterator[I32]:
    """Texts of so many tokens, of whole conversations one after the other but for the last."""
    tokens: list[int] = []
    for example in examples(SEED, held_out=True):
        tokens += tokenizer.encode("".join(render_example(example)))
        if len(tokens) >= length:
            yield np.array(tokens[:length], np.int32)
            tokens = []


@contextmanager
def loaded(path: Path) -> Iterator[tuple[Model, Tokenizer]]:
    """A model and its tokenizer; the file is open as long."""
    with open_gguf(path) as file:
        yield load_model(file), load_tokenizer(file.metadata)


def on_tiny(n_text: int, length: int) -> Iterator[str]:
    """Rows of the table of real text."""
    with as_file(files("pyollama.tiny") / "tiny.gguf") as path, loaded(path) as (model, tokenizer):
        texts = list(islice(conversations(tokenizer, length), n_text))
        exact: list[F64] = []
        for element in ELEMENTS:
            found = [logits(model, text, element, len(text)) for text in texts]
            rounded = [log_softmax(rows) for rows, _ in found]
            exact = exact or rounded
            shift = moved(exact, rounded, texts)
            yield (
                f"| {element} | {found[0][1]:.0f} | {shift.divergence:.2e} | {shift.worst:.2e} "
                f"| {100 * shift.agreement:.2f} % | {shift.loss:.4f} |"
            )


def on_random(path: Path) -> Iterator[str]:
    """Rows of the table of random weights."""
    with loaded(path) as (model, _):
        exact, tokens = np.empty(0, np.float32), np.array(ids(PROMPT), np.int32)
        for element in ELEMENTS:
            rows, n_byte = logits(model, tokens, element, LAST)
            exact = exact if exact.size else rows
            error = np.sqrt(np.mean((rows - exact) ** 2) / np.mean(exact**2))
            yield f"| {element} | {n_byte:.0f} | {error:.2e} |"


def table(head: str, rows: Iterable[str]) -> None:
    """Print a table as Markdown, row by row."""
    print(head)
    print("| --- " * (head.count("|") - 1) + "|")
    for row in rows:
        print(row, flush=True)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print both tables."""
    this = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    this.add_argument("--texts", type=int, default=8, help="of conversations (%(default)s)")
    this.add_argument("--length", type=int, default=1024, help="tokens of a text (%(default)s)")
    this.add_argument("--shape", choices=SHAPES, default="llama-1b", help="of random weights")
    this.add_argument("--type", choices=TYPES, default="q8_0", help="of random weights")
    this.add_argument("--model", type=Path, help="another file in place of random weights")
    options = this.parse_args(arguments)
    print(f"tiny, {options.texts} texts of {options.length} tokens:\n")
    head = "| cache | bytes per token | KL, mean | 99 of 100 below | same likeliest token | loss |"
    table(head, on_tiny(options.texts, options.length))
    path = model_file(options)
    print(f"\n{path.name}, logits of the last {LAST} of {PROMPT} tokens:\n")
    table("| cache | bytes per token | error of the logits, rms |", on_random(path))


if __name__ == "__main__":
    main()
