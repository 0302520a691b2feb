"""The demo's resource files, in the layouts of the real ones: gnomAD's sites VCF, ClinVar's VCF, PanelApp's JSON.

Every header says that the content is invented.
"""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pysam

from neotriage.genome import Build, ContigKind
from neotriage.simulate.design import Assertion
from neotriage.simulate.genes import GeneDesign
from neotriage.simulate.haplotypes import Allele
from neotriage.whole_file import write_text

__all__ = ["DEMO_SOURCE", "POPULATIONS", "write_clinvar", "write_constraint", "write_frequencies", "write_panel"]

DEMO_SOURCE = "neotriage simulate demo: INVENTED, synthetic sequence with real gene names"
POPULATIONS = ("afr", "amr", "eas", "nfe", "sas")
_PERSONS = 75000

PANEL_MODES: Mapping[str, str] = {
    "monoallelic": "MONOALLELIC, autosomal or pseudoautosomal, NOT imprinted",
    "biallelic": "BIALLELIC, autosomal or pseudoautosomal",
    "both": "BOTH monoallelic and biallelic, autosomal or pseudoautosomal",
    "x_dominant": "X-LINKED: hemizygous mutation in males, monoallelic mutations in females may cause disease "
    "(may be less severe, later onset than males)",
    "mitochondrial": "MITOCHONDRIAL",
}
"""The design's mode -> PanelApp's wording."""


def write_frequencies(
    path: Path, build: Build, frequencies: Mapping[Allele, float], seed: int, source: str = DEMO_SOURCE
) -> None:
    """A bgzipped, tabix-indexed sites VCF with AC, AN, AF, one AF per population, AF_popmax, popmax, nhomalt, nhemi."""
    header = [
        '##INFO=<ID=AC,Number=A,Type=Integer,Description="Alternate allele count">',
        '##INFO=<ID=AN,Number=1,Type=Integer,Description="Alleles typed">',
        '##INFO=<ID=AF,Number=A,Type=Float,Description="Alternate allele frequency">',
        *(
            f'##INFO=<ID=AF_{name},Number=A,Type=Float,Description="Alternate allele frequency in {name.upper()}">'
            for name in POPULATIONS
        ),
        '##INFO=<ID=AF_popmax,Number=A,Type=Float,Description="Highest allele frequency over the populations">',
        '##INFO=<ID=popmax,Number=A,Type=String,Description="Population of AF_popmax">',
        '##INFO=<ID=nhomalt,Number=A,Type=Integer,Description="Homozygous persons">',
        '##INFO=<ID=nhemi,Number=A,Type=Integer,Description="Hemizygous persons">',
        f"##populations={','.join(POPULATIONS)}",
    ]
    records = {allele: f".\tPASS\t{_frequency_info(build, allele, af, seed)}" for allele, af in frequencies.items()}
    _write_vcf(path, build, source, header, {allele: (".", rest) for allele, rest in records.items()})


def _frequency_info(build: Build, allele: Allele, af: float, seed: int) -> str:
    kind = build.kind(allele.contig)
    is_par = build.is_par(allele.contig, allele.position)
    if kind in {ContigKind.Y, ContigKind.MITOCHONDRION}:
        typed = _PERSONS // 2 if kind is ContigKind.Y else _PERSONS
        homozygotes, hemizygotes = (0, round(af * typed)) if kind is ContigKind.Y else (round(af * typed), 0)
    elif kind is ContigKind.X and not is_par:
        typed = _PERSONS * 3 // 2
        homozygotes, hemizygotes = round(af * af * _PERSONS / 2), round(af * _PERSONS / 2)
    else:
        typed = 2 * _PERSONS
        homozygotes, hemizygotes = round(af * af * _PERSONS), 0
    count = max(1, round(af * typed))
    stream = random.Random(f"{seed}:populations:{allele}")
    by_population = {name: min(0.99, count / typed * stream.uniform(0.7, 1.25)) for name in POPULATIONS}
    highest = max(by_population, key=by_population.__getitem__)
    shares = ";".join(f"AF_{name}={share:.6g}" for name, share in by_population.items())
    return (
        f"AC={count};AN={typed};AF={count / typed:.6g};{shares};AF_popmax={by_population[highest]:.6g};popmax={highest};"
        f"nhomalt={homozygotes};nhemi={hemizygotes}"
    )


