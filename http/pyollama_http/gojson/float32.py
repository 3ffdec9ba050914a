"""Lists of 32-bit floats as Go writes them: the shortest decimals that read back as the same."""

from collections.abc import Iterator

from pyollama.api import Float32s
from pyollama_http.gojson.text import float_text

__all__ = ["float32s_text"]


def float32s_text(values: Float32s) -> str:
    """The JSON of a list of values that 32 bits hold. ValueError for one that is not finite."""
    return f"[{','.join(_texts(values))}]"


def _texts(values: Float32s) -> Iterator[str]:
    """The text of each value. NumPy knows the digits; where its form is not Go's, they are kept."""
    import numpy as np  # loaded with the engine by now; a server that only starts needs none

    for text in map(str, np.asarray(values, np.float32)):
        is_alike = "e" not in text and "." in text and not text.endswith(".0")
        yield text if is_alike else float_text(float(text))
