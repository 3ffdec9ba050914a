"""Names for the arrays that flow through the tensor package.

The aliases state the element type only; shapes are given in words in each docstring.
"""

import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
I8 = NDArray[np.int8]
U8 = NDArray[np.uint8]
I16 = NDArray[np.int16]
U16 = NDArray[np.uint16]
I32 = NDArray[np.int32]
U32 = NDArray[np.uint32]
I64 = NDArray[np.int64]

Array = F32
"""What models compute with: float32 on every backend."""
