"""Small integers packed into bytes: the one trick that every quantized layout shares."""

import numpy as np
from numpy.typing import NDArray


def unpack(packed: NDArray[np.uint8], width: int) -> NDArray[np.uint8]:
    """Split each byte into its fields of `width` bits (1, 2 or 4), lowest bits first.

    packed: uint8 (..., n)
    gives:  uint8 (..., 8 // width, n): first the lowest field of all n bytes, then the next.

    ggml packs so that one shift and one mask over a run of bytes yield a run of neighbours.
    """
    shifts = np.arange(0, 8, width, dtype=np.uint8)[:, None]
    mask = np.uint8((1 << width) - 1)
    fields: NDArray[np.uint8] = (packed[..., None, :] >> shifts) & mask
    return fields


def pack(fields: NDArray[np.uint8], width: int) -> NDArray[np.uint8]:
    """Put fields of `width` bits together again, what `unpack` took apart.

    fields: uint8 (..., 8 // width, n), each below 2 ** width
    gives:  uint8 (..., n)
    """
    shifts = np.arange(0, 8, width, dtype=np.uint8)[:, None]
    packed: NDArray[np.uint8] = np.bitwise_or.reduce(fields << shifts, axis=-2)
    return packed
