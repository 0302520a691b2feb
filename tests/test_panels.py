"""Panels: every wording whole, matching without aliases, and bad files refused by name."""

import gzip
import json
import os
from pathlib import Path

import pytest

from neotriage.cli import main
from neotriage.errors import FormatError, InputError, ResourceError
from neotriage.gene_models import Gene, GeneModels, Transcript
from neotriage.panels import ModeOfInheritance, Panel, match_panel, parse_mode, read_panel, read_panel_table
from neotriage.panels.api import fetch_panel, list_pages
from neotriage.panels.names import read_gene_names
from neotriage.panels.suggest import suggest_panels
from neotriage.pedigree import Sex
from neotriage.phenotype import load, score

SHARED = Path(os.environ.get("NEOTRIAGE_SHARED_DATA", Path(__file__).parents[2] / "shared" / "data"))


def gene(symbol="JAG1", mode="BIALLELIC, autosomal or pseudoautosomal", confidence="3", hgnc="HGNC:6188", ensembl="ENSG1"):
    ids = {"GRch37": {"82": {"ensembl_id": "ENSG0"}}, "GRch38": {"90": {"ensembl_id": ensembl}}}
    data = {"gene_symbol": symbol, "hgnc_id": hgnc, "ensembl_genes": ids}
    return {"gene_data": data, "entity_name": symbol, "confidence_level": confidence, "mode_of_inheritance": mode}


STR = {
    "entity_name": "FXN_GAA",
    "gene_data": {"gene_symbol": "FXN"},
    "chromosome": "9",
    "grch38_coordinates": [69037287, 69037304],
    "repeated_sequence": "GAA",
    "normal_repeats": 44,
    "pathogenic_repeats": 66,
    "confidence_level": "3",
    "mode_of_inheritance": "BIALLELIC, autosomal or pseudoautosomal",
}


def panel_json(folder, *genes):
    path = folder / "panel.json.gz"
    raw = {"id": 467, "name": "Liver", "version": "8.91", "genes": genes, "strs": [STR], "regions": []}
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
    assert (panel.name, panel.identifier, panel.version, panel.signed_off) == ("Liver", "467", "8.91", "")
    repeat = panel.repeats[0]
    assert (repeat.name, repeat.symbol, repeat.motif, repeat.normal_repeats) == ("FXN_GAA", "FXN", "GAA", 44)
    assert (repeat.contig, repeat.start, repeat.end, repeat.pathogenic_repeats) == ("chr9", 69037286, 69037304, 66)
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
    region = panel.regions[0]
    assert (region.name, region.contig, region.start, region.end) == ("ISCA-37440-Loss", "chr2", 44183132, 44362502)
    assert (region.variants, region.overlap_percent, region.mode) == ("cnv_loss", 60, ModeOfInheritance.BIALLELIC)
    assert {r.name for r in panel.repeats} >= {"DMPK_CTG", "FXN_GAA"}


def test_match_panel__other_names_are_candidates_only(tmp_path):
    models = GeneModels("m", tuple(Gene(f"E{i}", s, "", "chr1", 0, 9, "+", "") for i, s in enumerate(("AARS2", "JAG1"))), ())
    old = gene("KIAA1270", hgnc="HGNC:1", ensembl="ENSG9")
    renamed = gene("OLDJAG", hgnc="HGNC:2", ensembl="ENSG8")
    renamed["gene_data"]["alias"] = ["JAG1", "nothing"]
    listed = gene("AARS2", hgnc="HGNC:21022", ensembl="ENSG7")
    listed["gene_data"]["alias"] = ["KIAA1270"]
    match = match_panel(read_panel(panel_json(tmp_path, old, renamed, listed)), models)
    assert [g.symbol for g in match.unmatched] == ["KIAA1270", "OLDJAG"]
    assert match.candidates == {"KIAA1270": ("AARS2",), "OLDJAG": ("JAG1",)}
    assert [g.symbol for g in match.genes.values()] == ["AARS2"]


def test_read_panel__of_bed_takes_the_genes_it_overlaps(tmp_path):
    genes = (Gene("E1", "A", "HGNC:1", "chr1", 100, 900, "+", ""), Gene("E2", "B", "", "chr1", 1000, 1900, "+", ""))
    exons = (((100, 200), (800, 900)), ((1000, 1900),))
    models = GeneModels("m", genes, tuple(transcript(i, e) for i, e in enumerate(exons)))
    panel = read_panel(text_panel(tmp_path, "# ours\nchr1\t199\t500\tmine\nchr1\t300\t400\n", "ours.bed"))
    assert [(r.name, r.start, r.end) for r in panel.regions] == [("mine", 199, 500), ("chr1:301-400", 300, 400)]
    match = match_panel(panel, models)
    assert [(g.symbol, g.is_green) for g in match.genes.values()] == [("A", True)]
    with pytest.raises(InputError, match="no gene lies on contig '1'"):
        match_panel(read_panel(text_panel(tmp_path, "1\t199\t500\n", "other.bed")), models)


