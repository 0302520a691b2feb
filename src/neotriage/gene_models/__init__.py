"""Gene models: genes, transcripts, exons and coding parts from an Ensembl-style GFF3, and which genes lie at a position.

Coordinates are 0-based half-open here; GFF3's are 1-based closed.
"""

from neotriage.gene_models.gff3 import read_gene_models
from neotriage.gene_models.intervals import GeneIndex
from neotriage.gene_models.models import GeneModels, Regions
from neotriage.gene_models.records import Gene, Transcript

__all__ = ["Gene", "GeneIndex", "GeneModels", "Regions", "Transcript", "read_gene_models"]
