"""The seam between models and what computes: numba kernels, or their NumPy twins.

PYOLLAMA_BACKEND=numpy chooses the twins, and then numba is never imported; anything else, or
nothing, chooses the kernels. The choice is made once per process, when this module is imported.

Shapes: T rows, H query heads, K key heads, E inputs and Ev values per head, D = n_embd.
"""

import importlib
import os
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Protocol, cast

from pyollama_formats.blocks import GGMLType
from pyollama_tensor.recording import Arena, Replay
from pyollama_tensor.types import F32, I32, U8

if TYPE_CHECKING:
    from pyollama_tensor.batch import Batch
    from pyollama_tensor.cache import Element, LayerCache
    from pyollama_tensor.rope import Rope


class Weight(Protocol):
    """A matrix of a model, opaque behind `linear` and `embedding`: y = W x, W is (n_out, n_in)."""

    @property
    def n_in(self) -> int:
        """Inputs: the length of a row."""

    @property
    def n_out(self) -> int:
        """Outputs: the number of rows."""

    @property
    def type(self) -> GGMLType:
        """The block format that the matrix had in its file."""

    @property
    def nbytes(self) -> int:
        """Bytes of memory held."""

    def dequantize(self, first: int, last: int) -> F32:
        """Rows first to last (exclusive) as float32 (last - first, n_in)."""


class Backend(Protocol):
    """The operations of `ops`, which documents them; arrays in and out are C-contiguous float32."""

    def make_weight(self, data: U8, type: GGMLType, n_in: int) -> Weight:
        """A weight from the rows of a GGUF tensor, uint8 (n_out, row_bytes)."""

    def linear(self, x: F32, w: Weight) -> F32:
        """W x for each row: (T, n_in) -> (T, n_out)."""

    def linears(self, x: F32, weights: Sequence[Weight]) -> tuple[F32, ...]:
        """Several linears of the same input."""

    def embedding(self, w: Weight, tokens: I32) -> F32:
        """Rows of W: (T,) -> (T, n_in)."""

    def prepare(self, types: Iterable[GGMLType], element: "Element") -> None:
        """Have the code at hand that decoding needs."""

    def record(self, run: Callable[[], F32], arena: Arena) -> tuple[F32, Replay]:
        """The result of a pass, and what runs it again over the same arrays."""

    def add(self, x: F32, y: F32) -> F32:
        """x + y."""

    def take_rows(self, x: F32, rows: I32) -> F32:
        """x[rows]."""

    def rms_norm(self, x: F32, weight: F32, eps: float) -> F32:
        """x / sqrt(mean(x^2) + eps) * weight over the last axis."""

    def layer_norm(self, x: F32, weight: F32, bias: F32, eps: float) -> F32:
        """(x - mean) / sqrt(variance + eps) * weight + bias over the last axis."""

    def gelu(self, x: F32) -> F32:
        """x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3)))."""

    def silu_gate(self, gate: F32, up: F32) -> F32:
        """silu(gate) * up."""

    def softmax(self, x: F32) -> F32:
        """exp(x) over its sum along the last axis."""

    def rope(self, x: F32, positions: I32, rope: "Rope") -> F32:
        """Rotate each head's pairs by its row's position: (T, H, E) -> (T, H, E)."""

    def write_pages(self, cache: "LayerCache", k: F32, v: F32, places: I32) -> None:
        """Store keys (T, K, E) and values (T, K, Ev) at the batch's places."""

    def paged_attention(self, q: F32, cache: "LayerCache", batch: "Batch", scale: float) -> F32:
        """Grouped-query attention of each row over its own sequence: (T, H, E) -> (T, H, Ev)."""

    def draw(
        self,
        logits: F32,
        top_k: int,
        top_p: float,
        min_p: float,
        temperature: float,
        u: float,
    ) -> int:
        """The id of a token drawn from a row of logits, (V,), or -1 if they are not finite."""


NAME = "numpy" if os.environ.get("PYOLLAMA_BACKEND") == "numpy" else "numba"
"""The backend of this process."""

_MODULES = {"numpy": "pyollama_tensor.reference", "numba": "pyollama_tensor.compiled"}

backend = cast(Backend, importlib.import_module(_MODULES[NAME]))
