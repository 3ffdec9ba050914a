"""Where the key lies that tells registries who asks.

Apart from the key itself, whose library takes eight megabytes: a server that finds its key made
needs no more than this.
"""

import os
from pathlib import Path

__all__ = ["key_path"]


def key_path() -> Path:
    """Where the key lies: under the home folder, wherever the models are."""
    home = os.environ.get("HOME")
    return (Path(home) if home else Path.home()) / ".ollama" / "id_ed25519"
