"""Train `tiny`: python -m pyollama.tiny.train (needs the extra [train]; four hours on one core).

Everything is seeded. A checkpoint in work/ is written every few minutes and at the end, and a
later call with the same folder goes on from it. The learning rate rises, stays, and falls to zero
over the last part of --steps; so a run that was resumed with another --steps still ends well.
"""

# mypy: allow-untyped-decorators

import argparse
import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812  (torch's own customary name)
from tokenizers import Tokenizer
from torch import Tensor

from pyollama.tiny.batches import Batch, pool_batches
from pyollama.tiny.headstart import give_head_start, relate_forms
from pyollama.tiny.model import Llama, LlamaConfig
from pyollama.tiny.optimizer import Muon
from pyollama.tiny.vocabulary import Vocabulary, build_vocabulary

__all__ = ["WORK", "held_out_loss", "load_checkpoint", "loss_of", "main"]

WORK = Path(__file__).parent / "work"
_SEED = 1
_WARMUP = 25  # steps until the learning rate is full
_COOLDOWN = 0.35  # share of the steps over which it falls to zero
_MINUTES = 4.0  # between two checkpoints
_HELD_OUT_POOL = 0  # the numbered pool of the held-out part that the loss is measured on


@dataclass
class Progress:
    """Where the run stands: finished steps, and the next batch of the next pool."""

    step: int = 0
    pool: int = 1
    place: int = 0
    tokens: int = 0


def loss_of(model: Llama, batch: Batch) -> tuple[Tensor, Tensor]:
    """Weighted sum of the cross-entropy in nats, and the sum of the weights."""
    chosen = batch.weights > 0  # scores are computed only for the tokens that count
    logits = model.logits(model(batch.tokens)[chosen])
    each = F.cross_entropy(logits, batch.targets[chosen], reduction="none")
    weights = batch.weights[chosen]
    return (each * weights).sum(), weights.sum()


@torch.no_grad()
def held_out_loss(model: Llama, tokenizer: Tokenizer, padding: int, *, n_batch: int = 0) -> float:
    """Mean loss in nats per token that the assistant writes, on held-out conversations.

    n_batch: how many batches to take, 0 for all of the pool
    """
    total = count = 0.0
    batches = pool_batches(tokenizer, padding, _HELD_OUT_POOL, n_tokens=4096, held_out=True)
    for number, batch in enumerate(batches):
        if n_batch and number >= n_batch:
            break
        answers = Batch(batch.tokens, batch.targets, (batch.weights == 1).float())
        loss, weight = loss_of(model, answers)
        total, count = total + loss.item(), count + weight.item()
    return total / count


def schedule(step: int, n_step: int) -> float:
    """Factor of the learning rate: up, level, and linearly down to zero."""
    n_down = max(1, int(_COOLDOWN * n_step))
    return min(1.0, (step + 1) / _WARMUP, max(0.0, (n_step - step) / n_down))


def _optimizers(model: Llama) -> list[torch.optim.Optimizer]:
    matrices = [weight for weight in model.blk.parameters() if weight.ndim == 2]
    norms = [weight for weight in model.parameters() if weight.ndim == 1]
    groups: list[dict[str, Any]] = [
        {"params": [model.token_embd.weight], "lr": 3e-3},
        {"params": norms, "lr": 3e-3},
    ]
    adam = torch.optim.AdamW(groups, betas=(0.9, 0.95), weight_decay=0.0)
    return [Muon(matrices), adam]


def _training_batches(
    tokenizer: Tokenizer, padding: int, progress: Progress, n_tokens: int
) -> Iterator[Batch]:
    """Batches from where the run stands, endlessly; progress moves along."""
    while True:
        batches = list(pool_batches(tokenizer, padding, progress.pool, n_tokens=n_tokens))
        for batch in batches[progress.place :]:
            progress.place += 1
            yield batch
        progress.pool, progress.place = progress.pool + 1, 0


class Run:
    """A training run in a folder: model, optimizers, progress and its log."""

    def __init__(self, folder: Path, config: LlamaConfig, n_tokens: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.n_tokens = folder, n_tokens
        self.vocabulary = _vocabulary(folder)
        self.tokenizer = self.vocabulary.tokenizer()
        self.config = LlamaConfig(**{**asdict(config), "n_vocab": len(self.vocabulary.tokens)})
        torch.manual_seed(_SEED)
        self.model = Llama(self.config)
        relate_forms(self.model, self.vocabulary.tokens)
        self.pins = give_head_start(self.model)
        self.optimizers = _optimizers(self.model)
        self.rates = [[group["lr"] for group in o.param_groups] for o in self.optimizers]
        self.progress = Progress()
        self._resume()

    def _resume(self) -> None:
        path = self.folder / "checkpoint.pt"
        if path.exists():
            # weights_only: a checkpoint is numbers, and loading it must not run anything else
            state = torch.load(path, weights_only=True)
            if state["config"] != asdict(self.config):
                raise SystemExit(f"{path} holds a model of other sizes: remove it or go elsewhere")
            self.model.load_state_dict(state["model"])
            for optimizer, saved in zip(self.optimizers, state["optimizers"], strict=True):
                optimizer.load_state_dict(saved)
            self.progress = Progress(**state["progress"])

    def save(self) -> None:
        """Write the checkpoint, whole or not at all."""
        state = {
            "config": asdict(self.config),
            "model": self.model.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
            "progress": asdict(self.progress),
        }
        torch.save(state, self.folder / "checkpoint.new")
        (self.folder / "checkpoint.new").replace(self.folder / "checkpoint.pt")

    def step(self, batch: Batch, factor: float) -> float:
        """One step at this factor of the learning rate; the batch's loss before it."""
        for optimizer, rates in zip(self.optimizers, self.rates, strict=True):
            for group, rate in zip(optimizer.param_groups, rates, strict=True):
                group["lr"] = rate * factor
        loss, weight = loss_of(self.model, batch)
        torch.autograd.backward(loss / weight)
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        for optimizer in self.optimizers:
            optimizer.step()
            optimizer.zero_grad()
        self.pins.restore()
        return loss.item() / weight.item()

    def log(self, **figures: float) -> None:
        """Add one line to the log, and show it."""
        line = json.dumps({"step": self.progress.step, **figures})
        with (self.folder / "log.jsonl").open("a") as file:
            file.write(line + "\n")
        print(line, flush=True)

    def train(self, n_step: int) -> None:
        """Go on until n_step steps are done."""
        batches = _training_batches(
            self.tokenizer, self.vocabulary.padding, self.progress, self.n_tokens
        )
        saved = began = time.monotonic()
        first, losses = self.progress.tokens, []
        while self.progress.step < n_step:
            batch = next(batches)
            losses.append(self.step(batch, schedule(self.progress.step, n_step)))
            self.progress.step += 1
            self.progress.tokens += batch.tokens.numel()
            if self.progress.step % 25 == 0:
                rate = (self.progress.tokens - first) / (time.monotonic() - began)
                self.log(loss=sum(losses) / len(losses), tokens=self.progress.tokens, rate=rate)
                losses = []
            if time.monotonic() - saved > 60 * _MINUTES:
                saved = time.monotonic()
                self.save()
                self._measure(n_batch=4)
        self.save()
        self._measure()

    def _measure(self, n_batch: int = 0) -> None:
        padding = self.vocabulary.padding
        self.log(held_out=held_out_loss(self.model, self.tokenizer, padding, n_batch=n_batch))


def _vocabulary(folder: Path) -> Vocabulary:
    path = folder / "vocabulary.json"
    if not path.exists():
        build_vocabulary().save(path)
    return Vocabulary.load(path)


def load_checkpoint(folder: Path) -> tuple[Llama, Vocabulary]:
    """The model as it was last saved, and its vocabulary."""
    state = torch.load(folder / "checkpoint.pt", weights_only=True)
    model = Llama(LlamaConfig(**state["config"]))
    model.load_state_dict(state["model"])
    return model.eval(), Vocabulary.load(folder / "vocabulary.json")


def main() -> None:
    """Parse the command line and train."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=WORK)
    parser.add_argument("--steps", type=int, default=8300)
    parser.add_argument("--tokens", type=int, default=3072, help="places in one batch")
    parser.add_argument("--layers", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    config = LlamaConfig(n_vocab=0, n_layer=options.layers)
    Run(options.folder, config, options.tokens).train(options.steps)


if __name__ == "__main__":
    main()
