"""Model names, manifests and blobs on disk, laid out as Ollama lays them out."""
