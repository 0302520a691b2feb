"""The phenotype term against its definition, written out in plain Python over a small ontology."""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from neotriage.errors import FormatError, InputError, ResourceError
from neotriage.kernels import phenotype as kernels
from neotriage.phenotype import PhenotypeModel, load, score
from neotriage.phenotype.annotations import Annotation, frequency_of, pooled_frequency
from neotriage.phenotype.scoring import DB_PER_NAT, Constants

OBO = """format-version: 1.2
data-version: hp/releases/2025-01-16

[Term]
id: HP:0000001
name: All

[Term]
id: HP:0000118
name: Phenotypic abnormality
is_a: HP:0000001 ! All

[Term]
id: HP:0000707
name: Abnormality of the nervous system
is_a: HP:0000118 ! Phenotypic abnormality

[Term]
id: HP:0001250
name: Seizure
alt_id: HP:0001275
is_a: HP:0000707 ! Abnormality of the nervous system

[Term]
id: HP:0007359
name: Focal-onset seizure
is_a: HP:0001250 ! Seizure

[Term]
id: HP:0001249
name: Intellectual disability
is_a: HP:0000707 ! Abnormality of the nervous system

[Term]
id: HP:0001626
name: Abnormality of the cardiovascular system
is_a: HP:0000118 ! Phenotypic abnormality

[Term]
id: HP:0001638
name: Cardiomyopathy
is_a: HP:0001626 ! Abnormality of the cardiovascular system

[Term]
id: HP:0000005
name: Mode of inheritance
is_a: HP:0000001 ! All

[Term]
id: HP:0000006
name: Autosomal dominant inheritance
is_a: HP:0000005 ! Mode of inheritance

[Term]
id: HP:0000007
name: Autosomal recessive inheritance
is_a: HP:0000005 ! Mode of inheritance

[Term]
id: HP:0009999
name: obsolete Fit
is_obsolete: true
replaced_by: HP:0001250

[Term]
id: HP:0009998
name: obsolete Spell
is_obsolete: true
consider: HP:0001250

[Typedef]
id: has_part
name: has part
"""

HEADER = (
    "database_id\tdisease_name\tqualifier\thpo_id\treference\tevidence\tonset\tfrequency\tsex\tmodifier\taspect\tbiocuration"
)
HPOA = [
    ("OMIM:1", "Focal fits", "", "HP:0007359", "PMID:1", "", "3/4", "P"),
    ("OMIM:1", "Focal fits", "", "HP:0001249", "PMID:1", "", "HP:0040283", "P"),
    ("OMIM:1", "Focal fits", "NOT", "HP:0001638", "PMID:1", "", "", "P"),
    ("OMIM:1", "Focal fits", "", "HP:0000006", "PMID:1", "", "", "I"),
    ("OMIM:2", "Fits", "", "HP:0001275", "PMID:2", "", "1/2", "P"),
    ("OMIM:2", "Fits", "", "HP:0001275", "PMID:3", "", "1/1", "P"),
    ("OMIM:2", "Fits", "", "HP:0000007", "PMID:2", "", "", "I"),
    ("OMIM:3", "Weak heart", "", "HP:0001638", "PMID:4", "", "90%", "P"),
    ("OMIM:4", "Late weak heart", "", "HP:0001638", "PMID:5", "HP:0011463", "", "P"),
    ("OMIM:5", "No gene", "", "HP:0001626", "PMID:6", "", "HP:0040281", "P"),
]
LINKS = [
    ("GENEA", "OMIM:1"),
    ("GENEB", "OMIM:2"),
    ("GENEB", "OMIM:3"),
    ("GENEC", "OMIM:4"),
    ("GENEC", "OMIM:3"),
    ("-", "OMIM:5"),
]


def write_sources(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "hp.obo").write_text(OBO)
    rows = [f"{d}\t{n}\t{q}\t{t}\t{r}\tPCS\t{o}\t{f}\t\t\t{a}\tHPO:x" for d, n, q, t, r, o, f, a in HPOA]
    (folder / "phenotype.hpoa").write_text("\n".join(["#version: 2025-01-16", HEADER, *rows]) + "\n")
    links = [f"1\t{gene}\tHP:0001250\tSeizure\t-\t{disease}" for gene, disease in LINKS]
    (folder / "genes_to_phenotype.txt").write_text(
        "\n".join(["ncbi_gene_id\tgene_symbol\thpo_id\thpo_name\tfrequency\tdisease_id", *links]) + "\n"
    )
    return folder


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> PhenotypeModel:
    return load(write_sources(tmp_path_factory.mktemp("hpo")), tmp_path_factory.mktemp("cache"))


