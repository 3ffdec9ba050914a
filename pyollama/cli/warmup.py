"""``pyollama warmup``: compile the kernels for this processor before they are needed."""

import click

from pyollama.cli.help import Cobra, exact
from pyollama.cli.progress import Bar, Progress

__all__ = ["command", "compile_kernels"]


class Warmup(Cobra):
    """warmup, which takes nothing."""

    examples = ("pyollama warmup",)


@click.command("warmup", cls=Warmup, short_help="Compile the kernels for this processor")
@click.argument("arguments", nargs=-1)
def command(arguments: tuple[str, ...]) -> None:
    """Compile all kernels, or find them compiled, with a progress bar."""
    exact(arguments, 0)
    with Progress() as progress:
        seconds = compile_kernels(progress)
    click.echo(f"{len(seconds)} groups of kernels are ready, in {sum(seconds.values()):.1f} s")


def compile_kernels(progress: Progress) -> dict[str, float]:
    """Compile with a bar of one step per group of kernels; gives the seconds that each took."""
    from pyollama_tensor import jit, ops, quantization

    assert ops is not None  # importing them registers what there is to warm up
    assert quantization is not None
    bar = Bar("compiling kernels", len(jit.warmup_names()), in_bytes=False)
    progress.add(bar)

    def step(done: int, total: int, name: str) -> None:
        bar.label = f"compiling kernels ({name})" if name else "compiling kernels"
        bar.set(done)

    return jit.warmup(step)