@pytest.mark.parametrize("line", ["chr1\t5", "chr1\t5\t5", "chr1\tx\t9", "chr1 1 9"])
def test_read_panel__refuses_bed(tmp_path, line):
    with pytest.raises(FormatError, match=r"line 1: .* is not an interval"):
        read_panel(text_panel(tmp_path, line + "\n", "ours.bed"))


TABLE = "id\tmode_of_inheritance\tGene\tconfidence_level\tname\n"


def test_read_panel_table__of_panelapp(tmp_path):
    rows = "1\tAD\tABL1\t1\tAorta\n1\tAR\tABL1\t3\tAorta\n2\tNA\tABL1\t2\tOther\n"
    first, second = read_panel_table(text_panel(tmp_path, TABLE + rows))
    assert (first.name, first.identifier, [(g.symbol, g.confidence) for g in first.genes]) == ("Aorta", "1", [("ABL1", 3)])
    assert first.genes[0].mode is ModeOfInheritance.BIALLELIC
    assert second.genes[0].mode is ModeOfInheritance.UNKNOWN


@pytest.mark.parametrize("text", ["", TABLE, "id\tname\n1\tA\n", TABLE + "1\tAD\n", TABLE + "1\tAD\tABL1\t9\tAorta\n"])
def test_read_panel_table__refuses(tmp_path, text):
    with pytest.raises(InputError):
        read_panel_table(text_panel(tmp_path, text))


def transcript(number, exons):
    return Transcript(f"T{number}", f"T{number}.1", number, "", True, "protein_coding", "+", exons, ())


# --- the API


def server(**pages):
    """Answers of an API that holds these pages by the end of their address."""
    asked = []

    def get(url):
        asked.append(url)
        return next((json.dumps(page).encode() for end, page in pages.items() if url.endswith(end)), None)

    get.asked = asked
    return get


PANEL = {"id": 467, "name": "Liver", "version": "8.90", "genes": [gene()]}


def test_fetch_panel__signed_off_version_is_sought_on_every_page(tmp_path):
    get = server(**{
        "base/panels/signedoff/": {"count": 2, "next": "base/two", "results": [{"id": 1, "version": "2.0"}]},
        "base/two": {"count": 2, "next": None, "results": [{"id": 467, "version": "8.90", "signed_off": "2025-03-01"}]},
        "base/panels/467/?version=8.90": PANEL,
    })  # fmt: skip
    path = tmp_path / "liver.json"
    path.write_text(fetch_panel("467", signed_off=True, get=get, base="base"))
    panel = read_panel(path)
    assert (panel.version, panel.signed_off) == ("8.90", "2025-03-01")
    with pytest.raises(InputError, match="no signed-off version of panel 5"):
        fetch_panel("5", signed_off=True, get=get, base="base")


def test_fetch__broken_panel_leaves_nothing_in_the_folder(tmp_path, monkeypatch, capsys):
    broken = json.dumps({**PANEL, "genes": [{**gene(), "confidence_level": "9"}]})
    monkeypatch.setattr("neotriage.panels.api.fetch_panel", lambda *_, **__: broken)
    with pytest.raises(SystemExit) as end:
        main(["panels", "fetch", "467", "--output", str(tmp_path / "liver.json")])
    assert end.value.code == 2
    assert "panel 467 of PanelApp" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setattr("neotriage.panels.api.fetch_panel", lambda *_, **__: json.dumps(PANEL))
    with pytest.raises(SystemExit) as end:
        main(["panels", "fetch", "467", "--output", str(tmp_path / "liver.json")])
    assert end.value.code == 0
    assert [path.name for path in tmp_path.iterdir()] == ["liver.json"]


def test_fetch_panel__a_version_that_does_not_exist():
    get = server(**{"base/panels/467/?version=9.9": {**PANEL, "version": "8.91"}})
    for version in ("9.9", "1.0"):
        with pytest.raises(InputError, match=f"no version {version} of panel 467"):
            fetch_panel("467", version=version, get=get, base="base")
    with pytest.raises(InputError, match="no panel 12"):
        fetch_panel("12", get=get, base="base")


