"""Muon: momentum whose step on each matrix is made orthogonal, so that all directions learn.

On a budget of a few million tokens it reaches a loss that Adam needs half as many again for.
Source: Keller Jordan, "Muon: An optimizer for hidden layers in neural networks" (2024).
"""

# mypy: allow-subclassing-any, allow-untyped-decorators, disable-error-code="override"

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

__all__ = ["Muon", "orthogonal"]


def orthogonal(g: Tensor, n_iter: int = 5) -> Tensor:
    """About the nearest matrix to g (rows, columns) whose singular values are all one.

    Newton-Schulz iteration with a quintic polynomial; its three coefficients are the source's.
    """
    x: Tensor = g / (g.norm() + 1e-7)
    wide = g.shape[0] <= g.shape[1]
    x = x if wide else x.T
    for _ in range(n_iter):
        square = x @ x.T
        x = 3.4445 * x + (-4.7750 * square + 2.0315 * square @ square) @ x
    return x if wide else x.T


class Muon(torch.optim.Optimizer):
    """For the matrices inside the layers; embeddings and norms belong to AdamW."""

    def __init__(self, params: Iterable[Tensor], lr: float = 0.02, momentum: float = 0.95) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": 0.01})

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:
        """Move every matrix against its orthogonalised Nesterov momentum."""
        for group in self.param_groups:
            for weight in group["params"]:
                state = self.state[weight]
                momentum = state.setdefault("momentum", torch.zeros_like(weight))
                momentum.lerp_(weight.grad, 1 - group["momentum"])
                direction = orthogonal(weight.grad.lerp(momentum, group["momentum"]))
                scale = max(1.0, weight.shape[0] / weight.shape[1]) ** 0.5
                weight.mul_(1 - group["lr"] * group["weight_decay"])
                weight.add_(direction, alpha=-group["lr"] * scale)
