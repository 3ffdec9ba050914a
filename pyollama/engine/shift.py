"""Context shift: how an answer goes on when its context is full.

The first `keep` positions stay, the oldest half of the others is forgotten, and what remains moves
down to close the gap. Keys carry their position as a rotation, so they are rotated back by as many
positions as they move; values move as they are. A key also carries what its token saw, and that
stays as it was: the answer goes on as if nothing had happened, but the pages no longer follow from
their tokens alone and are shared with nobody.
"""

import numpy as np

from pyollama.engine.sequence import Sequence
from pyollama_tensor.batch import PAGE
from pyollama_tensor.cache import KVCache
from pyollama_tensor.rope import Rope
from pyollama_tensor.types import I32

MIN_MOVING = 4  # positions that are never kept, so that there is something to forget


def shift_context(sequence: Sequence, cache: KVCache, rope: Rope | None, n_ctx: int) -> None:
    """Make room in a sequence whose context of n_ctx positions is full.

    rope: how the model rotates its keys, None if it does not
    """
    keep = kept_positions(sequence, n_ctx)
    n_past = sequence.n_past
    discard = (n_past - keep) // 2
    first = keep // PAGE * PAGE  # what is kept in a page that changes moves too, by nothing
    old = np.r_[first:keep, keep + discard : n_past].astype(np.int32)
    by = np.where(old < keep, 0, -discard).astype(np.int32)
    source = places(sequence, old)
    sequence.table.may_share = False
    sequence.table.cut(first // PAGE)
    sequence.table.reach(n_past - discard)  # perhaps the same pages: each layer is read first
    target = places(sequence, old + by)
    turn = rope.further() if rope else None
    for layer in cache.layers:
        layer.move(source, target, turn, by)
    tokens = sequence.tokens
    tokens[keep : sequence.n_token - discard] = tokens[keep + discard : sequence.n_token].copy()
    sequence.n_past -= discard
    sequence.n_token -= discard


def kept_positions(sequence: Sequence, n_ctx: int) -> int:
    """How many positions at the front stay: num_keep, or the whole prompt if it is negative."""
    wanted = sequence.request.num_keep
    return min(sequence.n_prompt if wanted < 0 else wanted, n_ctx - MIN_MOVING)


def places(sequence: Sequence, positions: I32) -> I32:
    """Where positions of a sequence lie in the cache: page * PAGE + place in the page."""
    pages: I32 = sequence.table.ids[positions // PAGE]
    return pages * np.int32(PAGE) + positions % np.int32(PAGE)