PARENT = {
    "HP:0000118": "HP:0000001",
    "HP:0000707": "HP:0000118",
    "HP:0001250": "HP:0000707",
    "HP:0007359": "HP:0001250",
    "HP:0001249": "HP:0000707",
    "HP:0001626": "HP:0000118",
    "HP:0001638": "HP:0001626",
}
OWN = {
    "OMIM:1": {"HP:0007359": 3.4 / 5, "HP:0001249": 0.17},
    "OMIM:2": {"HP:0001250": 2.4 / 4},
    "OMIM:3": {"HP:0001638": 0.9},
    "OMIM:4": {"HP:0001638": 0.7},
    "OMIM:5": {"HP:0001626": 0.895},
}


def above(term: str) -> list[str]:
    return [term, *above(PARENT[term])] if term in PARENT else [term]


def share(disease: str, term: str) -> float:
    return max((f for t, f in OWN[disease].items() if term in above(t)), default=0.0)


def information(term: str) -> float:
    return -math.log(max(sum(share(d, term) > 0 for d in OWN), 1) / len(OWN))


def background(term: str) -> float:
    return sum(share(d, term) for d in OWN) / len(OWN)


TERMS = sorted({*PARENT, *PARENT.values()})


def expected_ratio(disease: str, q: str) -> float:
    c = Constants()
    size = {d: sum(share(d, t) * information(t) for t in TERMS) for d in OWN}
    best = 0.0
    for a in above(q):
        if background(a) > 0:
            direct = c.direct_ancestor * math.exp(-c.decay * (information(q) - information(a)))
            strength = 1.0 if a == q else direct if a in OWN[disease] else c.ancestor
            best = max(best, strength * share(disease, a) / background(a))
    return best * (size[disease] / (sum(size.values()) / len(size))) ** -c.kappa


def expected_link(gene: str, disease: str, present: list[str], excluded: list[str], newborn: bool) -> float:
    c = Constants()
    siblings = [d for g, d in LINKS if g == gene]
    total = -c.rho * math.log(sum(d == disease for _, d in LINKS))
    for q in present:
        likeness = 0.0
        for other in present:
            if other != q:
                common = max(information(a) for a in above(q) if a in above(other))
                likeness += (2 * common / (information(q) + information(other))) ** 2
        lent = c.mu / math.sqrt(len(siblings)) * max(expected_ratio(d, q) for d in siblings)
        total += c.tau / (1 + likeness) * math.log(c.eps + max(expected_ratio(disease, q), lent))
    counted = {
        t: f
        for t, f in OWN[disease].items()
        if t in present or not newborn or (disease != "OMIM:4" and "HP:0001249" not in above(t))
    }
    if counted:
        shared = {
            t: max((information(a) for a in above(t) if any(a in above(q) for q in present)), default=0.0) for t in counted
        }
        total += c.omega * sum(f * shared[t] for t, f in counted.items()) / sum(counted.values())
    for x in excluded:
        numerator = max(1 - share(disease, x), c.excluded_floor)
        total += c.tau * math.log(numerator / max(1 - background(x), c.excluded_floor))
    return total


def expected_genes(present: list[str], excluded: list[str], newborn: bool) -> dict[str, float]:
    by_gene: dict[str, float] = {}
    for gene, disease in LINKS:
        if gene != "-":
            by_gene[gene] = by_gene.get(gene, 0.0) + math.exp(expected_link(gene, disease, present, excluded, newborn))
    average = math.log(sum(by_gene.values()) / len(by_gene))
    c = Constants()
    scale = c.scale * max(len(present), 1) ** -c.power * 10 / math.log(10)
    return {gene: scale * (math.log(value) - average) for gene, value in by_gene.items()}


