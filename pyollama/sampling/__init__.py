"""From a row of logits to the next token: Ollama's options and llama.cpp's sampler chain."""

from pyollama.sampling.options import Options, SamplerOptions, parse_options, require_valid
from pyollama.sampling.sampler import Sampler

__all__ = ["Options", "Sampler", "SamplerOptions", "parse_options", "require_valid"]
