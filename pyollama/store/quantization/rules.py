"""Which type each tensor of a model gets: llama.cpp's mixes, told by the tensors' names.

A target such as Q4_K_M is a mix: most matrices get Q4_K, those whose errors hurt most get more
bits. Which ones these are was found by trial, so there is nothing to derive here, only to look up.

Source: llama_tensor_get_type and tensor_allows_quantization in llama.cpp.
"""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pyollama.store.facts import TOWERS
from pyollama.store.quantization.layout import block_number, place
from pyollama_formats.blocks import GGMLType

__all__ = ["TARGETS", "Model", "Tensor", "types_of"]

Q4, Q5, Q6, Q8 = GGMLType.Q4_K, GGMLType.Q5_K, GGMLType.Q6_K, GGMLType.Q8_0

# What most matrices get.
TARGETS: Mapping[str, GGMLType] = {
    "F32": GGMLType.F32,
    "F16": GGMLType.F16,
    "BF16": GGMLType.BF16,
    "Q8_0": Q8,
    "Q4_K_S": Q4,
    "Q4_K_M": Q4,
}

# Never quantized: a name that holds one of these. Such tensors are small, or steer much.
KEPT = (
    "_norm.weight", "ffn_gate_inp.weight", "ffn_gate_tid2eid", "altup", "laurel",
    "per_layer_model_proj", "ssm_conv1d", "shortconv.conv.weight",
    "indexer.k_proj.weight", "indexer.q_proj.weight", "attn_rel_b.weight",
    ".position_embd", "sam.pos_embd", "sam.neck.", "sam.net_", ".rel_pos", ".patch_embd",
    ".patch_merger", "a.rvq.codebook", "mm.a.code_embd",
    *(f"time_mix_{part}.weight" for part in (
        "first", "w0", "w1", "w2", "v0", "v1", "v2", "a0", "a1", "a2", "g1", "g2",
        "decay_w1", "decay_w2", "lerp_fused",
    )),
)  # fmt: skip
KEPT_NAMES = ("position_embd.weight", "token_types.weight")

# Fixed types in the mixes of K-quants: (architectures, pattern, type).
OVERRIDES = [
    (("qwen35", "qwen35moe"), r"^blk\.[0-9]+\.nextn\.eh_proj\.weight$", Q8),
    (("gemma3n",), r"^per_layer_token_embd\.weight$", GGMLType.F16),
    (("deepseek2",), r"attn_(k_b|q_a|q_b|v_b|kv_a_mqa)\.weight$", Q8),
    (("glmocr", "glm4"), r"^(token_embd|output)\.weight$", GGMLType.F16),
]

# What takes the place of a type whose blocks do not fill the rows.
FALL_BACKS = {Q4: GGMLType.Q5_0, Q5: GGMLType.Q5_1, Q6: Q8}

V_LIKE = ("attn_v.weight", "attn_qkv.weight", "attn_kv_b.weight")


@dataclass(frozen=True)
class Tensor:
    """A tensor's name, dimensions (the contiguous one first) and type."""

    name: str
    dims: tuple[int, ...]
    type: GGMLType


@dataclass(frozen=True)
class Model:
    """The hyperparameters that the mixes look at, 0 where a file says nothing."""

    architecture: str
    n_layer: int = 0
    n_head: int = 0
    n_head_kv: int = 0
    n_expert: int = 0

    @property
    def is_70b(self) -> bool:
        """Llama of 80 layers with grouped heads: eight matrices share one attn_v."""
        grouped = self.n_head != self.n_head_kv
        return self.architecture == "llama" and self.n_layer == 80 and grouped


def types_of(tensors: Iterable[Tensor], model: Model, target: str) -> dict[str, GGMLType]:
    """The new type of every tensor by name, in the order of the mix: by block, then by name."""
    ordered = sorted(tensors, key=lambda tensor: place(tensor.name))
    mix = Mix(model, target, {tensor.name for tensor in ordered})
    return {tensor.name: mix.type_of(tensor) for tensor in ordered}