@pytest.mark.parametrize("newborn", [True, False])
@pytest.mark.parametrize(
    ("present", "excluded"),
    [
        (["HP:0007359"], []),
        (["HP:0001250", "HP:0001249"], []),
        (["HP:0007359", "HP:0001250"], ["HP:0001638"]),
        (["HP:0001638"], ["HP:0001250"]),
        (["HP:0000707", "HP:0001626"], []),
        ([], ["HP:0001626"]),
    ],
)
def test_score__definition(model: PhenotypeModel, present: list[str], excluded: list[str], newborn: bool) -> None:
    scores = score(model, present, excluded, newborn=newborn)
    assert scores.symbols == ("GENEA", "GENEB", "GENEC")
    expected = expected_genes(present, excluded, newborn)
    assert dict(zip(scores.symbols, scores.db.tolist(), strict=True)) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("gene", ["GENEA", "GENEB", "GENEC"])
def test_explain__parts_add_up(model: PhenotypeModel, gene: str) -> None:
    scores = score(model, ["HP:0007359", "HP:0001249"], ["HP:0001638"])
    explanation = scores.explain(gene)
    assert math.fsum(p.db for p in explanation.parts) == pytest.approx(explanation.db, abs=1e-9)
    assert scores.decibans(gene) == explanation.db
    kinds = [p.kind for p in explanation.parts]
    assert kinds == ["present", "present", "excluded", "coverage", "shared_disease", "other_diseases", "average_gene"]


def test_explain__matched_ancestor(model: PhenotypeModel) -> None:
    scores = score(model, ["HP:0007359"])
    part = scores.explain("GENEB").parts[0]
    assert (part.term, part.matched, part.matched_name) == ("HP:0007359", "HP:0001250", "Seizure")
    assert part.frequency == pytest.approx(2.4 / 4)
    assert part.background == pytest.approx(background("HP:0001250"))
    assert scores.disease("GENEB").modes == ("Autosomal recessive inheritance",)


def test_explain__term_lent_by_another_disease_of_the_gene(model: PhenotypeModel) -> None:
    scores = score(model, ["HP:0001250", "HP:0001638"])
    explanation = scores.explain("GENEB")
    lenders = {part.term: part.disease for part in explanation.parts if part.kind == "present"}
    assert lenders == {"HP:0001250": "OMIM:2", "HP:0001638": "OMIM:3"}
    assert explanation.disease.id in lenders.values()


def test_score__late_term_does_not_count_against_in_newborn(model: PhenotypeModel) -> None:
    newborn = score(model, ["HP:0007359"]).evidence.coverage
    child = score(model, ["HP:0007359"], newborn=False).evidence.coverage
    number = model.disease_number["OMIM:1"]
    assert newborn[number] > child[number]


def test_score__excluded_late_term_left_out_in_newborn(model: PhenotypeModel) -> None:
    assert score(model, ["HP:0001250"], ["HP:0001249"]).notes == ("excluded HP:0001249 left out: a newborn cannot show it",)
    assert score(model, ["HP:0001250"], ["HP:0001249"], newborn=False).notes == ()


@pytest.mark.parametrize("old", ["HP:0001275", "HP:0009999"])
def test_score__old_id_mapped_and_said(model: PhenotypeModel, old: str) -> None:
    scores = score(model, [old])
    assert scores.db.tolist() == score(model, ["HP:0001250"]).db.tolist()
    assert scores.notes == (f"{old} is an old id of HP:0001250 Seizure",)


def test_score__not_a_phenotype_left_out_and_said(model: PhenotypeModel) -> None:
    scores = score(model, ["HP:0001250", "HP:0000006"])
    assert scores.notes == ("HP:0000006 Autosomal dominant inheritance left out: not a phenotypic abnormality",)
    assert scores.db.tolist() == score(model, ["HP:0001250"]).db.tolist()


@pytest.mark.parametrize(
    ("present", "excluded", "words"),
    [
        (["HP:1234567"], [], "'HP:1234567' is not an HPO term"),
        (["seizure"], [], "'seizure' is not an HPO term"),
        (["HP:0009998"], [], "an obsolete HPO term without a successor. Fix: use HP:0001250"),
        (["HP:0001250"], ["HP:0001275"], "both present and excluded"),
    ],
)
def test_score__impossible_query(model: PhenotypeModel, present: list[str], excluded: list[str], words: str) -> None:
    with pytest.raises(InputError, match=words):
        score(model, present, excluded)


def test_score__excluded_ancestor_of_present_left_out(model: PhenotypeModel) -> None:
    scores = score(model, ["HP:0007359"], ["HP:0001250"])
    assert scores.notes == ("excluded HP:0001250 left out: a present term is a kind of it",)


