"""Does a server behave like Ollama? Cases as data, and a runner that knows nothing but a base URL.

``python -m pyollama_conformance http://127.0.0.1:11434`` runs every case of ``cases/`` and reports
what passed. The suite speaks HTTP only, needs the standard library only, and brings its own model.
"""
