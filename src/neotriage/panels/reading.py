"""Gene panels: which genes are looked at, how sure each is, and the inheritance it is known for.

Reads PanelApp's own JSON, the table of all its panels, a table, a plain list, or BED. A symbol is never taken for an alias of
another gene: a panel gene that the gene models do not have is listed, so that the report can say that it was not looked at.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np

from neotriage.bed import bed_intervals
from neotriage.errors import InputError
from neotriage.gene_models import GeneModels
from neotriage.pedigree import Sex

__all__ = [
    "GREEN",
    "ModeOfInheritance",
    "Panel",
    "PanelGene",
    "PanelMatch",
    "PanelRegion",
    "PanelRepeat",
    "match_panel",
    "parse_mode",
    "read_panel",
    "read_panel_table",
]

GREEN = 3  # PanelApp: 3 and 4 are green (diagnostic grade), 2 amber, 1 red, 0 no list


class ModeOfInheritance(StrEnum):
    """A gene's curated mode of inheritance: PanelApp's vocabulary, one member a wording."""

    MONOALLELIC = "monoallelic"
    MONOALLELIC_MATERNALLY_IMPRINTED = "monoallelic_maternally_imprinted"
    MONOALLELIC_PATERNALLY_IMPRINTED = "monoallelic_paternally_imprinted"
    MONOALLELIC_IMPRINTING_UNKNOWN = "monoallelic_imprinting_unknown"
    BIALLELIC = "biallelic"
    BOTH = "monoallelic_and_biallelic"
    BOTH_BIALLELIC_SEVERE = "monoallelic_and_biallelic_biallelic_more_severe"
    X_BIALLELIC_FEMALES = "x_linked_biallelic_in_females"
    X_MONOALLELIC_FEMALES = "x_linked_monoallelic_in_females"
    X_UNSPECIFIED = "x_linked"
    MITOCHONDRIAL = "mitochondrial"
    OTHER = "other"
    UNKNOWN = "unknown"

    @property
    def is_stated(self) -> bool:
        """Whether the panel commits itself; OTHER and UNKNOWN exclude no mode."""
        return self not in {ModeOfInheritance.OTHER, ModeOfInheritance.UNKNOWN}

    @property
    def allows_dominant(self) -> bool:
        """Whether one altered allele may cause the disease (on X: in females too); true where not stated."""
        return not self.is_stated or self.startswith("monoallelic") or self in _X_DOMINANT

    @property
    def allows_recessive(self) -> bool:
        """Whether two altered alleles (on X: or a male's one) cause the disease; true where not stated."""
        return not self.is_stated or self in _RECESSIVE or self.is_x_linked

    @property
    def is_x_linked(self) -> bool:
        """Whether the panel says X-linked."""
        return self.startswith("x_linked")

    @property
    def is_mitochondrial(self) -> bool:
        """Whether the panel says mitochondrial: inherited with the mitochondrial genome."""
        return self is ModeOfInheritance.MITOCHONDRIAL

    @property
    def imprinted_parent(self) -> Sex | None:
        """The parent whose allele is silent, so that only the other parent's causes the disease; None if not imprinted."""
        return _IMPRINTED.get(self)


_X_DOMINANT = frozenset({ModeOfInheritance.X_MONOALLELIC_FEMALES, ModeOfInheritance.X_UNSPECIFIED})
_RECESSIVE = frozenset({ModeOfInheritance.BIALLELIC, ModeOfInheritance.BOTH, ModeOfInheritance.BOTH_BIALLELIC_SEVERE})
_IMPRINTED = {
    ModeOfInheritance.MONOALLELIC_MATERNALLY_IMPRINTED: Sex.FEMALE,
    ModeOfInheritance.MONOALLELIC_PATERNALLY_IMPRINTED: Sex.MALE,
}

# PanelApp's choices for mode_of_inheritance (panelapp/models/genepanelentry), whole, and the short forms of its summary tables.
_MODES: Mapping[str, ModeOfInheritance] = {
    "MONOALLELIC, autosomal or pseudoautosomal, NOT imprinted": ModeOfInheritance.MONOALLELIC,
    "MONOALLELIC, autosomal or pseudoautosomal, maternally imprinted (paternal allele expressed)": (
        ModeOfInheritance.MONOALLELIC_MATERNALLY_IMPRINTED
    ),
    "MONOALLELIC, autosomal or pseudoautosomal, paternally imprinted (maternal allele expressed)": (
        ModeOfInheritance.MONOALLELIC_PATERNALLY_IMPRINTED
    ),
    "MONOALLELIC, autosomal or pseudoautosomal, imprinted status unknown": ModeOfInheritance.MONOALLELIC_IMPRINTING_UNKNOWN,
    "MONOALLELIC, autosomal or pseudoautosomal": ModeOfInheritance.MONOALLELIC_IMPRINTING_UNKNOWN,
    "BIALLELIC, autosomal or pseudoautosomal": ModeOfInheritance.BIALLELIC,
    "BOTH monoallelic and biallelic, autosomal or pseudoautosomal": ModeOfInheritance.BOTH,
    "BOTH monoallelic and biallelic (but BIALLELIC mutations cause a more SEVERE disease form), "
    "autosomal or pseudoautosomal": ModeOfInheritance.BOTH_BIALLELIC_SEVERE,
    "X-LINKED: hemizygous mutation in males, biallelic mutations in females": ModeOfInheritance.X_BIALLELIC_FEMALES,
    "X-LINKED: hemizygous mutation in males, monoallelic mutations in females may cause disease "
    "(may be less severe, later onset than males)": ModeOfInheritance.X_MONOALLELIC_FEMALES,
    "MITOCHONDRIAL": ModeOfInheritance.MITOCHONDRIAL,
    "Other": ModeOfInheritance.OTHER,
    "Other - please specify in evaluation comments": ModeOfInheritance.OTHER,
    "Other - please specifiy in evaluation comments": ModeOfInheritance.OTHER,  # PanelApp's own spelling
    "Unknown": ModeOfInheritance.UNKNOWN,
    "": ModeOfInheritance.UNKNOWN,
    "AD": ModeOfInheritance.MONOALLELIC,
    "AR": ModeOfInheritance.BIALLELIC,
    "AD/AR": ModeOfInheritance.BOTH,
    "XL": ModeOfInheritance.X_UNSPECIFIED,
    "MT": ModeOfInheritance.MITOCHONDRIAL,
    "NA": ModeOfInheritance.UNKNOWN,
}
_TSV_COLUMNS = ("symbol", "hgnc_id", "ensembl_id", "confidence", "mode_of_inheritance")
_TABLE_COLUMNS = ("id", "name", "Gene", "confidence_level", "mode_of_inheritance")
_CONFIDENCES = {str(n): n for n in range(5)}
_SYMBOL = re.compile(r"[A-Za-z0-9][A-Za-z0-9@_.-]*")
_HGNC = re.compile(r"HGNC:[0-9]+")


@dataclass(frozen=True)
class PanelGene:
    """One gene of a panel. `symbol` or `hgnc_id` may be '' in a plain list; confidence 0 to 4, from 3 on green.

    `aliases` are other names that PanelApp gives: shown where the gene models lack the symbol, never matched by.
    """

    symbol: str
    hgnc_id: str
    ensembl_ids: tuple[str, ...]
    confidence: int
    mode: ModeOfInheritance
    mode_text: str
    aliases: tuple[str, ...] = ()

    @property
    def is_green(self) -> bool:
        """Whether the evidence is diagnostic grade."""
        return self.confidence >= GREEN

    @property
    def label(self) -> str:
        """The symbol, or what else the panel names the gene by."""
        return self.symbol or self.hgnc_id


@dataclass(frozen=True)
class PanelRegion:
    """A region of a panel: copy number variants by PanelApp, or a line of BED (`variants` '').

    Coordinates are GRCh38 in PanelApp, 0-based half-open, -1 where it states none; `contig` as written there. `variants` is
    PanelApp's type_of_variants (cnv_loss, cnv_gain, ...); `overlap_percent` the overlap it asks for, -1 not stated.
    """

    name: str
    contig: str
    start: int
    end: int
    variants: str = ""
    overlap_percent: int = -1
    confidence: int = GREEN
    mode: ModeOfInheritance = ModeOfInheritance.UNKNOWN


@dataclass(frozen=True)
class PanelRepeat:
    """A short tandem repeat of a panel; GRCh38, 0-based half-open. Highest normal, lowest pathogenic; -1 not stated."""

    name: str
    symbol: str
    contig: str
    start: int
    end: int
    motif: str
    normal_repeats: int
    pathogenic_repeats: int
    confidence: int
    mode: ModeOfInheritance


@dataclass(frozen=True)
class Panel:
    """One panel. `signed_off`: date on which this version was signed off by the NHS, '' not stated."""

    name: str
    identifier: str
    version: str
    sha256: str
    genes: tuple[PanelGene, ...]
    repeats: tuple[PanelRepeat, ...] = ()
    regions: tuple[PanelRegion, ...] = ()
    signed_off: str = ""


@dataclass(frozen=True)
class PanelMatch:
    """A panel against gene models: `genes` maps places in `GeneModels.genes` to panel genes; the rest is not looked at.

    `candidates`: label of an unmatched gene -> symbols of the gene models that another name of it might mean.
    """

    panel: Panel
    genes: Mapping[int, PanelGene]
    unmatched: tuple[PanelGene, ...]
    candidates: Mapping[str, tuple[str, ...]]


def read_panel(path: Path) -> Panel:
    """A panel from PanelApp JSON (.json), BED (.bed), a table with a header (column `symbol`), or a list, one gene a line.

    Any may be gzipped. The genes of a BED panel are those whose exons its lines overlap; they count as green.

    Raises:
        InputError: no such file, an empty panel, a gene twice, an unknown column, confidence or mode of inheritance.
        FormatError: a line of a BED that is no interval.
    """
    text, digest = _content(path)
    name = path.name.removesuffix(".gz")
    stem = name.rpartition(".")[0] or name
    if name.endswith(".json"):
        panel = _from_json(text, path, digest)
    elif name.endswith(".bed"):
        named = ((i.name or f"{i.contig}:{i.start + 1}-{i.end}", i) for i in bed_intervals(text, path))
        regions = tuple(PanelRegion(name, i.contig, i.start, i.end) for name, i in named)
        panel = Panel(stem, stem, "", digest, (), regions=regions)
    else:
        panel = Panel(stem, stem, "", digest, _from_text(text, path))
    _check_genes(panel, path)
    return panel


def read_panel_table(path: Path) -> tuple[Panel, ...]:
    """Every panel of a table of PanelApp (columns id, name, Gene, confidence_level, mode_of_inheritance), in file order.

    Such a table states no version; of a gene that stands twice on a panel the surer row counts, then the first.

    Raises:
        InputError: no such file, a column is missing, no row, an unknown confidence or mode of inheritance.
    """
    text, digest = _content(path)
    lines = text.splitlines()
    header = lines[0].split("\t") if lines else []
    lacking = [column for column in _TABLE_COLUMNS if column not in header]
    if lacking or len(lines) < 2:
        raise InputError(f"no {'column ' + lacking[0] if lacking else 'row'}", file=path, row=1, fix="give PanelApp's table")
    at = [header.index(column) for column in _TABLE_COLUMNS]
    panels: dict[tuple[str, str], dict[str, PanelGene]] = {}
    for number, line in enumerate(lines[1:], 2):
        fields = line.split("\t")
        if len(fields) != len(header):
            raise InputError(f"{len(fields)} fields under {len(header)} columns", file=path, row=number, fix="mend the row")
        identifier, name, symbol, level, mode = (fields[i].strip() for i in at)
        confidence = _confidence(level, symbol, path, number)
        gene = PanelGene(symbol, "", (), confidence, parse_mode(mode, file=path, gene=symbol, row=number), mode)
        genes = panels.setdefault((identifier, name), {})
        if symbol not in genes or genes[symbol].confidence < confidence:
            genes[symbol] = gene
    return tuple(Panel(name, identifier, "", digest, tuple(genes.values())) for (identifier, name), genes in panels.items())


def _content(path: Path) -> tuple[str, str]:
    """A file's text, unpacked if gzipped, and the SHA-256 of its bytes."""
    try:
        raw = path.read_bytes()
        text = (gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw).decode()
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror or error})", file=path, fix="give the path of a panel") from None
    except (EOFError, zlib.error, UnicodeDecodeError) as error:
        raise InputError(f"cannot be read ({error})", file=path, fix="fetch the file again") from None
    return text, hashlib.sha256(raw).hexdigest()