def test_explain__unknown_gene(model: PhenotypeModel) -> None:
    scores = score(model, ["HP:0001250"])
    assert scores.decibans("NOGENE") is None
    with pytest.raises(InputError, match="links no disease to gene 'NOGENE'"):
        scores.explain("NOGENE")


def test_load__cache_gives_the_same_model(tmp_path: Path) -> None:
    folder = write_sources(tmp_path / "hpo")
    first, second = load(folder, tmp_path), load(folder, tmp_path)
    assert [p.suffix for p in tmp_path.glob("phenotype-*")] == [".npz"]
    assert first.diseases == second.diseases
    assert first.negated == second.negated == {"OMIM:1": (second.term_number["HP:0001638"],)}
    query = ["HP:0007359"], ["HP:0001638"]
    assert score(first, *query).db.tolist() == score(second, *query).db.tolist()


def test_load__changed_source_makes_a_new_cache(tmp_path: Path) -> None:
    folder = write_sources(tmp_path / "hpo")
    load(folder, tmp_path)
    links = folder / "genes_to_phenotype.txt"
    links.write_text(links.read_text().replace("GENEA", "GENEZ"))
    assert load(folder, tmp_path).genes == ("GENEB", "GENEC", "GENEZ")


@pytest.mark.parametrize(
    ("name", "old", "new", "error", "words"),
    [
        ("hp.obo", "is_a: HP:0001250", "is_a: HP:7777777", FormatError, "HP:7777777 is named as a parent"),
        ("hp.obo", "id: HP:0000118\n", "id: HP:0000119\n", FormatError, "no term HP:0000118"),
        ("hp.obo", "is_a: HP:0000001 ! All", "is_a: HP:0007359 ! x", FormatError, "loop"),
        ("phenotype.hpoa", "3/4", "4/3", FormatError, "line 3, column frequency: frequency '4/3'"),
        ("phenotype.hpoa", "HP:0007359", "HP:7777777", FormatError, "OMIM:1 is annotated with HP:7777777"),
        ("phenotype.hpoa", "hpo_id", "term", FormatError, "no column hpo_id"),
        ("phenotype.hpoa", "NOT", "MAYBE", FormatError, "line 5, column qualifier: qualifier 'MAYBE'"),
        ("genes_to_phenotype.txt", "gene_symbol", "gene", FormatError, "no column gene_symbol"),
    ],
)
def test_load__broken_source(tmp_path: Path, name: str, old: str, new: str, error: type[Exception], words: str) -> None:
    path = write_sources(tmp_path / "hpo") / name
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(error, match=words):
        load(tmp_path / "hpo", tmp_path)


def test_load__missing_source(tmp_path: Path) -> None:
    (write_sources(tmp_path / "hpo") / "hp.obo").unlink()
    with pytest.raises(ResourceError, match=r"hp\.obo: no such file"):
        load(tmp_path / "hpo", tmp_path)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3/4", (3, 4, None)),
        ("0/4", (0, 4, None)),
        ("12.5%", (-1, -1, 0.125)),
        ("HP:0040280", (-1, -1, 1.0)),
        ("HP:0040285", (-1, -1, 0.0)),
        ("", (-1, -1, None)),
    ],
)
def test_frequency_of__every_wording(text: str, expected: tuple[int, int, float | None]) -> None:
    affected, examined, stated = frequency_of(text)
    assert (affected, examined, None if math.isnan(stated) else stated) == expected


@pytest.mark.parametrize("text", ["4/3", "0/0", "often", "101%", "HP:0000001"])
def test_frequency_of__impossible(text: str) -> None:
    with pytest.raises(FormatError):
        frequency_of(text)


def row(**given: object) -> Annotation:
    return Annotation("OMIM:1", "", False, "HP:0001250", "PMID:1", "", "P", **given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([row(affected=1, examined=2), row(affected=2, examined=2)], 3.4 / 5),
        ([row(affected=0, examined=3)], 0.0),
        ([row(affected=0, examined=3), row(stated=0.17)], 0.17),
        ([row(stated=0.17), row(stated=0.545)], 0.545),
        ([row()], 0.7),
    ],
)
def test_pooled_frequency__every_kind(rows: list[Annotation], expected: float) -> None:
    assert pooled_frequency(rows) == pytest.approx(expected)


