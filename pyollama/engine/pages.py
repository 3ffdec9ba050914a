"""Which pages of the KV cache are free, and which a sequence holds."""

import numpy as np
from numpy.typing import NDArray

from pyollama.engine.prefix import Node, PrefixTree, Tokens
from pyollama_tensor.batch import PAGE
from pyollama_tensor.cache import KVCache


class PagePool:
    """The pages of one cache that no running sequence uses.

    They are handed out in this order: given back without content, never touched, and last the
    pages of earlier sequences, the longest unused first. The system gives memory to a page when
    it is first written, so a pool of millions costs as little as a pool of one.
    """

    def __init__(self, cache: KVCache) -> None:
        self.cache = cache
        self.n_page = cache.n_page
        self.n_touched = 0  # pages from this number on were never taken
        self.returned: list[int] = []
        self.tree = PrefixTree()

    @property
    def n_free(self) -> int:
        """How many pages no running sequence holds."""
        return self.n_page - self.n_touched + len(self.returned) + len(self.tree.unused)

    def take(self) -> int:
        """A free page's number; there is one, because admission counts them."""
        if self.returned:
            return self.returned.pop()
        if self.n_touched < self.n_page:
            self.n_touched += 1
            return self.n_touched - 1
        return self.tree.evict()

    def give_back(self, page: int) -> None:
        """Return a page whose content is of no use to anybody."""
        self.returned.append(page)


class PageTable:
    """The pages of one sequence: position p lives in page ``ids[p // PAGE]``.

    ids: int32 (n_ctx / PAGE,), of which the first ``n_held`` are valid.
    shared: the nodes of the first pages, whose content others may use; the pages after them are
        the sequence's own.
    may_share: False once a page's content does not follow from the tokens before it alone.
    """

    def __init__(self, pool: PagePool, n_ctx: int) -> None:
        self.pool = pool
        self.ids: NDArray[np.int32] = np.zeros(pages_for(n_ctx), dtype=np.int32)
        self.n_held = 0
        self.shared: list[Node] = []
        self.may_share = True

    def reach(self, n_position: int) -> None:
        """Hold enough pages for the first n_position positions."""
        while self.n_held < pages_for(n_position):
            self.ids[self.n_held] = self.pool.take()
            self.n_held += 1

    def adopt(self, tokens: Tokens) -> int:
        """Use whatever full pages others have made of these tokens; gives the positions held so.

        A page of the sequence's own that is not full yet is given up for a full one.
        """
        while self.may_share:
            i = len(self.shared)
            node = self.pool.tree.child(self._last, tokens[i * PAGE : (i + 1) * PAGE])
            if node is None or len(node.tokens) < PAGE:
                break
            self.pool.tree.use(node)
            if i < self.n_held:
                self.pool.give_back(int(self.ids[i]))
            self._share(i, node)
        return len(self.shared) * PAGE

    def continue_page(self, tokens: Tokens) -> int:
        """Begin the next page with what an earlier one has in common with it (copy on write).

        tokens: those of the next page, in so far as they are known. A page that ends there and
        that nobody uses is taken over, any other copied. Gives how many positions are held so.
        """
        tree = self.pool.tree
        node, n_common = tree.nearest(self._last, tokens)
        if node is None:
            return 0
        if n_common == len(node.tokens) < PAGE and node.n_users == 0:
            page = tree.remove(node)
        else:
            page = self.pool.take()  # perhaps the very page: its content stays until it is written
            self.pool.cache.copy_page(node.page, page, n_common)
        self.ids[self.n_held] = page
        self.n_held += 1
        return n_common

    def publish(self, tokens: Tokens) -> None:
        """Let others use the full pages of these tokens, which are in the cache.

        Of two pages with the same content one is enough: the own one is given back.
        """
        while self.may_share and (len(self.shared) + 1) * PAGE <= len(tokens):
            i = len(self.shared)
            content = tokens[i * PAGE : (i + 1) * PAGE]
            node = self.pool.tree.child(self._last, content)
            if node is None:
                node = self.pool.tree.add(self._last, content, int(self.ids[i]))
            else:
                self.pool.tree.use(node)
                self.pool.give_back(int(self.ids[i]))
            self._share(i, node)

    def release(self, tokens: Tokens) -> None:
        """Let go of every page; those whose content is known are kept until room is needed."""
        self._leave_last_page(tokens[len(self.shared) * PAGE :])
        self.cut(0)

    def cut(self, n_page: int) -> None:
        """Let go of all pages but the first n_page, the last one first."""
        for i in reversed(range(n_page, self.n_held)):
            if i < len(self.shared):
                self.pool.tree.release(self.shared.pop())
            else:
                self.pool.give_back(int(self.ids[i]))
        self.n_held = min(self.n_held, n_page)

    @property
    def _last(self) -> Node:
        return self.shared[-1] if self.shared else self.pool.tree.root

    def _share(self, i: int, node: Node) -> None:
        self.ids[i] = node.page
        self.n_held = max(self.n_held, i + 1)
        self.shared.append(node)

    def _leave_last_page(self, tokens: Tokens) -> None:
        """Keep a page that is not full for a sequence that may continue it."""
        i = len(self.shared)
        if not self.may_share or not 0 < len(tokens) < PAGE or i >= self.n_held:
            return
        tree = self.pool.tree
        near, n_common = tree.nearest(self._last, tokens)
        if n_common == len(tokens):
            return  # another page says all of this already
        if near is not None and near.n_users == 0 and n_common == len(near.tokens):
            self.pool.give_back(tree.remove(near))  # this one says all of that
        self._share(i, tree.add(self._last, tokens, int(self.ids[i])))


def pages_for(n_position: int) -> int:
    """The number of pages that n_position positions fill."""
    return -(-n_position // PAGE)
