"""Which type each tensor gets: beside what llama.cpp's quantizer wrote, and rule by rule.

What llama.cpp wrote is told in letters, one per block, or one for all: the tensors that are not
named have the letter of the target.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from pyollama.store.quantization.layout import block_number, place
from pyollama.store.quantization.rules import (
    Model,
    Tensor,
    fitting,
    is_eligible,
    more,
    types_of,
)
from pyollama_formats.blocks import GGMLType

LETTERS = {
    "4": GGMLType.Q4_K, "5": GGMLType.Q5_K, "6": GGMLType.Q6_K, "8": GGMLType.Q8_0,
    "z": GGMLType.Q5_0, "o": GGMLType.Q5_1, "h": GGMLType.F16, "f": GGMLType.F32,
}  # fmt: skip
ATTENTION = ("attn_q", "attn_k", "attn_v", "attn_output")
FFN = ("ffn_gate", "ffn_up", "ffn_down")
EXPERTS = ("ffn_gate_exps", "ffn_up_exps", "ffn_down_exps", "ffn_down_shexp", "ffn_gate_inp")


@dataclass(frozen=True)
class Case:
    """A model whose rows have n inputs, n_ff in ffn_down."""

    model: Model
    n: int = 256
    n_ff: int = 256
    roles: tuple[str, ...] = (*ATTENTION, *FFN)
    tied: bool = False

    def tensors(self) -> Iterator[Tensor]:
        """All tensors, in another order than that of the rules."""
        for i in reversed(range(self.model.n_layer)):
            for role in self.roles:
                row = self.n_ff if "ffn_down" in role else self.n
                yield Tensor(f"blk.{i}.{role}.weight", (row, 16), GGMLType.F16)
            yield Tensor(f"blk.{i}.attn_norm.weight", (self.n,), GGMLType.F32)
        yield Tensor("output_norm.weight", (self.n,), GGMLType.F32)
        for name in ("token_embd", "output")[: 1 if self.tied else 2]:
            yield Tensor(f"{name}.weight", (self.n, 16), GGMLType.F16)


FUSED = ("attn_qkv", "attn_output", "ffn_up", "ffn_down")
LLAMA = Model("llama", n_layer=32, n_head=8, n_head_kv=2)
CASES = {
    "llama": Case(LLAMA),
    "tied": Case(LLAMA, tied=True),
    "5 layers": Case(Model("qwen2", 5, 8, 2)),
    "24 layers": Case(Model("qwen2", 24, 8, 2), tied=True),
    "rows of 160": Case(Model("llama", 4, 4, 2), n=160, n_ff=96),
    "rows of 100": Case(Model("llama", 4, 4, 2), n=100, n_ff=52),
    "rows of 448": Case(Model("qwen2", 9, 7, 1), n=448, tied=True),
    "fused": Case(Model("phi3", 16, 8, 2), roles=FUSED),
    "8 experts": Case(Model("llama", 16, 8, 2, n_expert=8), roles=(*ATTENTION, *EXPERTS)),
    "6 experts": Case(Model("qwen2moe", 12, 8, 2, n_expert=6), roles=(*ATTENTION, *EXPERTS)),
    "70B": Case(Model("llama", 80, 8, 2)),
    "65B": Case(Model("llama", 80, 8, 8)),
    "falcon": Case(Model("falcon", 32, 8, 2), roles=FUSED),
}

M32 = "66664464464464464464464464466666"
M24 = "666446446446446446446666"
M16 = "6644644644644666"
M12 = "644644644666"
M80 = "6" * 10 + "446" * 20 + "6" * 10
OUTPUT = {"output": "6"}
RECORDED: dict[tuple[str, str], dict[str, str]] = {
    ("llama", "Q4_K_M"): {"attn_v": M32, "ffn_down": M32, **OUTPUT},
    ("llama", "Q4_K_S"): {"attn_v": "5555" + "4" * 28, "ffn_down": "5555" + "4" * 28, **OUTPUT},
    ("llama", "Q8_0"): {},
    ("tied", "Q4_K_M"): {"attn_v": M32, "ffn_down": M32, "token_embd": "6"},
    ("tied", "Q8_0"): {},
    ("5 layers", "Q4_K_M"): {"attn_v": "44646", "ffn_down": "44646", **OUTPUT},
    ("5 layers", "Q4_K_S"): {"attn_v": "55554", **OUTPUT},
    ("24 layers", "Q4_K_M"): {"attn_v": M24, "ffn_down": M24, "token_embd": "6"},
    ("24 layers", "Q4_K_S"): {
        "attn_v": "5555" + "4" * 20,
        "ffn_down": "555" + "4" * 21,
        "token_embd": "6",
    },
    ("rows of 160", "Q4_K_M"): {
        **dict.fromkeys((*ATTENTION, *FFN, "token_embd"), "z"),
        "attn_v": "zz88",
        "ffn_down": "zz88",
        "output": "8",
    },
    ("rows of 160", "Q4_K_S"): {
        **dict.fromkeys((*ATTENTION, *FFN, "token_embd"), "z"),
        "attn_v": "o",
        "output": "8",
    },
    ("rows of 160", "Q8_0"): {},
    ("rows of 100", "Q4_K_M"): dict.fromkeys((*ATTENTION, *FFN, "token_embd", "output"), "h"),
    ("rows of 100", "Q8_0"): dict.fromkeys((*ATTENTION, *FFN, "token_embd", "output"), "h"),
    ("rows of 448", "Q4_K_M"): {
        **dict.fromkeys((*ATTENTION, *FFN), "z"),
        "attn_v": "8zz8zz888",
        "ffn_down": "644644666",
        "token_embd": "8",
    },
    ("rows of 448", "Q4_K_S"): {
        **dict.fromkeys((*ATTENTION, *FFN), "z"),
        "attn_v": "oooozzzzz",
        "ffn_down": "544444444",
        "token_embd": "8",
    },
    ("fused", "Q4_K_M"): {"attn_qkv": M16, "ffn_down": M16, **OUTPUT},
    ("fused", "Q4_K_S"): {"attn_qkv": "5555" + "4" * 12, "ffn_down": "55" + "4" * 14, **OUTPUT},
    ("8 experts", "Q4_K_M"): {
        "attn_k": "8",
        "attn_v": "8",
        "attn_output": "5",
        "ffn_gate_inp": "h",
        "ffn_down_exps": M16,
        "ffn_down_shexp": M16,
        **OUTPUT,
    },
    ("8 experts", "Q4_K_S"): {
        "attn_k": "8",
        "attn_v": "8",
        "attn_output": "5",
        "ffn_gate_inp": "h",
        **dict.fromkeys(("ffn_down_exps", "ffn_down_shexp"), "55" + "4" * 14),
        **OUTPUT,
    },
    ("8 experts", "Q8_0"): {"ffn_gate_inp": "h"},
    ("6 experts", "Q4_K_M"): {
        "attn_v": M12,
        "ffn_down_exps": M12,
        "ffn_down_shexp": M12,
        "ffn_gate_inp": "h",
        **OUTPUT,
    },
    ("70B", "Q4_K_M"): {"attn_v": M80.replace("4", "5"), "ffn_down": M80, **OUTPUT},
    ("70B", "Q4_K_S"): {"attn_v": "5", "ffn_down": "5" * 10 + "4" * 70, **OUTPUT},
    ("65B", "Q4_K_M"): {"attn_v": M80, "ffn_down": M80, **OUTPUT},
    ("falcon", "Q4_K_M"): {
        "attn_qkv": M32,
        "ffn_down": "66554454454454454454454454455555",
        "output": "8",
    },
    ("falcon", "Q4_K_S"): {"attn_qkv": "5555" + "4" * 28, "output": "8"},
}


@pytest.mark.parametrize(("name", "target"), RECORDED, ids="-".join)
def test_the_mix_is_that_of_llama_cpp(name: str, target: str) -> None:
    case, recorded = CASES[name], RECORDED[name, target]
    types = types_of(case.tensors(), case.model, target)
    for tensor in case.tensors():
        role = tensor.name.removesuffix(".weight").rpartition(".")[2]
        letters = recorded.get(role, "8" if target == "Q8_0" else "4")
        if len(tensor.dims) == 1:
            letters = "f"
        block = block_number(tensor.name) or 0
        assert types[tensor.name] is LETTERS[letters[block % len(letters)]], tensor.name


@pytest.mark.parametrize("target", ["F32", "F16", "BF16"])
def test_plain_targets_are_the_type_of_every_matrix(target: str) -> None:
    case = CASES["8 experts"]
    types = types_of(case.tensors(), case.model, target)
    assert types["blk.3.attn_q.weight"] is GGMLType[target]
    assert types["output.weight"] is GGMLType[target]
    assert types["blk.3.attn_norm.weight"] is GGMLType.F32
    assert types["blk.3.ffn_gate_inp.weight"] is GGMLType.F16  # as it was


@pytest.mark.parametrize(
    "name",
    [
        "blk.0.attn_norm.weight", "blk.0.ffn_gate_inp.weight", "blk.0.ssm_conv1d.weight",
        "blk.0.shortconv.conv.weight", "blk.0.time_mix_w1.weight", "blk.0.attn_q.bias",
        "blk.0.altup_proj.weight", "blk.0.laurel_l.weight", "per_layer_model_proj.weight",
        "position_embd.weight", "token_types.weight", "blk.0.attn_rel_b.weight",
        "v.blk.0.attn_q.weight", "mm.0.weight", "a.blk.0.ffn_up.weight", "mtp.0.weight",
        "s.blk.0.weight", "blk.0.indexer.q_proj.weight", "blk.0.ffn_gate_tid2eid.weight",
    ],
)  # fmt: skip
def test_some_names_are_spared(name: str) -> None:
    assert not is_eligible(Tensor(name, (256, 256), GGMLType.F16))


def test_only_matrices_are_quantized() -> None:
    def eligible(*dims: int) -> bool:
        return is_eligible(Tensor("blk.0.attn_q.weight", dims, GGMLType.F16))

    assert [eligible(256), eligible(256, 1), eligible(256, 1, 1, 1)] == [False] * 3
    assert [eligible(256, 2), eligible(256, 1, 2), eligible(1, 256)] == [True] * 3
    assert is_eligible(Tensor("blk.0.time_mix_key.weight", (256, 256), GGMLType.F16))


@pytest.mark.parametrize(
    ("architecture", "name", "letter"),
    [
        ("glm4", "token_embd.weight", "h"),
        ("glm4", "output.weight", "h"),
        ("glmocr", "output.weight", "h"),
        ("gemma3n", "per_layer_token_embd.weight", "h"),
        ("deepseek2", "blk.0.attn_k_b.weight", "8"),
        ("deepseek2", "blk.0.attn_kv_a_mqa.weight", "8"),
        ("qwen35moe", "blk.0.nextn.eh_proj.weight", "8"),
        ("llama", "blk.0.attn_k_b.weight", "4"),
        ("glm4", "blk.0.attn_q.weight", "4"),
    ],
)
def test_some_tensors_of_some_architectures_have_a_type_of_their_own(
    architecture: str, name: str, letter: str
) -> None:
    tensor, model = Tensor(name, (256, 16), GGMLType.F16), Model(architecture, 1)
    for target in ("Q4_K_M", "Q4_K_S"):
        assert types_of([tensor], model, target) == {name: LETTERS[letter]}
    assert types_of([tensor], model, "Q8_0") == {name: GGMLType.Q8_0}


def test_a_fixed_type_does_not_count_among_the_values() -> None:
    names = ["attn_kv_b", "attn_v_b"]
    tensors = [
        Tensor(f"blk.{i}.{name}.weight", (256, 16), GGMLType.F16)
        for i in range(8)
        for name in names
    ]
    types = types_of(tensors, Model("deepseek2", 8), "Q4_K_M")
    letters = [types[f"blk.{i}.attn_kv_b.weight"].name[1] for i in range(8)]
    assert "".join(letters) == "64464466"
    assert types["blk.1.attn_v_b.weight"] is GGMLType.Q8_0


@pytest.mark.parametrize(
    ("type", "row", "letter"),
    [("4", 256, "4"), ("4", 32, "z"), ("5", 160, "o"), ("6", 448, "8"), ("4", 100, "h"),
     ("8", 100, "h"), ("8", 32, "8"), ("h", 7, "h"), ("f", 7, "f")],
)  # fmt: skip
def test_rows_that_do_not_fit_get_another_type(type: str, row: int, letter: str) -> None:
    assert fitting(LETTERS[type], row) is LETTERS[letter]


def test_more_bits_go_to_the_ends_and_to_every_third() -> None:
    chosen: list[Any] = [i for i in range(16) if more(i, 16)]
    assert chosen == [0, 1, 4, 7, 10, 13, 14, 15]
    assert not any(more(i, 3) for i in range(2))


def test_tensors_are_visited_block_by_block_and_by_name() -> None:
    names = ["output.weight", "blk.10.a", "blk.9.b", "blk.9.a", "blk.x.a", "a.weight"]
    assert sorted(names, key=place) == [
        *("a.weight", "blk.x.a", "output.weight", "blk.9.a", "blk.9.b", "blk.10.a")
    ]
