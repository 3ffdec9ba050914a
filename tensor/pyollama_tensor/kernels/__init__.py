"""Compiled kernels, one short file per family."""
