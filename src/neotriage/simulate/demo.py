"""The embedded demo: a folder with everything that a run needs, made from the design and a seed, and what is planted in it.

The folder says which files are its own (`demo.json`, with their SHA-256): a second run with the same seed and the same
program checks them and touches nothing, a changed or unfinished folder is made again, a foreign one is refused.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pysam
import yaml

from neotriage.checksum import file_sha256
from neotriage.errors import InputError
from neotriage.home import resource
from neotriage.simulate.assembly import Assembly, make_assembly
from neotriage.simulate.background import common_sites, draw_founders, rare_sites
from neotriage.simulate.design import Assertion, Design, Planted, read_design
from neotriage.simulate.effects import variant_of_effect
from neotriage.simulate.genes import GeneDesign, gff3_lines
from neotriage.simulate.haplotypes import Allele
from neotriage.simulate.reads import simulate_reads
from neotriage.simulate.resource_files import (
    POPULATIONS,
    write_clinvar,
    write_constraint,
    write_frequencies,
    write_panel,
)
from neotriage.simulate.trio import ROLES, Trio
from neotriage.whole_file import write_text

__all__ = ["TRUTH_COLUMNS", "make_demo"]

TRUTH_COLUMNS = (
    "id",
    "role",
    "kind",
    "gene",
    "chrom",
    "position",
    "ref",
    "alt",
    "child",
    "father",
    "mother",
    "frequency",
    "clinvar",
    "expected",
    "note",
)
"""Columns of truth.tsv; position is 1-based, as in VCF."""

_SHEET_COLUMNS = ("family", "sample", "father", "mother", "sex", "affected", "read_group", "fastq_1", "fastq_2")

_OWN = "demo.json"
_FILES = (
    "always_look.tsv",
    "cases/*.yaml",
    "clinvar.vcf.gz*",
    "config.yaml",
    "constraint.tsv",
    "frequencies.vcf.gz*",
    "genes.gff3",
    "genome.fa",
    "genome.fa.fai",
    "genome.yaml",
    "panel.json",
    "reads/*.fastq.gz",
    "samples.tsv",
    "truth.tsv",
)
_LANES: Mapping[str, int] = {"child": 2, "father": 1, "mother": 1}
_SEX: Mapping[str, str] = {"child": "male", "father": "male", "mother": "female"}
_BACKGROUND_CLINVAR: Sequence[tuple[str, Assertion]] = (
    ("nonsense", Assertion("Pathogenic", "criteria_provided,_multiple_submitters,_no_conflicts")),
    ("frameshift", Assertion("Pathogenic", "criteria_provided,_single_submitter")),
    ("missense", Assertion("Uncertain_significance", "criteria_provided,_single_submitter")),
    ("nonsense", Assertion("Likely_pathogenic", "criteria_provided,_single_submitter")),
    ("missense", Assertion("Conflicting_classifications_of_pathogenicity", "criteria_provided,_conflicting_classifications")),
    ("missense", Assertion("Likely_pathogenic", "criteria_provided,_single_submitter")),
    ("synonymous", Assertion("Likely_benign", "criteria_provided,_single_submitter")),
    ("synonymous", Assertion("Benign", "criteria_provided,_multiple_submitters,_no_conflicts")),
)


def make_demo(folder: Path, seed: int = 7) -> bool:
    """Make the demo's input folder, or find it complete; whether it was made now.

    Args:
        folder: where to; made if absent.
        seed: same seed and program, same bytes.

    Raises:
        InputError: the folder holds something that is not a demo.
        MachineError: art_illumina is not installed.
    """
    made_by = {"seed": seed, "program": _program_checksum()}
    if _is_complete(folder, made_by):
        return False
    _claim(folder, made_by)
    design = read_design(resource("demo", "design.yaml"))
    assembly = make_assembly(design, seed)
    planted = [(one, _resolve(one, assembly)) for one in design.planted]
    trio, frequencies = _populate(assembly, planted, seed)
    _write_genome(folder, assembly)
    write_frequencies(folder / "frequencies.vcf.gz", design.build, frequencies, seed)
    write_clinvar(folder / "clinvar.vcf.gz", design.build, _assertions(assembly, planted, frequencies))
    write_constraint(folder / "constraint.tsv", design.genes, seed)
    write_panel(folder / "panel.json", design.panel, design.genes)
    write_text(folder / "always_look.tsv", _always_look(design))
    _write_reads(folder, trio, seed)
    _write_sheets(folder, design)
    write_text(folder / "truth.tsv", _truth(trio, planted))
    _write_own(folder, made_by, {str(path.relative_to(folder)): file_sha256(path) for path in _files(folder)})
    return True


def _files(folder: Path) -> list[Path]:
    return sorted(path for pattern in _FILES for path in folder.glob(pattern))


def _program_checksum() -> str:
    sources = [*sorted(Path(__file__).parent.glob("*.py")), resource("demo", "design.yaml")]
    return hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()


def _is_complete(folder: Path, made_by: Mapping[str, Any]) -> bool:
    if not (folder / _OWN).is_file():
        return False
    own = json.loads((folder / _OWN).read_text())
    if own["made_by"] != made_by or not own["files"]:
        return False
    return all((folder / name).is_file() and file_sha256(folder / name) == found for name, found in own["files"].items())


def _claim(folder: Path, made_by: Mapping[str, Any]) -> None:
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder} is not a folder", fix="give another --output")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / _OWN).is_file():
        raise InputError(f"{folder} holds files that are not a demo's", fix="give a new or empty folder as --output")
    folder.mkdir(parents=True, exist_ok=True)
    _write_own(folder, made_by, {})


def _write_own(folder: Path, made_by: Mapping[str, Any], files: Mapping[str, str]) -> None:
    write_text(folder / _OWN, json.dumps({"made_by": made_by, "files": files}, indent=1, sort_keys=True) + "\n")


def _resolve(planted: Planted, assembly: Assembly) -> Allele:
    transcript = assembly.transcript(planted.gene)
    contig = transcript.design.contig
    if planted.effect:
        return variant_of_effect(transcript, assembly.sequences[contig], planted.effect, planted.exon)
    return Allele(contig, planted.position, planted.ref, planted.alt)


def _populate(assembly: Assembly, planted: Sequence[tuple[Planted, Allele]], seed: int) -> tuple[Trio, dict[Allele, float]]:
    """The trio with its background and planted variants, and the frequency source's content."""
    fixed = [Allele(contig, position, base, base) for (contig, position), base in assembly.design.fixed_bases.items()]
    avoid = [*(allele for _, allele in planted), *fixed]
    common = common_sites(assembly, seed, avoid)
    rare = rare_sites(assembly, seed, [*avoid, *common])
    trio = Trio(assembly)
    draw_founders(trio, common, seed)
    for one, allele in planted:
        trio.put(allele, one.haplotypes)
        if one.fraction:
            trio.fractions[allele] = one.fraction
    known = {allele: one.frequency for one, allele in planted if one.frequency is not None}
    return trio, {**common, **rare, **known}


