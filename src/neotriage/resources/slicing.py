"""The lite tier: of a big indexed VCF only the records in the panels' genes, read over its index from the server.

htslib asks the server for the blocks that the index names; the rest is never fetched. What was sliced is said in the header,
and the lock holds the slice's own checksum: a slice can be proven against itself, not against the whole.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pysam

from neotriage.errors import InputError, ResourceError
from neotriage.gene_models import GeneModels
from neotriage.panels import match_panel, read_panel

__all__ = ["panel_regions", "slice_vcf"]

Region = tuple[str, int, int]
_PADDING_BP = 500


def panel_regions(panels: Sequence[Path], models: GeneModels, padding_bp: int = _PADDING_BP) -> list[Region]:
    """Spans of the panels' genes, padded and merged, 0-based half-open, by contig and place.

    Raises:
        InputError: no panel has a gene of the models.
    """
    places = {place for path in panels for place in match_panel(read_panel(path), models).genes}
    spans: dict[str, list[tuple[int, int]]] = {}
    for place in places:
        gene = models.genes[place]
        spans.setdefault(gene.contig, []).append((max(0, gene.start - padding_bp), gene.end + padding_bp))
    if not spans:
        raise InputError("no panel has a gene of the gene models", fix="give --panels")
    merged: list[Region] = []
    for contig in sorted(spans):
        for start, end in sorted(spans[contig]):
            if merged and merged[-1][0] == contig and start <= merged[-1][2]:
                merged[-1] = (contig, merged[-1][1], max(end, merged[-1][2]))
            else:
                merged.append((contig, start, end))
    return merged


def slice_vcf(
    address: str, index: Path, regions: Sequence[Region], target: Path, progress: Callable[[int], None] = lambda _: None
) -> int:
    """Write the records of the regions, bgzipped with its index (.tbi), whole or not at all; returns how many.

    Args:
        address: the VCF, a web address or a path.
        index: its .tbi, already here.
        regions: sorted and disjoint, 0-based half-open; those on other contigs are passed over.
        target: the file to write.
        progress: told how many bytes of records more are here, unpacked.

    Raises:
        ResourceError: it cannot be read.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f"partial.{target.name}")
    digest = hashlib.sha256("\n".join(f"{c}:{s}-{e}" for c, s, e in regions).encode()).hexdigest()
    records = 0
    try:
        with pysam.TabixFile(address, index=str(index)) as vcf, pysam.BGZFile(str(partial), "wb", None) as out:
            header = list(vcf.header)
            said = f'##neotriage_slice=<Regions={len(regions)},SHA256="{digest}">'
            out.write("".join(f"{line}\n" for line in [*header[:-1], said, header[-1]]).encode())
            before = ("", 0)
            for contig, start, end in regions:
                if contig not in vcf.contigs:
                    continue
                for line in vcf.fetch(contig, start, end):
                    position = int(line.split("\t", 2)[1]) - 1
                    if contig == before[0] and position < before[1]:
                        continue  # a long allele that reaches into two regions
                    out.write(f"{line}\n".encode())
                    records += 1
                    progress(len(line) + 1)
                before = (contig, end)
    except (OSError, ValueError) as error:
        partial.unlink(missing_ok=True)
        raise ResourceError(f"{address}: cannot be sliced ({error})", fix="try again later, or fetch the full tier") from None
    pysam.tabix_index(str(partial), preset="vcf", force=True)
    os.replace(f"{partial}.tbi", f"{target}.tbi")
    os.replace(partial, target)
    return records
