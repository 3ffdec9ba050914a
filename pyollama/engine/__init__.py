"""Slots, KV pages, batches, sampling: token ids only."""

from pyollama.engine.encoder import Encoded, Encoder, EncodeRequest
from pyollama.engine.engine import Engine
from pyollama.engine.request import DoneReason, Event, Request, Sampler, Stats

__all__ = [
    "DoneReason",
    "EncodeRequest",
    "Encoded",
    "Encoder",
    "Engine",
    "Event",
    "Request",
    "Sampler",
    "Stats",
]
