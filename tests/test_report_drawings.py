"""The drawings: symbols after Bennett 2008, exons in reading order, labels escaped and told to screen readers."""

import re
from xml.etree import ElementTree as ET

import pytest

from neotriage.gene_models import Transcript
from neotriage.report.drawings import draw_gene, draw_pedigree

TRIO = [
    {"sample": "b", "role": "baby", "sex": "male", "is_affected": True},
    {"sample": "f", "role": "father", "sex": "male", "is_affected": False},
    {"sample": "m", "role": "mother", "sex": "female", "is_affected": None},
]


def _transcript(strand: str) -> Transcript:
    return Transcript(
        "T.1", "T", 0, "", True, "protein_coding", strand, ((100, 200), (500, 600), (900, 1000)), ((150, 200), (500, 550))
    )


def _marks(svg: str) -> list[float]:
    return [float(x) for x in re.findall(r'<circle class="mark" cx="([0-9.]+)"', svg)]


def test_draw_pedigree__symbols_by_sex_and_affection() -> None:
    svg = draw_pedigree(TRIO, {"b": ["het <A>"]})
    ET.fromstring(svg)  # noqa: S314 - our own text
    assert svg.count('<rect class="shape affected"') == 1
    assert svg.count('<rect class="shape"') == 1
    assert svg.count('<circle class="shape"') == 1
    assert ">?</text>" in svg
    assert "het &lt;A&gt;" in svg


@pytest.mark.parametrize(
    "members", [TRIO[:1], TRIO[:2], [*TRIO, {**TRIO[0], "sample": "s", "role": "sister", "sex": "female"}]]
)
def test_draw_pedigree__any_family(members: list[dict[str, object]]) -> None:
    svg = draw_pedigree(members, {})
    ET.fromstring(svg)  # noqa: S314
    assert all(f"{m['role']} {m['sample']}" in svg for m in members)
    assert svg.count('class="proband"') == 1


def test_draw_pedigree__sex_unknown_is_a_diamond_and_far_relatives_are_named() -> None:
    svg = draw_pedigree([{**TRIO[0], "sex": "unknown"}, {**TRIO[1], "role": "relative"}], {})
    assert '<path class="shape affected"' in svg
    assert "relative f" in svg


def test_draw_gene__minus_strand_is_drawn_as_it_is_read() -> None:
    plus, minus = (_marks(draw_gene(_transcript(s), [(110, "x")]))[0] for s in "+-")
    assert plus < 60
    assert plus + minus == pytest.approx(720, abs=0.2)


def test_draw_gene__intronic_variant_lies_between_its_exons() -> None:
    first, intron, second = _marks(draw_gene(_transcript("+"), [(199, "a"), (300, "b"), (500, "c")]))
    assert first < intron < second


def test_draw_gene__coding_parts_only_where_coding() -> None:
    assert draw_gene(_transcript("+"), []).count('class="coding"') == 2
