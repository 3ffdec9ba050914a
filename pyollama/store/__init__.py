"""Model names, manifests and blobs on disk, laid out as Ollama lays them out."""

from pyollama.store.model import StoredModel
from pyollama.store.names import Name, parse_name, split_source
from pyollama.store.store import Store

__all__ = ["Name", "Store", "StoredModel", "parse_name", "split_source"]