def write_clinvar(path: Path, build: Build, assertions: Sequence[tuple[Allele, GeneDesign, Assertion]]) -> None:
    """A bgzipped, tabix-indexed VCF in ClinVar's layout; variation and allele ids count from 9,000,001 and are invented."""
    header = [
        '##INFO=<ID=ALLELEID,Number=1,Type=Integer,Description="the ClinVar Allele ID">',
        '##INFO=<ID=CLNDISDB,Number=.,Type=String,Description="Tag-value pairs of disease database name and identifier">',
        '##INFO=<ID=CLNDN,Number=.,Type=String,Description="ClinVar\'s preferred disease name">',
        '##INFO=<ID=CLNREVSTAT,Number=.,Type=String,Description="ClinVar review status of germline classification">',
        '##INFO=<ID=CLNSIG,Number=.,Type=String,Description="Aggregate germline classification for this single variant">',
        '##INFO=<ID=CLNVC,Number=1,Type=String,Description="Variant type">',
        '##INFO=<ID=GENEINFO,Number=1,Type=String,Description="Gene symbol:gene id">',
        '##INFO=<ID=ORIGIN,Number=.,Type=String,Description="Allele origin, 1 germline">',
    ]
    order = [contig.name for contig in build.contigs]
    placed = sorted(assertions, key=lambda one: (order.index(one[0].contig), one[0].position, one[0].alt))
    records: dict[Allele, tuple[str, str]] = {}
    for number, (allele, gene, said) in enumerate(placed, start=9_000_001):
        disease = gene.disease.replace(",", "%2C").replace(" ", "_")
        kind = "single_nucleotide_variant" if len(allele.ref) == len(allele.alt) else "Deletion"
        info = (
            f"ALLELEID={number};CLNDISDB=OMIM:{gene.omim};CLNDN={disease};CLNREVSTAT={said.review};"
            f"CLNSIG={said.significance};CLNVC={kind};GENEINFO={gene.symbol}:{gene.ncbi};ORIGIN=1"
        )
        records[allele] = (str(number), f".\t.\t{info}")
    _write_vcf(path, build, DEMO_SOURCE, header, records)


def write_constraint(path: Path, genes: Iterable[GeneDesign], seed: int) -> None:
    """A table in the layout of gnomAD's constraint by gene: LOEUF is low where, by the design, one allele causes disease."""
    rows = [f"## {DEMO_SOURCE}", "gene\ttranscript\tpLI\toe_lof_upper"]
    for gene in genes:
        if gene.codons:
            is_constrained = gene.mode in {"monoallelic", "x_dominant"}
            low, high = (0.1, 0.3) if is_constrained else (0.5, 1.2)
            loeuf = random.Random(f"{seed}:constraint:{gene.symbol}").uniform(low, high)
            rows.append(f"{gene.symbol}\t{gene.transcript.partition('.')[0]}\t{1.0 if is_constrained else 0.0}\t{loeuf:.3f}")
    write_text(path, "\n".join(rows) + "\n")


def write_panel(path: Path, panel: Mapping[str, Any], genes: Iterable[GeneDesign]) -> None:
    """A panel as the PanelApp API returns it: the genes that the design gives a mode."""
    entries = [_panel_gene(gene) for gene in genes if gene.mode]
    raw = {
        "id": panel["id"],
        "name": panel["name"],
        "disease_group": "Synthetic demo",
        "disease_sub_group": "",
        "status": "public",
        "version": panel["version"],
        "version_created": "2026-01-01T00:00:00Z",
        "stats": {"number_of_genes": len(entries), "number_of_strs": 0, "number_of_regions": 0},
        "types": [{"name": "Demo", "slug": "demo", "description": "Invented for the demo; real gene names."}],
        "genes": entries,
        "strs": [],
        "regions": [],
    }
    write_text(path, json.dumps(raw, indent=1) + "\n")


def _panel_gene(gene: GeneDesign) -> dict[str, Any]:
    place = f"{gene.contig.removeprefix('chr')}:{gene.start + 1}"
    return {
        "gene_data": {
            "biotype": gene.biotype,
            "hgnc_id": gene.hgnc,
            "gene_symbol": gene.symbol,
            "hgnc_symbol": gene.symbol,
            "omim_gene": [],
            "ensembl_genes": {"GRch38": {"90": {"location": place, "ensembl_id": gene.gene_id}}},
        },
        "entity_type": "gene",
        "entity_name": gene.symbol,
        "confidence_level": str(gene.confidence),
        "penetrance": None,
        "mode_of_pathogenicity": "",
        "publications": [],
        "evidence": [],
        "phenotypes": [f"{gene.disease}, OMIM:{gene.omim}"],
        "mode_of_inheritance": PANEL_MODES[gene.mode],
        "tags": [],
        "transcript": None,
    }


def _write_vcf(path: Path, build: Build, source: str, header: Sequence[str], records: Mapping[Allele, tuple[str, str]]) -> None:
    """Write `path` (.vcf.gz) and its .tbi; records map an allele to its ID and the columns from QUAL on."""
    order = [contig.name for contig in build.contigs]
    lines = ["##fileformat=VCFv4.2", f"##source={source}"]
    lines += [f"##reference={build.name}"]
    lines += [f"##contig=<ID={contig.name},length={contig.length}>" for contig in build.contigs]
    lines += [*header, "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"]
    for allele in sorted(records, key=lambda a: (order.index(a.contig), a.position, a.ref, a.alt)):
        name, rest = records[allele]
        lines.append(f"{allele.contig}\t{allele.position + 1}\t{name}\t{allele.ref}\t{allele.alt}\t{rest}")
    plain, partial = path.with_suffix(".partial.vcf"), path.with_suffix(".partial.vcf.gz")
    plain.write_text("\n".join(lines) + "\n")
    pysam.tabix_compress(str(plain), str(partial), force=True)
    pysam.tabix_index(str(partial), preset="vcf", force=True)
    plain.unlink()
    os.replace(f"{partial}.tbi", f"{path}.tbi")
    os.replace(partial, path)
