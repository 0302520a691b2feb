"""The report document as one HTML file that asks nothing of any network."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from importlib.resources import files
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from neotriage.gene_models import GeneModels
from neotriage.report.answer import answer_of
from neotriage.report.drawings import draw_gene, draw_pedigree
from neotriage.report.reads import ReadsView, igv_script, variant_sites
from neotriage.report.structural import support_words
from neotriage.structural import size_words
from neotriage.whynot import Fate, sentence

__all__ = ["render_page"]

_FATES = 20_000  # entries of the why-not index that a page may hold: some 2 MB
_ACTIONS = 6  # treatable candidates named on the first screen
_AT_ONCE = 30  # candidates whose details are laid out when the page opens; those of the rest when their line is opened
_AROUND_BP = 60
_LABEL = 24  # characters of a variant's name that a drawing has room for


def render_page(
    document: Mapping[str, Any],
    fates: Sequence[Fate] = (),
    reads: ReadsView | None = None,
    gene_models: GeneModels | None = None,
) -> str:
    """The HTML page of a report document; same input, same bytes.

    Args:
        document: the report document.
        fates: the case's why-not index, which the page's own box answers from.
        reads: the family's reads at the variants, None where there are none.
        gene_models: for the drawings of the genes.
    """
    whynot, answer = _whynot(document, fates), answer_of(document)
    environment = Environment(
        loader=FunctionLoader(_template),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {
        "pedigree": lambda candidate: _pedigree(document, candidate),
        "gene_drawing": lambda candidate: _gene_drawing(candidate, gene_models),
        "family": _family,
        "waterfall": _waterfall,
        "loci": _loci,
        "has_reads": lambda variant: _has_reads(variant, reads),
        "exons_short": lambda gene: _exons_short(document, gene),
    }
    none = document["summary"]["no_diagnosis_probability"]
    environment.filters |= {
        "alone": lambda candidate: _alone(candidate["probability"], none),
        "cut": _cut,
        "decibans": _decibans,
        "frequency": _frequency,
        "mode": _mode,
        "moment": _moment,
        "percent": _percent,
        "points": _points,
        "protein": _protein,
        "spaced": _spaced,
        "support": lambda person: support_words(person) or "not looked at",
    }
    return environment.get_template("page.html.j2").render(
        report=document,
        answer=answer,
        actions=answer.actions[:_ACTIONS],
        depths={s["sample"]: s["mean_depth"] for s in (document["qc"] or {}).get("samples", []) if "mean_depth" in s},
        roles=defaultdict(str, {member["sample"]: member["role"] for member in document["case"]["members"]}),
        at_once=_AT_ONCE,
        reads=reads,
        igv=_unescaped(igv_script().replace("</script", "<\\/script")) if reads else None,
        tracks=_embedded(_tracks(document, reads)) if reads else None,
        style=_unescaped(_template("page.css")),
        script=_unescaped(_template("page.js")),
        whynot=whynot,
        fates=_embedded(whynot),
    )


def _alone(probability: float, none: float) -> float:
    """Probability of a candidate if it and `no diagnosis here` were all there is; a baby may have two diseases."""
    return probability / (probability + none) if probability else 0.0


def _whynot(document: Mapping[str, Any], fates: Sequence[Fate]) -> dict[str, Any]:
    """What the page's box answers from: (gene, site, sentence) rows, those outside the exons left to the index if too many."""
    held = list(fates)
    if len(held) > _FATES:
        held = [fate for fate in held if fate.rule != "region" or fate.clinvar][:_FATES]
    panels = document["summary"]["panels"]
    return {
        "rows": [[f.gene, f"{f.chrom}-{f.position}-{f.ref}-{f.alt}", sentence(f)] for f in held],
        "left_out": len(fates) - len(held),
        "symbols": sorted({symbol for panel in panels for symbol in panel.get("symbols", [])}),
        "not_looked_at": sorted({symbol for panel in panels for symbol in panel.get("not_in_gene_models", [])}),
        "names": _sites(document),
        "coverage": {
            gene["gene"]: "; ".join([*gene["reasons"], *_exons_short(document, gene)]) for gene in document["coverage"]["genes"]
        },
    }