@pytest.mark.parametrize("second", [None, {"detail": "x"}, {"count": 3, "next": None, "results": [{"id": 2}]}])
def test_list_pages__a_page_short_is_an_error(second):
    get = server(**{"one": {"count": 3, "next": "two", "results": [{"id": 1}]}, **({} if second is None else {"two": second})})
    with pytest.raises(ResourceError):
        list(list_pages("one", get))


def test_read_panel__a_list_is_no_panel(tmp_path):
    path = text_panel(tmp_path, json.dumps({"count": 1, "next": None, "results": [PANEL]}), "list.json")
    with pytest.raises(InputError, match="a list of panels"):
        read_panel(path)


# --- names and suggestions


def test_read_gene_names__shown_and_never_resolved(tmp_path):
    complete, withdrawn = tmp_path / "complete.txt", tmp_path / "withdrawn.txt"
    complete.write_text("hgnc_id\tsymbol\talias_symbol\tprev_symbol\nHGNC:1\tAAA\tOLD|XX\t\nHGNC:2\tBBB\t\tOLD\n")
    withdrawn.write_text("HGNC_ID\tSTATUS\tWITHDRAWN_SYMBOL\nHGNC:9\tEntry Withdrawn\tGONE\n")
    names = read_gene_names(complete, withdrawn)
    assert names.say("AAA") == names.say("HGNC:2") == ""
    assert names.say("OLD") == "not approved; may mean AAA (HGNC:1, alias) or BBB (HGNC:2, former symbol)"
    assert "withdrawn by HGNC" in names.say("HGNC:9")
    assert "withdrawn by HGNC" in names.say("GONE")
    assert names.say("QQQ") == "unknown to HGNC"
    with pytest.raises(FormatError, match="no column hgnc_id"):
        read_gene_names(withdrawn)


def test_check__says_what_is_not_found_and_why(tmp_path, capsys):
    models = tmp_path / "m.gff3"
    models.write_text(GFF)
    complete, gone = tmp_path / "complete.txt", tmp_path / "withdrawn.txt"
    complete.write_text("hgnc_id\tsymbol\talias_symbol\tprev_symbol\nHGNC:6188\tJAG1\tAGS\t\n")
    gone.write_text("HGNC_ID\tSTATUS\tWITHDRAWN_SYMBOL\nHGNC:9\tEntry Withdrawn\tGONE\n")
    panel = text_panel(tmp_path, "JAG1\nAGS\nGONE\n", "ours.txt")
    options = ["--gene-models", str(models), "--hgnc", str(complete), "--withdrawn", str(gone)]
    with pytest.raises(SystemExit, match="0"):
        main(["panels", "check", str(panel), *options])
    out = capsys.readouterr().out
    assert f"sha256\t{read_panel(panel).sha256}" in out
    assert "genes found\t1" in out
    assert "AGS\t\tnot approved; may mean JAG1 (HGNC:6188, alias)" in out
    assert "GONE\t\twithdrawn by HGNC" in out


GFF = """##gff-version 3
chr20\t.\tgene\t1\t90\t.\t+\t.\tID=gene:ENSG1;Name=JAG1;biotype=protein_coding;gene_id=ENSG1
chr20\t.\tmRNA\t1\t90\t.\t+\t.\tID=transcript:ENST1;Parent=gene:ENSG1;biotype=protein_coding;transcript_id=ENST1
chr20\t.\texon\t1\t90\t.\t+\t.\tParent=transcript:ENST1
chr20\t.\tCDS\t1\t90\t.\t+\t0\tParent=transcript:ENST1;protein_id=ENSP1
"""


@pytest.mark.skipif(not (SHARED / "panels").is_dir(), reason="shared data are absent: set NEOTRIAGE_SHARED_DATA")
def test_suggest_panels__of_all_of_panelapp():
    panels = read_panel_table(SHARED / "panels" / "PanelAppData_combined_core.tsv.gz")
    assert len(panels) == 447
    # bile duct paucity, butterfly vertebrae, posterior embryotoxon, peripheral pulmonary stenosis: Alagille syndrome
    scores = score(load(), ["HP:0006571", "HP:0003316", "HP:0000627", "HP:0004969"])
    best = suggest_panels(scores, panels)[:5]
    assert all("JAG1" in s.genes for s in best)
    assert any("holestasis" in s.panel.name or "liver" in s.panel.name.lower() for s in best)
    everything = Panel("all", "0", "", "", tuple(g for p in panels for g in p.genes))
    assert suggest_panels(scores, [everything, best[0].panel])[0].panel == best[0].panel
