"""Plots of how the time of a token grows, as small SVG files. Needs matplotlib (extra [train])."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib
from figures import threads

if TYPE_CHECKING:
    from growth import Curve, Sweep

matplotlib.use("svg")
# The same figures give the same bytes, and text is text: searchable, and small.
matplotlib.rcParams |= {"svg.hashsalt": "pyollama", "svg.fonttype": "none", "font.size": 9}
COLORS = ("tab:blue", "tab:orange", "tab:green", "tab:red")


def save(sweep: "Sweep", curves: Sequence["Curve"], path: Path) -> None:
    """Draw milliseconds per token over the sweep's axis, both logarithmic, the limits dashed."""
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(5.5, 3.4), layout="constrained")
    x = [point.x for point in sweep.points]
    order = sorted(range(len(x)), key=x.__getitem__)
    for curve, color in zip(curves, COLORS, strict=False):
        name = threads(curve.n_thread)
        for values, style, label in (
            (curve.seconds, "o-", name),
            (curve.limits, "--", f"memory's limit, {name}"),
        ):
            points = [(x[i], values[i] * 1e3) for i in order]
            axes.plot(*zip(*points, strict=True), style, color=color, label=label, markersize=4)
    axes.set(xscale="log", yscale="log", xlabel=sweep.axis, ylabel="ms per token")
    ticks = [x[i] for i in order]
    axes.set_xticks(ticks, [f"{tick:.3g}" if tick < 100 else f"{tick:.0f}" for tick in ticks])
    axes.set_xticks([], minor=True)
    for formatted in (axes.yaxis.set_major_formatter, axes.yaxis.set_minor_formatter):
        formatted("{x:g}")
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8, framealpha=0.5)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)
