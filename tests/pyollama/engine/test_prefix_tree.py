"""The tree of known pages finds what looking at every page would find."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pyollama.engine.prefix import Node, PrefixTree, Tokens, common_length

RUNS = st.lists(st.sampled_from([0, 1, 255, 256, 257, 65536, 2**31 - 1]), min_size=1, max_size=4)


def tokens(run: list[int]) -> Tokens:
    return np.array(run, np.int32)


def filled(runs: list[list[int]]) -> tuple[PrefixTree, list[Node]]:
    """A tree with a page for each of some runs, which nobody uses."""
    tree, nodes = PrefixTree(), []
    for page, run in enumerate(runs):
        if tree.child(tree.root, tokens(run)) is None:
            node = tree.add(tree.root, tokens(run), page)
            tree.release(node)
            nodes.append(node)
    return tree, nodes


@given(st.lists(RUNS, max_size=30), RUNS, st.integers(0, 30))
def test_the_nearest_page_agrees_as_far_as_any_does(
    runs: list[list[int]], wanted: list[int], n_removed: int
) -> None:
    tree, nodes = filled(runs)
    for node in nodes[:n_removed]:
        tree.remove(node)
    found, n_common = tree.nearest(tree.root, tokens(wanted))
    left = nodes[n_removed:]
    assert n_common == max((common_length(n.tokens, tokens(wanted)) for n in left), default=0)
    if found is None:
        assert n_common == 0
    else:
        assert found in left
        assert common_length(found.tokens, tokens(wanted)) == n_common


def test_many_pages_take_no_longer_to_search() -> None:
    rng = np.random.default_rng(0)
    tree, _ = filled(rng.integers(0, 1000, (2000, 3)).tolist())
    looked_at = []
    children = tree.root.children

    class Watched(dict[bytes, Node]):
        def __getitem__(self, key: bytes) -> Node:
            looked_at.append(key)
            return children[key]

    tree.root.children = Watched()
    tree.nearest(tree.root, tokens([500, 1, 2]))
    assert len(looked_at) == 2
