"""What the pages of the KV cache hold: a tree of pages, each under the tokens that came before.

A page's keys and values depend on its own tokens and on all tokens before them, and on nothing
else. So the path from the root to a node, token by token, is the key under which its page may be
shared: a sequence that begins with the same tokens uses the page as it is. Comparing the tokens
themselves, not a hash of them, leaves nothing to chance.

Full pages may have children. A page that is not full is a leaf, and is never shared as it is: who
continues it takes it over or copies it.
"""

from bisect import bisect_left, insort
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Tokens = NDArray[np.int32]


@dataclass(eq=False)
class Node:
    """A page of known content.

    tokens: the ids on the page, int32, one to PAGE of them
    n_users: how many running sequences hold the page; whoever holds it holds its parents too
    children: by the bytes of their tokens
    order: the keys of children, sorted: keys that begin alike stand together
    """

    tokens: Tokens
    page: int
    parent: "Node | None"
    n_users: int = 1
    children: dict[bytes, "Node"] = field(default_factory=dict)
    order: list[bytes] = field(default_factory=list)


class PrefixTree:
    """All pages of known content, and which of them nobody uses.

    `unused` is in the order in which pages became unused. Sequences let go of their last page
    first, so every node stands after its children there, and the first is always a leaf.
    """

    def __init__(self) -> None:
        self.root = Node(np.empty(0, np.int32), -1, None)
        self.unused: dict[Node, None] = {}

    def child(self, parent: Node, tokens: Tokens) -> Node | None:
        """The page with exactly these tokens after the parent's."""
        return parent.children.get(tokens.tobytes())

    def nearest(self, parent: Node, tokens: Tokens) -> tuple[Node | None, int]:
        """The page after the parent's that begins most like these tokens, and how many agree.

        It is next to where they would stand in the order, before or behind.
        """
        best, n_best = None, 0
        place = bisect_left(parent.order, tokens.tobytes())
        for key in parent.order[max(0, place - 1) : place + 1]:
            node = parent.children[key]
            n_common = common_length(node.tokens, tokens)
            if n_common > n_best:
                best, n_best = node, n_common
        return best, n_best

    def add(self, parent: Node, tokens: Tokens, page: int) -> Node:
        """A new node, used by whoever adds it; there is none of these tokens yet."""
        assert self.child(parent, tokens) is None
        node = Node(tokens.copy(), page, parent)
        key = node.tokens.tobytes()
        parent.children[key] = node
        insort(parent.order, key)
        return node

    def use(self, node: Node) -> None:
        """Note one more sequence that holds the page; it holds the parents already."""
        node.n_users += 1
        self.unused.pop(node, None)

    def release(self, node: Node) -> None:
        """Note one sequence less."""
        node.n_users -= 1
        if node.n_users == 0:
            self.unused[node] = None

    def remove(self, node: Node) -> int:
        """Forget an unused leaf; its page is the caller's."""
        assert node.n_users == 0
        assert not node.children
        assert node.parent is not None
        del self.unused[node]
        key = node.tokens.tobytes()
        del node.parent.children[key]
        del node.parent.order[bisect_left(node.parent.order, key)]
        return node.page

    def evict(self) -> int:
        """Forget the page that has been unused for the longest time; it is the caller's."""
        return self.remove(next(iter(self.unused)))


def common_length(a: Tokens, b: Tokens) -> int:
    """How many tokens two runs have in common at their beginning."""
    n = min(len(a), len(b))
    differs = a[:n] != b[:n]
    return int(differs.argmax()) if differs.any() else n