def _sites(document: Mapping[str, Any]) -> dict[str, str]:
    """HGVS name of each shown variant -> its site, as the why-not box takes it."""
    variants = [v for section in ("candidates", "second_hit_not_found") for c in document[section] for v in c["variants"]]
    return {
        v[name]: f"{v['chrom']}-{v['position']}-{v['ref']}-{v['alt']}"
        for v in variants
        for name in ("hgvs_c", "hgvs_g", "hgvs_p")
        if v[name]
    }


def _pedigree(document: Mapping[str, Any], candidate: Mapping[str, Any]) -> Markup:
    labels: dict[str, list[str]] = {}
    for variant in candidate["variants"]:
        for genotype in variant["genotypes"]:
            labels.setdefault(genotype["sample"], []).append(genotype["words"])
    return _unescaped(draw_pedigree(document["case"]["members"], labels))


def _gene_drawing(candidate: Mapping[str, Any], gene_models: GeneModels | None) -> Markup:
    """The exons of the first variant's transcript with all the candidate's variants; nothing without a transcript."""
    named = [v["consequence"]["transcript"] for v in candidate["variants"] if v["consequence"]]
    transcript = gene_models.by_transcript.get(named[0]) if gene_models and named else None
    if transcript is None:
        return Markup()
    marks = [(v["position"] - 1, v["consequence"]["amino_acids"] if v["consequence"] else "") for v in candidate["variants"]]
    labels = [(p, label or _plain_name(v)) for (p, label), v in zip(marks, candidate["variants"], strict=True)]
    return _unescaped(draw_gene(transcript, [(p, _cut(label)) for p, label in labels]))


def _plain_name(variant: Mapping[str, Any]) -> str:
    structural = variant["structural"]
    if structural is None:
        return f"{variant['ref']}>{variant['alt']}"
    return f"{structural['kind']} {size_words(structural['size_bp'])}" if structural["size_bp"] else structural["kind"]


def _template(name: str) -> str:
    return files("neotriage.report").joinpath("templates", name).read_text(encoding="utf-8")


def _tracks(document: Mapping[str, Any], reads: ReadsView) -> dict[str, Any]:
    roles = {member["sample"]: member["role"] for member in document["case"]["members"]}
    return {
        "fasta": reads.fasta_uri,
        "tracks": [{"name": f"{roles[track.sample]} {track.sample}", "data": track.data_uri} for track in reads.tracks],
    }


def _has_reads(variant: Mapping[str, Any], reads: ReadsView | None) -> bool:
    """Whether the variant's first base lies in a window that the reads were cut from."""
    place = variant["position"] - 1
    return any(w.contig == variant["chrom"] and w.start <= place < w.end for w in reads.windows) if reads else False


def _loci(variant: Mapping[str, Any]) -> list[str]:
    """Where the reads of a variant are to be looked at, as igv.js takes it: of a structural change at both of its ends."""
    return [
        f"{contig}:{max(1, position + 1 - _AROUND_BP)}-{position + length + _AROUND_BP}"
        for contig, position, length in variant_sites(variant)
    ]


def _embedded(document: Mapping[str, Any]) -> Markup:
    """Plain values as JSON that may stand inside a script element."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"))
    return _unescaped(text.replace("<", "\\u003c").replace("&", "\\u0026"))


def _unescaped(text: str) -> Markup:
    """Text of the project's own, or made with its markup characters already replaced (JSON, drawings)."""
    return Markup(text)  # noqa: S704


_SHORT = {"heterozygous": "het", "homozygous": "hom", "hemizygous": "hemi", "does not carry it": "none"}
_PART_TITLES = {"P": "signs, term by term", "V": "variant", "I": "inheritance", "G": "gene"}