def _assertions(
    assembly: Assembly, planted: Sequence[tuple[Planted, Allele]], frequencies: Mapping[Allele, float]
) -> list[tuple[Allele, GeneDesign, Assertion]]:
    """ClinVar's content: the planted variants that it knows, and for each coding gene a few that the family does not have."""
    genes = {gene.symbol: gene for gene in assembly.design.genes}
    found = [(allele, genes[one.gene], one.clinvar) for one, allele in planted if one.clinvar is not None]
    taken = {*frequencies, *(allele for _, allele in planted)}
    for transcript in assembly.transcripts:
        gene = transcript.design
        if transcript.cds is None or not gene.disease:
            continue
        inner = range(2, len(transcript.exons))
        for number, (effect, said) in enumerate(_BACKGROUND_CLINVAR):
            allele = variant_of_effect(transcript, assembly.sequences[gene.contig], effect, inner[number % len(inner)])
            if allele not in taken:
                taken.add(allele)
                found.append((allele, gene, said))
    return found


def _always_look(design: Design) -> str:
    """The bundled list's entries on the mitochondrion, whose positions the demo shares with the rCRS, and its genes."""
    title, *rows = resource("always_look.tsv").read_text().splitlines()
    genes = [row for row in rows if row.startswith("*\tgene\t")]
    places = [row.replace("GRCh38", design.build.name, 1) for row in rows if row.startswith("GRCh38\tposition\tchrM\t")]
    return "\n".join([title, *places, *genes]) + "\n"


