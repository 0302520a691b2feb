"""Panels: every wording whole, matching without aliases, and bad files refused by name."""

import gzip
import json
import os
from pathlib import Path

import pytest

from neotriage.errors import InputError
from neotriage.gene_models import Gene, GeneModels
from neotriage.panels import ModeOfInheritance, match_panel, parse_mode, read_panel
from neotriage.pedigree import Sex

SHARED = Path(os.environ.get("NEOTRIAGE_SHARED_DATA", Path(__file__).parents[2] / "shared" / "data"))


def gene(symbol="JAG1", mode="BIALLELIC, autosomal or pseudoautosomal", confidence="3", hgnc="HGNC:6188", ensembl="ENSG1"):
    ids = {"GRch37": {"82": {"ensembl_id": "ENSG0"}}, "GRch38": {"90": {"ensembl_id": ensembl}}}
    data = {"gene_symbol": symbol, "hgnc_id": hgnc, "ensembl_genes": ids}
    return {"gene_data": data, "entity_name": symbol, "confidence_level": confidence, "mode_of_inheritance": mode}


def panel_json(folder, *genes):
    path = folder / "panel.json.gz"
    raw = {"id": 467, "name": "Liver", "version": "8.91", "genes": genes, "strs": [{"entity_name": "FXN_GAA"}], "regions": []}
    path.write_bytes(gzip.compress(json.dumps(raw).encode(), mtime=0))
    return path


def text_panel(folder, text, name="liver.tsv"):
    path = folder / name
    path.write_text(text)
    return path


# What each wording allows: (dominant, recessive, X, mitochondrial, silent parent); wordings of PanelApp's API.
WORDINGS = {
    "MONOALLELIC, autosomal or pseudoautosomal, NOT imprinted": (True, False, False, False, None),
    "MONOALLELIC, autosomal or pseudoautosomal, maternally imprinted (paternal allele expressed)": (
        True, False, False, False, Sex.FEMALE,
    ),
    "MONOALLELIC, autosomal or pseudoautosomal, paternally imprinted (maternal allele expressed)": (
        True, False, False, False, Sex.MALE,
    ),
    "MONOALLELIC, autosomal or pseudoautosomal, imprinted status unknown": (True, False, False, False, None),
    "BIALLELIC, autosomal or pseudoautosomal": (False, True, False, False, None),
    "BOTH monoallelic and biallelic, autosomal or pseudoautosomal": (True, True, False, False, None),
    "BOTH monoallelic and biallelic (but BIALLELIC mutations cause a more SEVERE disease form), autosomal or pseudoautosomal": (
        True, True, False, False, None,
    ),
    "X-LINKED: hemizygous mutation in males, biallelic mutations in females": (False, True, True, False, None),
    "X-LINKED: hemizygous mutation in males, monoallelic mutations in females may cause disease "
    "(may be less severe, later onset than males)": (True, True, True, False, None),
    "MITOCHONDRIAL": (False, False, False, True, None),
    "Other": (True, True, False, False, None),
    "Other - please specify in evaluation comments": (True, True, False, False, None),
    "Unknown": (True, True, False, False, None),
    "": (True, True, False, False, None),
}  # fmt: skip


@pytest.mark.parametrize(("wording", "expected"), WORDINGS.items())
def test_mode__of_each_wording(wording, expected):
    mode = parse_mode(wording, file="p", gene="G")
    found = (mode.allows_dominant, mode.allows_recessive, mode.is_x_linked, mode.is_mitochondrial, mode.imprinted_parent)
    assert found == expected


@pytest.mark.parametrize("wording", ["BIALLELIC", "not MITOCHONDRIAL", "biallelic, autosomal or pseudoautosomal"])
def test_mode__part_of_a_wording_is_no_wording(wording):
    with pytest.raises(InputError, match=r"p\.json.*mode_of_inheritance.*gene G1"):
        parse_mode(wording, file="p.json", gene="G1")


def test_read_panel__of_panelapp(tmp_path):
    panel = read_panel(panel_json(tmp_path, gene(), gene("MKKS", confidence="2", hgnc="HGNC:7108", ensembl="ENSG2")))
    assert (panel.name, panel.identifier, panel.version, panel.repeats) == ("Liver", "467", "8.91", ("FXN_GAA",))
    assert [g.symbol for g in panel.genes] == ["JAG1", "MKKS"]
    assert panel.genes[0].ensembl_ids == ("ENSG1", "ENSG0")
    assert [g.is_green for g in panel.genes] == [True, False]