def match_panel(panel: Panel, gene_models: GeneModels) -> PanelMatch:
    """The panel's genes in the gene models: by Ensembl id, else HGNC id, else exactly the same symbol; never by alias.

    Raises:
        InputError: a BED panel names a contig on which the gene models have no gene.
    """
    matched: dict[int, PanelGene] = {}
    unmatched: list[PanelGene] = []
    for gene in panel.genes:
        places = _places(gene, gene_models)
        matched.update((place, gene) for place in places)
        if not places:
            unmatched.append(gene)
    for place in _overlapped([region for region in panel.regions if not region.variants], panel, gene_models):
        own = gene_models.genes[place]
        matched[place] = PanelGene(own.symbol, own.hgnc_id, (own.id,), GREEN, ModeOfInheritance.UNKNOWN, "")
    by_alias: dict[str, set[str]] = {}
    for other in panel.genes:
        for alias in other.aliases:
            by_alias.setdefault(alias, set()).add(other.symbol)
    candidates = {
        gene.label: tuple(sorted({*gene.aliases, *by_alias.get(gene.symbol, ())} & gene_models.by_symbol.keys()))
        for gene in unmatched
    }
    return PanelMatch(panel, dict(sorted(matched.items())), tuple(unmatched), candidates)


def _overlapped(regions: Iterable[PanelRegion], panel: Panel, models: GeneModels) -> list[int]:
    """Places of the genes whose exons regions overlap."""
    by_contig: dict[str, list[PanelRegion]] = {}
    for region in regions:
        by_contig.setdefault(region.contig, []).append(region)
    unknown = sorted(set(by_contig) - {gene.contig for gene in models.genes})
    if unknown:
        raise InputError(
            f"panel {panel.name}: no gene lies on contig {unknown[0]!r}", fix="name contigs as the gene models do, e.g. chr1"
        )
    index = models.exon_index() if by_contig else None
    places: set[int] = set()
    for contig, of in by_contig.items():
        if index is not None:
            starts, ends = (np.array([getattr(r, side) for r in of], np.int32) for side in ("start", "end"))
            places.update(index.overlaps(contig, starts, ends)[1].tolist())
    return sorted(places)


