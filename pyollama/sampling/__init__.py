"""From a row of logits to the next token: Ollama's options and llama.cpp's sampler chain."""

from pyollama.sampling.options import Options, SamplerOptions, check, parse_options
from pyollama.sampling.sampler import Sampler

__all__ = ["Options", "Sampler", "SamplerOptions", "check", "parse_options"]
