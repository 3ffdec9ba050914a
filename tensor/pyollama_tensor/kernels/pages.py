"""Writing keys and values into the pages of the KV cache.

Shapes: T rows, K key heads, E inputs and V values per head.
"""

from pyollama_tensor.batch import PAGE
from pyollama_tensor.jit import kernel
from pyollama_tensor.simd.lanes import store_kept
from pyollama_tensor.threads import parallel_for, task
from pyollama_tensor.types import F32, I32, I64, U16


@task
def _write_rows(
    first: int, last: int, k: F32, v: F32, places: I32, keys: F32 | U16, values: F32 | U16
) -> None:
    """Keep rows first to last; no two rows share a place."""
    n_head, n_in = k.shape[1], k.shape[2]
    n_out, stride = v.shape[2], values.shape[3]
    for t in range(first, last):
        page, place = places[t] // PAGE, places[t] % PAGE
        for head in range(n_head):
            begin = (page * n_head + head) * PAGE * n_in
            begin += place // 16 * 16 * n_in + place % 16
            for e in range(n_in):
                store_kept(keys, begin + 16 * e, k[t, head, e])
            begin = ((page * n_head + head) * PAGE + place) * stride
            for e in range(n_out):
                store_kept(values, begin + e, v[t, head, e])


@kernel
def write_pages(pool: I64, k: F32, v: F32, places: I32, keys: F32 | U16, values: F32 | U16) -> None:
    """Keep the keys and values of T rows at places[t] = page * PAGE + place in the page.

    k: float32 (T, K, E); v: float32 (T, K, V); places: int32 (T,)
    keys: (n_page, K, 2, E, 16); values: (n_page, K, PAGE, V or more), as in `cache.LayerCache`
    NumPy twin: reference.write_pages.
    """
    parallel_for(pool, _write_rows, len(k), 16, (k, v, places, keys, values))
