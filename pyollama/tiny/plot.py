"""The loss over the tokens seen, as a small picture."""

import json
from pathlib import Path

__all__ = ["plot_loss"]


def plot_loss(log: Path, picture: Path) -> None:
    """Draw the training log (train.Run.log) into a PNG: training loss, and held-out loss."""
    import matplotlib as mpl

    mpl.use("Agg")  # no window
    from matplotlib import pyplot as plt

    training, held_out, seen = [], [], 0
    for line in log.read_text().splitlines():
        entry = json.loads(line)
        if "loss" in entry:
            seen = entry["tokens"]
            training.append((seen, entry["loss"]))
        if "held_out" in entry:
            held_out.append((seen, entry["held_out"]))
    figure, axes = plt.subplots(figsize=(5, 3), layout="constrained")
    axes.plot(*zip(*training, strict=True), label="training (prompts count a little)")
    axes.plot(*zip(*held_out, strict=True), "o-", label="held out, answers only")
    axes.set(xlabel="tokens seen", ylabel="loss, nats per token", ylim=(0, 4))
    axes.legend()
    figure.savefig(picture, dpi=80)
    plt.close(figure)
