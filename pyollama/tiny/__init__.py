"""The embedded model `tiny`, and what makes it.

`tiny.gguf` is a llama-architecture model of a few million parameters that ships in the wheel. It
was trained by `train.py` on the conversations of `corpus`, and README.md says how good it is.
Importing this package imports neither torch nor any of the training code.
"""

from contextlib import AbstractContextManager
from importlib.resources import as_file, files
from pathlib import Path

__all__ = ["tiny_path"]


def tiny_path() -> AbstractContextManager[Path]:
    """The packaged model as a file on disk, for as long as the context lasts.

    An ordinary installation has the file already and gives its path; one that runs from a zip
    archive unpacks it for the time.
    """
    return as_file(files(__name__) / "tiny.gguf")