def parse_mode(text: str, *, file: str | Path, gene: str, row: int | None = None) -> ModeOfInheritance:
    """The mode of inheritance that a wording stands for; '' is UNKNOWN.

    Raises:
        InputError: a wording that is not PanelApp's.
    """
    try:
        return _MODES[" ".join(text.split())]
    except KeyError:
        raise InputError(
            f"unknown mode of inheritance {text!r} of gene {gene}",
            file=file,
            row=row,
            column="mode_of_inheritance",
            fix="use a wording of PanelApp, e.g. 'BIALLELIC, autosomal or pseudoautosomal', or leave it empty",
        ) from None


def _places(gene: PanelGene, models: GeneModels) -> tuple[int, ...]:
    by_id = tuple(models.by_id[name] for name in gene.ensembl_ids if name in models.by_id)
    return by_id or models.by_hgnc_id.get(gene.hgnc_id, ()) or models.by_symbol.get(gene.symbol, ())


def _check_genes(panel: Panel, path: Path) -> None:
    if not panel.genes and not panel.regions:
        raise InputError("the panel has no gene", file=path, fix="give a panel with at least one gene")
    seen: set[str] = set()
    for gene in panel.genes:
        for key in {gene.symbol, gene.hgnc_id} - {""}:
            if key in seen:
                raise InputError(
                    f"gene {key} stands twice", file=path, fix="keep one; instead of a super panel apply its component panels"
                )
            seen.add(key)


