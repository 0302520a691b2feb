"""The report document as one HTML file that asks nothing of any network."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from neotriage.report.reads import ReadsView, igv_script

__all__ = ["render_page"]


def render_page(document: Mapping[str, Any], reads: ReadsView | None = None) -> str:
    """The HTML page of a report document, with the reads where given; same document and reads, same bytes."""
    environment = Environment(
        loader=FunctionLoader(_template),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["percent"] = _percent
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
    """Text of the project's own, or JSON with its markup characters already replaced: none of it comes from a sheet."""
    return Markup(text)  # noqa: S704


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