def _write_genome(folder: Path, assembly: Assembly) -> None:
    fasta = "".join(f">{name}\n{_wrapped(bases)}" for name, bases in assembly.reference.items())
    write_text(folder / "genome.fa", fasta)
    pysam.faidx(str(folder / "genome.fa"))
    build = assembly.design.build
    raw = {
        "name": build.name,
        "contigs": [{"name": c.name, "length": c.length, "kind": c.kind.value} for c in build.contigs],
        "par": [{"contig": r.contig, "start": r.start, "end": r.end} for r in build.par],
    }
    write_text(folder / "genome.yaml", "# SYNTHETIC SEQUENCE\n" + yaml.safe_dump(raw, sort_keys=False))
    lines = ["##gff-version 3\n", "# SYNTHETIC SEQUENCE AND COORDINATES, REAL GENE NAMES: neotriage simulate demo\n"]
    for transcript in assembly.transcripts:
        lines += gff3_lines(transcript, "synthetic")
    write_text(folder / "genes.gff3", "".join(lines))


def _wrapped(bases: str, width: int = 60) -> str:
    return "".join(f"{bases[i : i + width]}\n" for i in range(0, len(bases), width))


def _write_reads(folder: Path, trio: Trio, seed: int) -> None:
    (folder / "reads").mkdir(exist_ok=True)
    samples = trio.assembly.design.case.samples
    libraries = [(role, lane) for role, lanes in _LANES.items() for lane in range(1, lanes + 1)]

    def one(number: int) -> None:
        role, lane = libraries[number]
        name = f"{samples[role]}.L{lane}"
        molecules = trio.molecules(role, 1 / _LANES[role])
        simulate_reads(molecules, folder / "reads" / name, seed=seed * 101 + number, name=name)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(one, range(len(libraries))))


def _write_sheets(folder: Path, design: Design) -> None:
    case = design.case
    write_text(folder / "samples.tsv", "".join("\t".join(row) + "\n" for row in _sheet(design)))
    (folder / "cases").mkdir(exist_ok=True)
    raw_case = {
        "family": case.name,
        "proband": case.samples["child"],
        "hpo": {"present": list(case.hpo_present), "excluded": list(case.hpo_excluded)},
        "panels": ["../panel.json"],
        "suspected_mode": case.suspected_mode,
        "consent": {"secondary_findings": False, "carrier_status": False},
        "clock": dict(case.clock),
        "notes": ["Synthetic family and synthetic genome with real gene names."],
    }
    write_text(folder / "cases" / f"{case.name}.yaml", yaml.safe_dump(raw_case, sort_keys=False))
    raw_config = {
        "samplesheet": "samples.tsv",
        "cases": "cases",
        "outdir": "results",
        "reference": {"build": "genome.yaml", "fasta": "genome.fa", "gene_models": "genes.gff3"},
        "resources": {
            "clinvar": "clinvar.vcf.gz",
            "frequencies": [
                {
                    "name": "demo-population",
                    "vcf": "frequencies.vcf.gz",
                    "allele_frequency": [f"AF_{name}" for name in POPULATIONS],
                    "homozygotes": "nhomalt",
                    "hemizygotes": "nhemi",
                }
            ],
            "always_look": "always_look.tsv",
            "constraint": "constraint.tsv",
        },
        "calls": {"caller": "bcftools"},
    }
    title = "# Made by `neotriage simulate demo`; paths are relative to this file.\n"
    write_text(folder / "config.yaml", title + yaml.safe_dump(raw_config, sort_keys=False))


def _sheet(design: Design) -> Iterator[tuple[str, ...]]:
    yield _SHEET_COLUMNS
    samples = design.case.samples
    for role in ROLES:
        parents = (samples["father"], samples["mother"]) if role == "child" else ("0", "0")
        affected = "yes" if role == "child" else "no"
        for lane in range(1, _LANES[role] + 1):
            mates = (f"reads/{samples[role]}.L{lane}_R{mate}.fastq.gz" for mate in (1, 2))
            yield (design.case.name, samples[role], *parents, _SEX[role], affected, f"L{lane}", *mates)


def _truth(trio: Trio, planted: Sequence[tuple[Planted, Allele]]) -> str:
    rows = ["\t".join(TRUTH_COLUMNS)]
    for one, allele in planted:
        genotypes = [trio.genotype(role, allele) for role in ROLES]
        frequency = "" if one.frequency is None else f"{one.frequency:g}"
        said = "" if one.clinvar is None else one.clinvar.significance
        place = (allele.contig, str(allele.position + 1), allele.ref, allele.alt)
        kind = one.effect or "rna"
        rows.append("\t".join((one.id, one.role, kind, one.gene, *place, *genotypes, frequency, said, one.expected, one.note)))
    return "\n".join(rows) + "\n"
