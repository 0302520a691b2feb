"""A thin front to Snakemake: checks first, then the same work with a live view, and one log that says what failed."""
