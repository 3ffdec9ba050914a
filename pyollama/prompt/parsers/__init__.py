"""Answers taken apart: a parser for each family of models, named by a model's config."""

from pyollama.prompt.parsers.base import AnswerError, Parser, Start
from pyollama.prompt.parsers.registry import new_parser

__all__ = ["AnswerError", "Parser", "Start", "new_parser"]