def _family(candidate: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Each person's role and, for each of the candidate's variants, zygosity with reads."""
    told: dict[str, dict[str, Any]] = {}
    for variant in candidate["variants"]:
        for genotype in variant["genotypes"]:
            reads = f" {genotype['alt_depth']}/{genotype['depth']}" if None not in _reads(genotype) else ""
            line = told.setdefault(genotype["sample"], {"role": genotype["role"], "told": []})
            words = genotype["words"].removesuffix(" of mitochondrial reads")
            line["told"].append(f"{_SHORT.get(words, words)}{reads}")
    return list(told.values())


def _reads(genotype: Mapping[str, Any]) -> tuple[int | None, int | None]:
    return genotype["alt_depth"], genotype["depth"]


def _waterfall(candidate: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The parts of the total by term, each with where its bar begins and how wide it is, in per cent of the whole fall."""
    ends = [0.0]
    for part in candidate["parts"]:
        ends.append(ends[-1] + part["db"])
    lowest, span = min(ends), (max(ends) - min(ends)) or 1.0
    groups: dict[str, list[dict[str, Any]]] = {}
    for part, start, end in zip(candidate["parts"], ends, ends[1:], strict=False):
        drawn = {"left": round(100 * (min(start, end) - lowest) / span, 2), "width": round(100 * abs(part["db"]) / span, 2)}
        groups.setdefault(part["part"], []).append({**part, **drawn})
    return [
        {"title": _PART_TITLES[name], "db": candidate["parts_db"][name] or 0.0, "parts": parts}
        for name, parts in groups.items()
    ]


def _exons_short(document: Mapping[str, Any], gene: Mapping[str, Any]) -> list[str]:
    """Which exons have bases under 15 and 20 reads, and how many of their bases: a line for each person who has any."""
    roles = {member["sample"]: member["role"] for member in document["case"]["members"]}
    people = [roles[sample] for sample in document["coverage"]["samples"]]
    lines = []
    for place, person in enumerate(people):
        told = [_short_of(gene["exons_short"], limit, place) for limit in ("15", "20")]
        if any(told):
            lines.append(f"{person} {'; '.join(filter(None, told))}")
    return lines


def _short_of(exons: Sequence[Mapping[str, Any]], limit: str, place: int) -> str:
    below = [(exon, exon["bases_below"][limit][place]) for exon in exons if exon["bases_below"][limit][place]]
    told = [f"{e['exon']} ({'' if e['is_coding'] else 'not coding, '}{n} of {e['bases']})" for e, n in below]
    return f"under {limit}: exon {', '.join(told)}" if told else ""


def _points(variants: Sequence[Mapping[str, Any]]) -> int:
    """ACMG points of the weakest variant, what a candidate stands on; -99 where one is not classified."""
    return min(-99 if variant["acmg_points"] is None else variant["acmg_points"] for variant in variants)


def _protein(name: str) -> str:
    """An HGVS p. name without its accession, which stands in the opened row."""
    return name.rpartition(":")[2]


def _mode(model: str) -> str:
    return _spaced(f"X_{model[2:]}" if model.startswith("x_") else model)


def _cut(text: str, length: int = _LABEL) -> str:
    return text if len(text) <= length else f"{text[:length]}…"


def _moment(text: str, days: int = 0) -> str:
    """A time of the clock, so many days later, as people write it, in the offset it was given with."""
    if not text:
        return "not stated"
    moment = datetime.fromisoformat(text) + timedelta(days=days)
    return f"{moment.day} {moment:%B %Y, %H:%M} {moment.tzname() or ''}".strip()


def _percent(probability: float) -> str:
    if probability >= 0.9995:
        return "over 99.9\N{NO-BREAK SPACE}%"
    if probability < 0.001:
        return "under\N{NO-BREAK SPACE}0.1\N{NO-BREAK SPACE}%"
    digits = 1 if probability < 0.1 or probability > 0.99 else 0
    return f"{probability * 100:.{digits}f}\N{NO-BREAK SPACE}%"


def _decibans(value: float) -> str:
    return f"{value:+.1f}".replace("-", "\N{MINUS SIGN}")


def _frequency(value: float | None) -> str:
    return "not seen" if value is None else "0" if value == 0 else f"{value:.2g}"


def _spaced(terms: str) -> str:
    return terms.replace("_", " ").replace("&", ", ")
