"""The report document as one HTML file that asks nothing of any network."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from importlib.resources import files
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from neotriage.gene_models import GeneModels
from neotriage.report.drawings import draw_gene, draw_pedigree
from neotriage.report.reads import ReadsView, igv_script
from neotriage.whynot import Fate, sentence

__all__ = ["render_page"]

_FATES = 20_000  # entries of the why-not index that a page may hold: some 2 MB
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
    whynot = _whynot(document, fates)
    environment = Environment(
        loader=FunctionLoader(_template),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["pedigree"] = lambda candidate: _pedigree(document, candidate)
    environment.globals["gene_drawing"] = lambda candidate: _gene_drawing(candidate, gene_models)
    environment.filters["percent"] = _percent
    environment.filters["moment"] = _moment
    environment.filters["decibans"] = _decibans
    environment.filters["frequency"] = _frequency
    environment.filters["spaced"] = _spaced
    return environment.get_template("page.html.j2").render(
        report=document,
        reads=reads,
        igv=_unescaped(igv_script().replace("</script", "<\\/script")) if reads else None,
        tracks=_embedded(_tracks(document, reads)) if reads else None,
        style=_unescaped(_template("page.css")),
        script=_unescaped(_template("page.js")),
        embedded=_embedded(document),
        whynot=whynot,
        urgent=_urgent(document["candidates"][1:]),
        fates=_embedded(whynot),
    )


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
    labels = [(p, label or f"{v['ref']}>{v['alt']}") for (p, label), v in zip(marks, candidate["variants"], strict=True)]
    return _unescaped(
        draw_gene(transcript, [(p, label if len(label) <= _LABEL else f"{label[:_LABEL]}…") for p, label in labels])
    )


def _template(name: str) -> str:
    return files("neotriage.report").joinpath("templates", name).read_text(encoding="utf-8")


def _tracks(document: Mapping[str, Any], reads: ReadsView) -> dict[str, Any]:
    roles = {member["sample"]: member["role"] for member in document["case"]["members"]}
    return {
        "fasta": reads.fasta_uri,
        "tracks": [{"name": f"{roles[track.sample]} {track.sample}", "data": track.data_uri} for track in reads.tracks],
    }


def _embedded(document: Mapping[str, Any]) -> Markup:
    """Plain values as JSON that may stand inside a script element."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"))
    return _unescaped(text.replace("<", "\\u003c").replace("&", "\\u0026"))


def _unescaped(text: str) -> Markup:
    """Text of the project's own, or made with its markup characters already replaced (JSON, drawings)."""
    return Markup(text)  # noqa: S704


def _urgent(candidates: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Candidates below the first that can be treated and that stand on tier 1 or on P/LP alleles, the most urgent first.

    What can be done within hours must not wait for whoever reads past the first candidate.
    """
    order = {"hours": 0, "days": 1, "weeks": 2}
    strong = [c for c in candidates if c["treatment"] and (c["tier"] == "1" or _is_pathogenic(c))]
    return sorted(strong, key=lambda c: (order[c["treatment"]["urgency"]], c["rank"]))


def _is_pathogenic(candidate: Mapping[str, Any]) -> bool:
    return all(variant["acmg_class"] in {"P", "LP"} for variant in candidate["variants"])


def _moment(text: str) -> str:
    """A time of the clock as people write it, in the offset it was given with."""
    if not text:
        return "not stated"
    moment = datetime.fromisoformat(text)
    return f"{moment.day} {moment:%B %Y, %H:%M} {moment.tzname() or ''}".strip()


def _percent(probability: float) -> str:
    if probability >= 0.9995:
        return "over 99.9 %"
    if probability < 0.001:
        return "under 0.1 %"
    return f"{probability * 100:.1f} %" if probability < 0.1 or probability > 0.99 else f"{probability * 100:.0f} %"


def _decibans(value: float) -> str:
    return f"{value:+.1f}".replace("-", "\N{MINUS SIGN}")


def _frequency(value: float | None) -> str:
    return "not seen" if value is None else "0" if value == 0 else f"{value:.2g}"


def _spaced(terms: str) -> str:
    return terms.replace("_", " ").replace("&", ", ")
