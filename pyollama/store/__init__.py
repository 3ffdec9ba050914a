"""Model names, manifests and blobs on disk, laid out as Ollama lays them out.

What is named here is imported when it is first asked for: putting a store in order at the start of
a server needs none of it, and models bring NumPy along.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyollama.store.model import StoredModel
    from pyollama.store.names import Name, parse_name, split_source
    from pyollama.store.store import Store

__all__ = ["Name", "Store", "StoredModel", "parse_name", "split_source"]

PLACES = {
    "Name": "names",
    "Store": "store",
    "StoredModel": "model",
    "parse_name": "names",
    "split_source": "names",
}


def __getattr__(name: str) -> Any:
    """A name of the table, from the module that defines it."""
    if name not in PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{PLACES[name]}"), name)