def _from_json(text: str, path: Path, digest: str) -> Panel:
    try:
        raw: dict[str, Any] = json.loads(text)
        if "results" in raw:
            raise InputError("a list of panels, not a panel", file=path, fix="use `neotriage panels fetch`, or give one panel")
        return Panel(
            name=raw["name"],
            identifier=str(raw["id"]),
            version=str(raw["version"]),
            sha256=digest,
            genes=tuple(_json_gene(entry, path) for entry in raw["genes"]),
            repeats=tuple(_json_repeat(entry, path) for entry in raw.get("strs") or ()),
            regions=tuple(_json_region(entry, path) for entry in raw.get("regions") or ()),
            signed_off=str(raw.get("signed_off") or ""),
        )
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError) as error:
        raise InputError(
            f"not a panel as the PanelApp API returns it ({error!r})", file=path, fix="fetch /api/v1/panels/<id>/ again"
        ) from None


def _json_repeat(entry: Mapping[str, Any], path: Path) -> PanelRepeat:
    name = entry["entity_name"]
    return PanelRepeat(
        name,
        (entry["gene_data"] or {}).get("gene_symbol") or "",
        *_json_place(entry),
        entry["repeated_sequence"],
        _count(entry["normal_repeats"]),
        _count(entry["pathogenic_repeats"]),
        _confidence(str(entry["confidence_level"]), name, path, None),
        parse_mode(entry["mode_of_inheritance"] or "", file=path, gene=name),
    )


def _json_region(entry: Mapping[str, Any], path: Path) -> PanelRegion:
    name = entry["entity_name"]
    return PanelRegion(
        name,
        *_json_place(entry),
        entry["type_of_variants"] or "not_stated",
        _count(entry.get("required_overlap_percentage")),
        _confidence(str(entry["confidence_level"]), name, path, None),
        parse_mode(entry["mode_of_inheritance"] or "", file=path, gene=name),
    )