@pytest.mark.parametrize("form", [lambda kernel: kernel, lambda kernel: kernel.py_func], ids=["compiled", "python"])
def test_kernels__empty_query(model: PhenotypeModel, form: Callable[..., Callable[..., np.ndarray]]) -> None:
    none = np.zeros(0, dtype=np.int32)
    shared = form(kernels.shared_information)(none, model.ancestor_start, model.ancestor, model.information)
    assert shared.tolist() == [0.0] * len(model.term_ids)


def test_kernels__python_form_agrees(model: PhenotypeModel) -> None:
    p = model.profiles
    query = np.arange(len(model.term_ids), dtype=np.int32)[model.is_phenotypic]
    size = np.linspace(0.5, 2.0, p.size.size)
    ratio_args = (query, model.ancestor_start, model.ancestor, p.start, p.term, p.frequency, p.is_direct, model.background)
    factors = (model.information, size, 0.2, 0.3, 0.06)
    for got, want in zip(
        kernels.term_ratios(*ratio_args, *factors),
        kernels.term_ratios.py_func(*ratio_args, *factors),
        strict=True,
    ):
        np.testing.assert_allclose(got, want, rtol=1e-12)
    shared = kernels.shared_information(query, model.ancestor_start, model.ancestor, model.information)
    np.testing.assert_array_equal(
        shared, kernels.shared_information.py_func(query, model.ancestor_start, model.ancestor, model.information)
    )
    cover_args = (p.own_start, p.own_term, p.own_frequency, ~p.own_is_late, shared)
    np.testing.assert_allclose(kernels.coverage(*cover_args), kernels.coverage.py_func(*cover_args), rtol=1e-12)
    log_args = (query, p.start, p.term, p.frequency, model.background, 0.1)
    np.testing.assert_allclose(kernels.excluded_logs(*log_args), kernels.excluded_logs.py_func(*log_args), rtol=1e-12)


def test_decibans__definition() -> None:
    assert pytest.approx(10 * math.log10(math.e)) == DB_PER_NAT


@pytest.fixture(scope="module")
def benchmark() -> Iterator[ModuleType]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(Path(__file__).resolve().parents[1] / "benchmarks")
        yield importlib.import_module("phenotype")


COUNTED = {"affected": 2, "examined": 3}


@pytest.mark.parametrize(
    ("removal", "given", "has", "lacks", "left"),
    [
        ("counts", COUNTED, True, False, (1, 2)),
        ("counts", COUNTED, False, True, (2, 2)),
        ("counts", COUNTED, False, False, (2, 3)),
        ("counts", {"affected": 1, "examined": 1}, True, False, None),
        ("counts", {"affected": 0, "examined": 3}, True, False, None),
        ("counts", {}, True, False, None),
        ("counts", {}, False, False, (-1, -1)),
        ("paper", COUNTED, False, False, None),
        ("disease", COUNTED, False, False, None),
    ],
)
def test_benchmark__what_a_removal_takes(
    benchmark: ModuleType,
    removal: str,
    given: dict[str, int],
    has: bool,
    lacks: bool,
    left: tuple[int, int] | None,
) -> None:
    case = benchmark.SolvedCase("c", "GENEA", "OMIM:1", "PMID:1", (), (), benchmark.Onset.NOT_STATED)
    annotations = benchmark.Annotations({"OMIM:1": {7: [row(**given)]}}, {"PMID:1": frozenset({"OMIM:1"})})
    present, excluded = frozenset({7} if has else ()), frozenset({7} if lacks else ())
    rows = benchmark.without(annotations, case, "OMIM:1", benchmark.Removal(removal), present, excluded)
    assert [(r.affected, r.examined) for r in rows.get(7, [])] == ([] if left is None else [left])


def test_benchmark__rows_of_other_papers_stay(benchmark: ModuleType) -> None:
    case = benchmark.SolvedCase("c", "GENEA", "OMIM:1", "PMID:2", (), (), benchmark.Onset.NOT_STATED)
    annotations = benchmark.Annotations({"OMIM:1": {7: [row(**COUNTED)]}}, {"PMID:1": frozenset({"OMIM:1"})})
    for removal in (benchmark.Removal.COUNTS, benchmark.Removal.PAPER):
        assert benchmark.without(annotations, case, "OMIM:1", removal, frozenset({7}), frozenset()) == {7: [row(**COUNTED)]}


