"""The head that ranks: from the first row of a pair of texts to its scores, one per label.

A cross-encoder reads a query and a document as one text, and its first row, that of [CLS], knows
how they go together. A model that ranks has a single label; its score is how well they do.
Papers: arXiv:1901.04085 (ranking with BERT), 1810.04805 (the head, there called pooler).
Shapes: N pairs, D = n_embd, C = labels.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from pyollama.models.hyperparameters import Hyperparameters, ModelError
from pyollama.models.parts.projection import (
    Projection,
    assemble_projection,
    expected_projection,
    project,
)
from pyollama.models.tensors import Expected, Tensors
from pyollama_tensor.ops import Array

LABELS = "classifier.output_labels"
MAX_LABELS = 1 << 10  # models that rank have one


@dataclass(frozen=True)
class Classifier:
    """Two layers; some models have the second alone."""

    dense: Projection | None  # cls, (D, D)
    output: Projection  # cls.output, (C, D)


def read_labels(keys: Hyperparameters) -> int:
    """How many labels a classifier has, 1 if the file names none. Raises ModelError."""
    labels = keys.get(LABELS)
    if labels is None:
        return 1
    if isinstance(labels, str | int | float) or not 1 <= len(labels) <= MAX_LABELS:
        raise ModelError(f"{keys.architecture}.{LABELS} is not a list of 1 to {MAX_LABELS} labels")
    return len(labels)


def expected_classifier(n_label: int, n_embd: int) -> Iterator[Expected]:
    """The tensors of a classifier; its first layer may be missing as a whole."""
    for tensor in expected_projection("cls", n_embd, n_embd):
        yield Expected(tensor.name, tensor.shape, optional=True)
    yield from expected_projection("cls.output", n_label, n_embd)


def assemble_classifier(tensors: Tensors) -> Classifier:
    """A classifier, loaded."""
    dense = assemble_projection(tensors, "cls") if "cls.weight" in tensors else None
    return Classifier(dense, assemble_projection(tensors, "cls.output"))


def classify(x: Array, w: Classifier) -> Array:
    """output(tanh(dense(x))) of the first row of each pair, (N, D) -> (N, C)."""
    if w.dense is not None:
        x = np.tanh(project(x, w.dense))  # one row for each text: too few for a kernel
    return project(x, w.output)
