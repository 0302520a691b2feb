"""The streaming scan of variant files: bytes in line-aligned chunks, and the columns that kernels read from them."""
