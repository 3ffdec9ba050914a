"""Which model, is it loaded, is there room: runners, keep_alive, cancellation."""

from pyollama.serving.serving import Serving

__all__ = ["Serving"]