@pytest.mark.parametrize(
    ("genes", "problem"),
    [
        ([], "no gene"),
        ([gene(), gene()], "twice"),
        ([gene(mode="BIALLELIC")], "mode of inheritance 'BIALLELIC' of gene JAG1"),
        ([gene(confidence="5")], "confidence '5' of gene JAG1"),
        ([{"gene_data": None}], "PanelApp API"),
    ],
)
def test_read_panel__refuses_json(tmp_path, genes, problem):
    with pytest.raises(InputError, match=problem) as caught:
        read_panel(panel_json(tmp_path, *genes))
    assert "panel.json.gz" in str(caught.value)


def test_read_panel__of_a_table(tmp_path):
    text = "symbol\thgnc_id\tensembl_id\tconfidence\tmode_of_inheritance\nJAG1\tHGNC:6188\tENSG1.4\t2\tAD\nPANK2\t\t\t3\t\n"
    first, second = read_panel(text_panel(tmp_path, text)).genes
    assert (first.ensembl_ids, first.confidence, first.mode) == (("ENSG1",), 2, ModeOfInheritance.MONOALLELIC)
    assert (second.ensembl_ids, second.is_green, second.mode) == ((), True, ModeOfInheritance.UNKNOWN)


def test_read_panel__without_confidence_is_green(tmp_path):
    assert read_panel(text_panel(tmp_path, "symbol\nJAG1\n")).genes[0].is_green


def test_read_panel__of_a_list(tmp_path):
    panel = read_panel(text_panel(tmp_path, "# ours\nJAG1\n\nHGNC:7108\n", "liver.txt"))
    assert [(g.symbol, g.hgnc_id) for g in panel.genes] == [("JAG1", ""), ("", "HGNC:7108")]
    assert panel.name == "liver"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "no gene"),
        ("symbol\n", "no gene"),
        ("JAG1\nJAG1\n", "JAG1 stands twice"),
        ("symbol\tgene\nJAG1\tx\n", "line 1, column gene: unknown column"),
        ("JAG1\tAD\n", "line 1.*no column `symbol`"),
        ("symbol\tconfidence\nJAG1\n", "line 2.*1 fields under 2"),
        ("symbol\tconfidence\nJAG1\tgreen\n", "line 2, column confidence"),
        ("JAG 1\n", "line 1.*neither a gene symbol"),
        ("symbol\thgnc_id\nJAG1\t6188\n", "line 2, column hgnc_id"),
    ],
)
def test_read_panel__refuses_text(tmp_path, text, problem):
    with pytest.raises(InputError, match=problem):
        read_panel(text_panel(tmp_path, text))


def test_read_panel__of_no_file(tmp_path):
    with pytest.raises(InputError, match=r"absent\.tsv"):
        read_panel(tmp_path / "absent.tsv")


def test_match_panel__by_id_then_hgnc_then_symbol_and_never_by_alias(tmp_path):
    names = [("ENSG1", "RENAMED", ""), ("ENSG2", "JAG2", "HGNC:6189"), ("ENSG3", "PANK2", ""), ("ENSG4", "Pank1", "")]
    models = GeneModels("m", tuple(Gene(i, s, h, "chr1", 0, 9, "+", "") for i, s, h in names), ())
    text = "symbol\thgnc_id\tensembl_id\nJAG1\t\tENSG1\nOLD2\tHGNC:6189\t\nPANK2\t\t\nPANK1\t\t\nHARP\t\t\n"
    match = match_panel(read_panel(text_panel(tmp_path, text)), models)
    assert {place: g.symbol for place, g in match.genes.items()} == {0: "JAG1", 1: "OLD2", 2: "PANK2"}
    assert [g.symbol for g in match.unmatched] == ["PANK1", "HARP"]


@pytest.mark.skipif(not (SHARED / "panels").is_dir(), reason="shared data are absent: set NEOTRIAGE_SHARED_DATA")
def test_read_panel__real_panel_467():
    panel = read_panel(SHARED / "panels" / "panel_467.json.gz")
    raw = json.loads(gzip.decompress((SHARED / "panels" / "panel_467.json.gz").read_bytes()))
    assert len(panel.genes) == raw["stats"]["number_of_genes"]
    assert len(panel.repeats) == raw["stats"]["number_of_strs"]
    assert len(panel.regions) == raw["stats"]["number_of_regions"]
    assert sum(g.mode.is_mitochondrial for g in panel.genes) == 37
