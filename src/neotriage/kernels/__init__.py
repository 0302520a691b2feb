"""Numba kernels: arrays in, arrays out; no strings, objects or files. Each kernel file stands alone."""
