"""Which pages of the KV cache are free, and which a sequence holds."""

import numpy as np
from numpy.typing import NDArray

from pyollama_tensor.batch import PAGE


class PagePool:
    """The free pages of one cache. Pages that were used before are handed out first.

    The system gives memory to a page when it is first written, so a page that was never taken
    costs nothing, and a pool of millions costs as little as a pool of one.
    """

    def __init__(self, n_page: int) -> None:
        self.n_page = n_page
        self.n_touched = 0  # pages from this number on were never taken
        self.returned: list[int] = []

    @property
    def n_free(self) -> int:
        """How many pages nobody holds."""
        return self.n_page - self.n_touched + len(self.returned)

    def take(self) -> int:
        """A free page's number; there is one, because admission counts them."""
        if self.returned:
            return self.returned.pop()
        assert self.n_touched < self.n_page
        self.n_touched += 1
        return self.n_touched - 1

    def give_back(self, pages: list[int]) -> None:
        """Return pages that were taken."""
        self.returned.extend(reversed(pages))


class PageTable:
    """The pages of one sequence: position p lives in page ``ids[p // PAGE]``.

    ids: int32 (n_ctx / PAGE,), of which the first ``n_held`` are valid.
    """

    def __init__(self, pool: PagePool, n_ctx: int) -> None:
        self.pool = pool
        self.ids: NDArray[np.int32] = np.zeros(pages_for(n_ctx), dtype=np.int32)
        self.n_held = 0

    def reach(self, n_position: int) -> None:
        """Hold enough pages for the first n_position positions."""
        while self.n_held < pages_for(n_position):
            self.ids[self.n_held] = self.pool.take()
            self.n_held += 1

    def release(self) -> None:
        """Give every page back."""
        self.pool.give_back([int(page) for page in self.ids[: self.n_held]])
        self.n_held = 0


def pages_for(n_position: int) -> int:
    """The number of pages that n_position positions fill."""
    return -(-n_position // PAGE)
