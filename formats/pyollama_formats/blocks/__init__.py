"""Block formats: how ggml stores a row of weights, one module for each format.

Every module has `DTYPE`, the bytes of a block as a NumPy structured dtype with ggml's field names,
and `dequantize(blocks)`, structured (n,) -> float32 (n, block_size). Those that models are
quantized to have `quantize`, the way back.
"""

from pyollama_formats.blocks.codec import DTYPES, dequantize, quantize
from pyollama_formats.blocks.types import REMOVED, GGMLType, row_bytes

__all__ = ["DTYPES", "REMOVED", "GGMLType", "dequantize", "quantize", "row_bytes"]