def test_benchmark__a_row_that_cites_several_papers(benchmark: ModuleType) -> None:
    case = benchmark.SolvedCase("c", "GENEA", "OMIM:1", "PMID:2", (), (), benchmark.Onset.NOT_STATED)
    several = replace(row(**COUNTED), reference="PMID:1;PMID:2")
    annotations = benchmark.Annotations({"OMIM:1": {7: [several]}}, {})
    assert benchmark.papers(several) == ["PMID:1", "PMID:2"]
    assert benchmark.without(annotations, case, "OMIM:1", benchmark.Removal.PAPER, frozenset({7}), frozenset()) == {}
    counts = benchmark.without(annotations, case, "OMIM:1", benchmark.Removal.COUNTS, frozenset({7}), frozenset())
    assert [(r.affected, r.examined) for r in counts[7]] == [(1, 2)]


@pytest.mark.parametrize(("gene", "expected"), [(0, 1.0), (1, 3.0), (2, 3.0), (3, 3.0), (4, 5.0)])
def test_benchmark__equal_scores_share_the_middle(benchmark: ModuleType, gene: int, expected: float) -> None:
    assert benchmark.rank(np.array([5.0, 2.0, 2.0, 2.0, 1.0]), gene) == expected


def test_benchmark__log_share_is_a_softmax(benchmark: ModuleType) -> None:
    scores = np.array([1.0, 2.0, 4.0])
    shares = benchmark.log_share(scores, 1)
    expected = [x * 2.0 - math.log(sum(math.exp(x * s) for s in scores.tolist())) for x in benchmark.EXPONENTS.tolist()]
    np.testing.assert_allclose(shares, expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("onset", "expected"),
    [
        ({}, "not_stated"),
        ({"gestationalAge": {"weeks": 20}}, "neonatal"),
        ({"age": {"iso8601duration": "P4W"}}, "neonatal"),
        ({"age": {"iso8601duration": "P29D"}}, "infant"),
        ({"age": {"iso8601duration": "P1Y"}}, "infant"),
        ({"age": {"iso8601duration": "P1Y2M"}}, "later"),
        ({"ontologyClass": {"label": "Fetal onset"}}, "neonatal"),
        ({"ontologyClass": {"label": "Infantile onset"}}, "infant"),
        ({"ontologyClass": {"label": "Adult onset"}}, "later"),
    ],
)
def test_benchmark__age_of_onset(benchmark: ModuleType, onset: dict[str, object], expected: str) -> None:
    assert benchmark._onset(onset).value == expected


def test_benchmark__solved_cases(benchmark: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if not (benchmark.shared_data() / "cases").is_dir():
        pytest.skip(f"no public data in {benchmark.shared_data()}")
    output = tmp_path / "figures.tsv"
    benchmark.main(["--cases", "60", "--cache", str(tmp_path), "--output", str(output)])
    header, *rows = (line.split("\t") for line in output.read_text().splitlines())
    top10 = {(r[0], r[1]): float(r[header.index("top10")]) for r in rows}
    assert top10["all", "none"] >= top10["all", "counts"] >= top10["all", "paper"] >= top10["all", "disease"]
    assert top10["all", "counts"] >= 60.0
    assert capsys.readouterr().out.count("# calibration") == 5


def test_benchmark__held_out_genes_have_no_say(benchmark: ModuleType) -> None:
    def result(gene: str, rank: float) -> object:
        case = benchmark.SolvedCase(gene, gene, "OMIM:1", "PMID:1", (), (), benchmark.Onset.NOT_STATED)
        return benchmark.Result(case, 1, dict.fromkeys(benchmark.Removal, rank), {})

    genes = [f"G{i}" for i in range(10)]
    folds, _ = benchmark.folds_of([result(g, 1.0) for g in genes], 1)
    odd = int(np.flatnonzero(folds == 0)[0])  # a gene whose fold alone would choose the second constant
    first = [result(g, 50.0 if i == odd else 1.0) for i, g in enumerate(genes)]
    second = [result(g, 1.0 if i == odd else 2.0) for i, g in enumerate(genes)]
    results, chosen = benchmark.held_out({0.3: first, 0.6: second}, 1)
    assert chosen[0] == 0.3
    assert results[odd].rank[benchmark.Removal.COUNTS] == 50.0
