"""Tensor operations: numba kernels, and a NumPy twin of each."""
