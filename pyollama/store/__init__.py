"""Model names, manifests and blobs on disk, laid out as Ollama lays them out.

Store is in pyollama.store.store, names in pyollama.store.names, the wire's structs in
pyollama.store.types; nothing is imported here, so that names alone stay cheap.
"""