def _json_place(entry: Mapping[str, Any]) -> tuple[str, int, int]:
    start, end = entry["grch38_coordinates"] or (0, -1)
    return f"chr{entry['chromosome']}", start - 1, end


def _count(value: int | None) -> int:
    return -1 if value is None else int(value)


def _json_gene(entry: Mapping[str, Any], path: Path) -> PanelGene:
    data = entry["gene_data"]
    symbol = data["gene_symbol"]
    if not _SYMBOL.fullmatch(symbol):
        raise InputError(f"{symbol!r} is no gene symbol", file=path, fix="fetch /api/v1/panels/<id>/ again")
    text = entry["mode_of_inheritance"] or ""
    ids = dict.fromkeys(
        release["ensembl_id"]
        for assembly in sorted(data.get("ensembl_genes") or {}, reverse=True)
        for release in data["ensembl_genes"][assembly].values()
    )
    confidence = _confidence(str(entry["confidence_level"]), symbol, path, None)
    mode = parse_mode(text, file=path, gene=symbol)
    return PanelGene(symbol, data.get("hgnc_id") or "", tuple(ids), confidence, mode, text, tuple(data.get("alias") or ()))


def _from_text(text: str, path: Path) -> tuple[PanelGene, ...]:
    rows = [(n, line.split("\t")) for n, line in enumerate(text.splitlines(), 1) if line.strip() and not line.startswith("#")]
    if not rows:
        return ()
    first, header = rows[0]
    if "symbol" in header:
        return tuple(_table_genes(header, first, rows[1:], path))
    if len(header) > 1:
        raise InputError(
            f"no column `symbol` in the header {', '.join(header)}",
            file=path,
            row=first,
            fix=f"head the columns {', '.join(_TSV_COLUMNS)}; all but symbol may be left out",
        )
    return tuple(_listed_gene(fields, number, path) for number, fields in rows)


def _listed_gene(fields: Sequence[str], number: int, path: Path) -> PanelGene:
    name = fields[0].strip()
    is_hgnc = _HGNC.fullmatch(name) is not None
    if len(fields) != 1 or not (is_hgnc or _SYMBOL.fullmatch(name)):
        raise InputError(
            f"{' '.join(fields)!r} is neither a gene symbol nor an HGNC id", file=path, row=number, fix="give one gene a line"
        )
    symbol, hgnc_id = ("", name) if is_hgnc else (name, "")
    return PanelGene(symbol, hgnc_id, (), GREEN, ModeOfInheritance.UNKNOWN, "")


def _table_genes(
    header: Sequence[str], header_row: int, rows: Sequence[tuple[int, list[str]]], path: Path
) -> Iterator[PanelGene]:
    for column in header:
        if column not in _TSV_COLUMNS or header.count(column) > 1:
            raise InputError(
                "unknown column" if column not in _TSV_COLUMNS else "column stands twice",
                file=path,
                row=header_row,
                column=column,
                fix=f"use {', '.join(_TSV_COLUMNS)}, each once",
            )
    for number, fields in rows:
        if len(fields) != len(header):
            raise InputError(
                f"{len(fields)} fields under {len(header)} columns", file=path, row=number, fix="put one tab between fields"
            )
        yield _table_gene({key: value.strip() for key, value in zip(header, fields, strict=True)}, number, path)


def _table_gene(row: Mapping[str, str], number: int, path: Path) -> PanelGene:
    symbol, hgnc_id = row["symbol"], row.get("hgnc_id", "")
    if not _SYMBOL.fullmatch(symbol):
        raise InputError(f"{symbol!r} is no gene symbol", file=path, row=number, column="symbol", fix="give the approved one")
    if hgnc_id and not _HGNC.fullmatch(hgnc_id):
        raise InputError(f"{hgnc_id!r} is no HGNC id", file=path, row=number, column="hgnc_id", fix="write it as HGNC:1100")
    confidence = _confidence(row["confidence"], symbol, path, number) if "confidence" in row else GREEN
    text = row.get("mode_of_inheritance", "")
    mode = parse_mode(text, file=path, gene=symbol, row=number)
    ids = tuple(part.strip().partition(".")[0] for part in row.get("ensembl_id", "").split(",") if part.strip())
    return PanelGene(symbol, hgnc_id, ids, confidence, mode, text)


def _confidence(text: str, gene: str, path: Path, row: int | None) -> int:
    try:
        return _CONFIDENCES[text]
    except KeyError:
        raise InputError(
            f"confidence {text!r} of gene {gene} is not 0 to 4",
            file=path,
            row=row,
            column="confidence",
            fix="use 3 (green), 2 (amber) or 1 (red)",
        ) from None
