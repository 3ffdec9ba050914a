"""The random numbers of the C++ standard library, so that a seed gives what it gives elsewhere."""

import secrets
from functools import cached_property

import numpy as np

RANDOM_SEED = 0xFFFFFFFF  # -1 in 32 bits: draw a seed


class UniformDoubles:
    """Doubles in [0, 1) as std::mt19937 and std::generate_canonical<double, 53> make them."""

    def __init__(self, seed: int) -> None:
        seed &= 0xFFFFFFFF
        self.seed = secrets.randbits(32) if seed == RANDOM_SEED else seed

    @cached_property
    def _twister(self) -> np.random.MT19937:
        """Made when it is first needed: a greedy answer never does."""
        twister = np.random.MT19937()
        # Seeds the twister as std::mt19937 does, where MT19937(seed) would mix the seed first.
        np.random.RandomState(twister).seed(self.seed)
        return twister

    def next(self) -> float:
        """One double from two 32-bit outputs, the first of which is the low half."""
        low, high = (int(bits) for bits in self._twister.random_raw(2))
        return min((low + high * 2**32) / 2**64, 1 - 2**-53)  # never rounded up to 1
