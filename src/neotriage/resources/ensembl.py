"""Gene models for a run, from Ensembl's GFF3 and MANE's table: the build's contig names, one transcript or few a gene.

Kept of a gene: its transcripts tagged MANE_Select or MANE_Plus_Clinical; of a gene without one, the transcript tagged
Ensembl_canonical if the gene makes a protein or a small RNA; on the mitochondrion, all. `refseq=` is added from MANE's table.
"""

from __future__ import annotations

import csv
import gzip
import os
from collections.abc import Iterator
from pathlib import Path

from neotriage.errors import BuildError, FormatError
from neotriage.genome import Build, ContigKind

__all__ = ["write_gene_models"]

_MANE = frozenset({"MANE_Select", "MANE_Plus_Clinical"})
_CANONICAL = "Ensembl_canonical"
_BIOTYPES = frozenset(
    {"protein_coding", "snRNA", "snoRNA", "scaRNA", "miRNA", "ribozyme", "misc_RNA", "vault_RNA", "Mt_rRNA", "Mt_tRNA"}
)


def write_gene_models(ensembl: Path, mane: Path, build: Build, target: Path) -> int:
    """Write the run's gene models (GFF3, gzipped) and return the number of transcripts; same input, same bytes.

    Args:
        ensembl: Homo_sapiens.<build>.<release>.gff3.gz, tagged (release 110 or newer).
        mane: MANE.<build>.v<release>.summary.txt.gz.
        build: its contigs are kept, under its names.
        target: <name>.gff3.gz.

    Raises:
        FormatError: not such files, or no transcript is tagged.
        BuildError: no contig of the build has a gene.
    """
    refseq = _refseq(mane)
    kept = _kept_transcripts(ensembl, build)
    if not kept:
        raise FormatError(
            "no transcript is tagged MANE_Select", file=ensembl, fix="give Ensembl's GFF3 of release 110 or newer"
        )
    genes = set(kept.values())
    partial = target.with_name(target.name + ".partial")
    with partial.open("wb") as raw, gzip.GzipFile("", "wb", 6, raw, mtime=0) as out:
        out.write(f"##gff-version 3\n# {ensembl.name} with {mane.name}, by neotriage resources build\n".encode())
        for contig, fields in _lines(ensembl, build):
            text = fields[8]
            key, _, name = text.partition(";")[0].partition("=")
            parent = _attribute(text, "Parent").removeprefix("transcript:")
            if key == "ID" and name.startswith("gene:"):
                is_kept = name.removeprefix("gene:") in genes
            elif key == "ID" and name.startswith("transcript:"):
                stable = name.removeprefix("transcript:")
                is_kept = stable in kept
                text += f";refseq={refseq[stable]}" if is_kept and stable in refseq else ""
            else:
                is_kept = fields[2] in {"exon", "CDS", "five_prime_UTR", "three_prime_UTR"} and parent in kept
            if is_kept:
                out.write(("\t".join([contig, *fields[1:8], text]) + "\n").encode())
    os.replace(partial, target)
    return len(kept)


def _refseq(mane: Path) -> dict[str, str]:
    """Ensembl transcript without version -> its RefSeq partner."""
    with gzip.open(mane, "rt") as text:
        rows = csv.DictReader((line.removeprefix("#") for line in text), delimiter="\t")
        if not {"Ensembl_nuc", "RefSeq_nuc"} <= set(rows.fieldnames or ()):
            raise FormatError("has no columns Ensembl_nuc and RefSeq_nuc", file=mane, fix="give MANE's summary.txt.gz")
        return {row["Ensembl_nuc"].partition(".")[0]: row["RefSeq_nuc"] for row in rows}


def _kept_transcripts(ensembl: Path, build: Build) -> dict[str, str]:
    """Transcript -> its gene, of those that are kept."""
    tagged: dict[str, str] = {}
    canonical: dict[str, str] = {}
    contigs = set()
    for contig, fields in _lines(ensembl, build):
        contigs.add(contig)
        if "ID=transcript:" not in fields[8]:
            continue
        stable = _attribute(fields[8], "ID").removeprefix("transcript:")
        gene = _attribute(fields[8], "Parent").removeprefix("gene:")
        tags = set(_attribute(fields[8], "tag").split(","))
        if tags & _MANE or build.kind(contig) is ContigKind.MITOCHONDRION:
            tagged[stable] = gene
        elif _CANONICAL in tags and _attribute(fields[8], "biotype") in _BIOTYPES:
            canonical[stable] = gene
    if not contigs:
        raise BuildError(f"no contig of {build.name} has a gene", file=ensembl, fix=f"give Ensembl's GFF3 of {build.name}")
    have = set(tagged.values())
    return tagged | {stable: gene for stable, gene in canonical.items() if gene not in have}


def _lines(path: Path, build: Build) -> Iterator[tuple[str, list[str]]]:
    """The build's contig and the nine columns of each line on one."""
    try:
        with gzip.open(path, "rt") as text:
            for number, line in enumerate(text, 1):
                if line.startswith("#"):
                    continue
                fields = line.rstrip("\n").split("\t")
                if len(fields) != 9:
                    raise FormatError(f"{len(fields)} columns where GFF3 has 9", file=path, row=number, fix="fetch it again")
                contig = fields[0] if fields[0] in build.by_name else build.own_name(fields[0])
                if contig is not None:
                    yield contig, fields
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise FormatError(f"cannot be read to its end ({error})", file=path, fix="fetch it again") from None


def _attribute(text: str, key: str) -> str:
    for part in text.split(";"):
        name, _, value = part.partition("=")
        if name == key:
            return value
    return ""