@dataclass
class Mix:
    """Assigns types one tensor after the other; the counters are of those seen so far."""

    model: Model
    target: str
    names: set[str]
    n_v: int = field(init=False)
    i_v: int = 0
    i_down: int = 0

    def __post_init__(self) -> None:
        self.n_v = sum(is_v_like(name) for name in self.names)

    def type_of(self, tensor: Tensor) -> GGMLType:
        """The type of the next tensor: its own if it is never quantized."""
        if not is_eligible(tensor):
            return tensor.type
        default = TARGETS[self.target]
        if default is not Q4:
            return fitting(default, tensor.dims[0])
        fixed = override(self.model.architecture, tensor.name)
        return fitting(fixed or self._mixed(tensor), tensor.dims[0])

    def _mixed(self, tensor: Tensor) -> GGMLType:
        """The type by the tensor's part in the model."""
        name, eight = tensor.name, self.model.n_expert == 8
        if is_output(name, self.names):
            fills = tensor.dims[0] % Q6.block_size == 0
            return Q6 if fills and self.model.architecture != "falcon" else Q8
        if is_v_like(name):
            return self._v_like(eight)
        if "attn_k.weight" in name and eight:
            return Q8
        if "attn_output.weight" in name and eight:
            return Q5
        if "ffn_down" in name:
            return self._ffn_down(name)
        return Q4

    def _v_like(self, eight: bool) -> GGMLType:
        i, self.i_v = self.i_v, self.i_v + 1
        if eight:
            return Q8
        type = Q4
        if self.target == "Q4_K_M" and more(i, self.n_v):
            type = Q6
        elif self.target == "Q4_K_S" and i < 4:
            type = Q5
        return Q5 if type is Q4 and self.model.is_70b else type

    def _ffn_down(self, name: str) -> GGMLType:
        i, n, self.i_down = self.i_down, self.model.n_layer, self.i_down + 1
        if self.model.n_expert > 1:  # several tensors of a block may count: look at its number
            i = block_number(name) or 0
        falcon = self.model.architecture == "falcon"
        if self.target == "Q4_K_S":
            return Q5 if i < n // 8 and not falcon else Q4
        if falcon:
            return Q6 if i < n // 16 else Q5 if more(i, n) else Q4
        return Q6 if more(i, n) else Q4


def more(i: int, n: int) -> bool:
    """Whether the i-th of n deserves more bits: the first and last eighth, and every third."""
    return i < n // 8 or i >= 7 * n // 8 or (i - n // 8) % 3 == 2


def is_eligible(tensor: Tensor) -> bool:
    """Whether a tensor is quantized at all: a matrix of weights that is not spared by its name."""
    name = tensor.name
    if math.prod(tensor.dims[1:]) == 1 or not name.endswith("weight"):
        return False
    if name in KEPT_NAMES or name.startswith(TOWERS):
        return False
    return not any(part in name for part in KEPT)


def is_output(name: str, names: set[str]) -> bool:
    """Whether a matrix makes the logits: also the embedding, where no other one does."""
    tied = "output.weight" not in names
    return name == "output.weight" or (tied and name == "token_embd.weight")


def is_v_like(name: str) -> bool:
    """Whether a matrix makes values, alone or with others."""
    return any(part in name for part in V_LIKE)


def override(architecture: str, name: str) -> GGMLType | None:
    """The fixed type of a tensor of some architectures."""
    for architectures, pattern, type in OVERRIDES:
        if architecture in architectures and re.search(pattern, name):
            return type
    return None


def fitting(type: GGMLType, row: int) -> GGMLType:
    """The type, or what takes its place for rows that are not whole blocks of it."""
    if row % type.block_size:
        type = FALL_BACKS.get(type, type)
    return GGMLType.F16 if row % type.block_size else type
