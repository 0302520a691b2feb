"""Made-up families whose truth is known: haplotypes, reads drawn from them, and the embedded demo."""
