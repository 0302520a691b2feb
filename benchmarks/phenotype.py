"""How often the right gene comes first by HPO terms alone, over published solved cases.

    python benchmarks/phenotype.py [--cases 200] [--seed 1] [--output figures.tsv] [--ranks ranks.tsv]
    python benchmarks/phenotype.py --choose [--cases 1000]
    python benchmarks/phenotype.py --time [--cases 400]

Each case is scored four times. HPO's annotations are in part made from the very papers that the cases come from, so what
they owe to the case is taken away first:

    none     nothing is taken away; what a patient whose paper HPO already cites would get
    counts   the case's own counts: of each row of its disease that cites its paper, n/m loses the case
             ((n-1)/(m-1) where it has the term, n/(m-1) where it was looked for and absent); a row without counts is
             dropped where the case has the term
    paper    every row that cites the case's paper, in any disease
    disease  the disease's whole annotation, where it cites the case's paper: the disease as if HPO did not know it

The background over all diseases keeps what is taken away (one part in 12,000). A gene's rank is one more than the genes that
score higher, and half of those that score the same. Cases whose gene HPO links to no disease, or without a present term that
the release knows, cannot be evaluated and are counted.

`--choose` cross-validates omega, the constant that moves the figures most: chosen on four fifths of the genes by mean
reciprocal rank (counts and paper removed in equal parts, each gene with the weight of one case), and the table is that of the
other fifth.

`--time` prints the processor time to load the arrays from their cache, and that of one case over all genes.

The last lines say how well decibans are calibrated: scale and power of P = scale * n^-power * 10 log10(e) * score (n present
terms) that give the causal gene the highest mean log probability in a softmax over all genes, chosen on four fifths of the
genes and read on the other fifth, counts and paper removed in equal parts, each gene with the weight of one case.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import re
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np

from neotriage.phenotype import PhenotypeModel, load, score
from neotriage.phenotype.annotations import Annotation, read_annotations
from neotriage.phenotype.model import group_annotations, installed_folder, profiles_of
from neotriage.phenotype.query import Query, read_query
from neotriage.phenotype.scoring import Constants, DiseaseEvidence, disease_evidence, gene_scores, link_scores

TOPS = (1, 3, 5, 10, 20, 50)
EXPONENTS = np.linspace(0.05, 2.0, 40)
SCALES = np.arange(0.8, 2.41, 0.1)
POWERS = np.arange(0.0, 0.51, 0.05)
FOLDS = 5
OMEGAS = (0.1, 0.2, 0.3, 0.4, 0.6)
NEONATE_DAYS = 28.0
INFANT_DAYS = 366.0
_BEFORE_28_DAYS = {
    "Congenital onset",
    "Neonatal onset",
    "Antenatal onset",
    "Embryonal onset",
    "Fetal onset",
    "Late first trimester onset",
    "Second trimester onset",
    "Third trimester onset",
}
_AGE = re.compile(r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T.*)?")


class Removal(StrEnum):
    """What is taken away from HPO's annotations before a case is scored."""

    NONE = "none"
    COUNTS = "counts"
    PAPER = "paper"
    DISEASE = "disease"


class Onset(StrEnum):
    """Age at which the disease was first seen."""

    NEONATAL = "neonatal"
    INFANT = "infant"
    LATER = "later"
    NOT_STATED = "not_stated"


CALIBRATED = (Removal.COUNTS, Removal.PAPER)


@dataclass(frozen=True)
class SolvedCase:
    """A published patient with known cause."""

    name: str
    gene: str
    disease: str
    paper: str
    present: tuple[str, ...]
    excluded: tuple[str, ...]
    onset: Onset


@dataclass(frozen=True)
class Result:
    """A case by removal: rank of its gene, and ln of the gene's share in a softmax at each of `EXPONENTS`."""

    case: SolvedCase
    terms: int
    rank: Mapping[Removal, float]
    log_share: Mapping[Removal, np.ndarray]


@dataclass(frozen=True)
class Annotations:
    """HPO's phenotype rows by disease and term, and the diseases that cite a paper."""

    rows: Mapping[str, Mapping[int, Sequence[Annotation]]]
    cited_by: Mapping[str, frozenset[str]]


def read_cases(path: Path) -> Iterator[SolvedCase]:
    """Cases from GA4GH phenopackets, one JSON a line."""
    with gzip.open(path, "rt") as lines:
        for line in lines:
            yield _case(json.loads(line))


def _case(packet: Mapping[str, Any]) -> SolvedCase:
    diagnosis = packet["interpretations"][0]["diagnosis"]
    variant = diagnosis["genomicInterpretations"][0]["variantInterpretation"]["variationDescriptor"]
    features = packet.get("phenotypicFeatures", [])
    present = {f["type"]["id"]: None for f in features if not f.get("excluded")}
    excluded = {f["type"]["id"]: None for f in features if f.get("excluded")}
    return SolvedCase(
        name=packet["_file"],
        gene=variant["geneContext"]["symbol"],
        disease=diagnosis["disease"]["id"],
        paper=packet["metaData"]["externalReferences"][0]["id"],
        present=tuple(present),
        excluded=tuple(t for t in excluded if t not in present),
        onset=_onset(next((d["onset"] for d in packet.get("diseases", []) if d.get("onset")), {})),
    )


def _onset(onset: Mapping[str, Any]) -> Onset:
    if "gestationalAge" in onset:
        return Onset.NEONATAL
    if "age" in onset:
        age = _AGE.fullmatch(onset["age"]["iso8601duration"])
        if not age:
            raise ValueError(f"age of onset {onset['age']}")
        years, months, weeks, days = (float(part or 0) for part in age.groups())
        total = years * 365.25 + months * 30.44 + weeks * 7 + days
        return Onset.NEONATAL if total <= NEONATE_DAYS else Onset.INFANT if total <= INFANT_DAYS else Onset.LATER
    label = onset.get("ontologyClass", {}).get("label", "")
    if label in _BEFORE_28_DAYS:
        return Onset.NEONATAL
    if label == "Infantile onset":
        return Onset.INFANT
    return Onset.LATER if label else Onset.NOT_STATED


def read_rows(model: PhenotypeModel, folder: Path) -> Annotations:
    """HPO's rows as the benchmark takes from them."""
    rows = group_annotations(model.term_number, model.replaced, read_annotations(folder / "phenotype.hpoa")).phenotypes
    cited: dict[str, set[str]] = defaultdict(set)
    for disease, terms in rows.items():
        for references in terms.values():
            for row in references:
                for paper in papers(row):
                    cited[paper].add(disease)
    return Annotations(rows, {paper: frozenset(diseases) for paper, diseases in cited.items()})


def papers(row: Annotation) -> list[str]:
    """The papers that a row cites; phenotype.hpoa parts them by semicolons."""
    return [paper.strip() for paper in row.reference.split(";")]


def without(
    annotations: Annotations,
    case: SolvedCase,
    disease: str,
    removal: Removal,
    present: frozenset[int],
    excluded: frozenset[int],
) -> dict[int, list[Annotation]]:
    """A disease's rows by term after the removal."""
    if removal is Removal.DISEASE:
        return {}
    left: dict[int, list[Annotation]] = {}
    for term, rows in annotations.rows[disease].items():
        citing = [r for r in rows if case.paper in papers(r)]
        kept = [r for r in rows if r not in citing]
        if removal is Removal.COUNTS:
            kept += [c for r in citing if (c := _less_one(r, term in present, term in excluded))]
        if kept:
            left[term] = kept
    return left


def _less_one(row: Annotation, is_present: bool, is_excluded: bool) -> Annotation | None:
    if row.examined < 0:
        return None if is_present else row
    if not is_present and not is_excluded:
        return row
    affected, examined = row.affected - is_present, row.examined - 1
    if affected < 0 or examined < 1:
        return None
    return replace(row, affected=min(affected, examined), examined=examined)


def changed(model: PhenotypeModel, annotations: Annotations, case: SolvedCase, removal: Removal) -> list[str]:
    """The diseases that the removal changes."""
    if removal is Removal.NONE:
        return []
    citing = annotations.cited_by.get(case.paper, frozenset())
    if removal is not Removal.PAPER:
        citing &= {case.disease}
    return sorted(d for d in citing if d in model.disease_number)


def rank(scores: np.ndarray, gene: int) -> float:
    """Rank of a gene, 1 best; genes that score the same share the middle."""
    return 1.0 + float((scores > scores[gene]).sum()) + (float((scores == scores[gene]).sum()) - 1.0) / 2.0


def evaluate(
    model: PhenotypeModel, annotations: Annotations, cases: Iterable[SolvedCase], constants: Constants, *, use_excluded: bool
) -> tuple[list[Result], Counter[str]]:
    """Each case's ranks, and why cases could not be evaluated. Only the diseases that a removal changes are scored again."""
    results = []
    skipped: Counter[str] = Counter()
    for case in cases:
        present = _known(model, case.present)
        if case.gene not in model.gene_number:
            skipped["gene without a disease in HPO"] += 1
        elif not present:
            skipped["no present term of this release"] += 1
        else:
            lacks = [t for t in _known(model, case.excluded) if t not in present]
            query = read_query(model, present, lacks if use_excluded else [], newborn=False)
            terms = frozenset(query.present.tolist()), frozenset(model.term_number[t] for t in lacks)
            results.append(_result(model, annotations, case, query, constants, *terms))
    return results, skipped


def _known(model: PhenotypeModel, ids: Iterable[str]) -> list[str]:
    current = (model.replaced.get(i, i) for i in ids)
    return [i for i in dict.fromkeys(current) if i in model.term_number and model.is_phenotypic[model.term_number[i]]]


def _result(
    model: PhenotypeModel,
    annotations: Annotations,
    case: SolvedCase,
    query: Query,
    constants: Constants,
    present: frozenset[int],
    excluded: frozenset[int],
) -> Result:
    gene = model.gene_number[case.gene]
    whole = disease_evidence(model, model.profiles, query, constants, newborn=False)
    scores = {}
    for removal in Removal:
        evidence = whole
        if diseases := changed(model, annotations, case, removal):
            rows = [without(annotations, case, d, removal, present, excluded) for d in diseases]
            profiles = profiles_of(model.ancestor_start, model.ancestor, model.information, model.is_late, rows)
            evidence = _patched(model, whole, diseases, disease_evidence(model, profiles, query, constants, newborn=False))
        scores[removal] = gene_scores(model, link_scores(model, evidence, query, constants).total)[0]
    return Result(
        case,
        query.present.size,
        {removal: rank(values, gene) for removal, values in scores.items()},
        {removal: log_share(values, gene) for removal, values in scores.items() if removal in CALIBRATED},
    )


def log_share(scores: np.ndarray, gene: int) -> np.ndarray:
    """Log of a gene's share in a softmax over all genes of exponent * score, float64 (exponents,)."""
    relative = EXPONENTS[:, np.newaxis] * (scores - scores.max())
    return np.asarray(relative[:, gene] - np.log(np.exp(relative).sum(axis=1)))


def _patched(
    model: PhenotypeModel, whole: DiseaseEvidence, diseases: Sequence[str], evidence: DiseaseEvidence
) -> DiseaseEvidence:
    numbers = [model.disease_number[d] for d in diseases]
    columns = {}
    for name in ("ratio", "matched", "coverage", "excluded"):
        columns[name] = getattr(whole, name).copy()
        columns[name][numbers] = getattr(evidence, name)
    return DiseaseEvidence(**columns)


def figures(results: Sequence[Result], removal: Removal) -> dict[str, float]:
    """Cases, percentages of cases in the first k, mean reciprocal rank, and both per gene (each gene counts once)."""
    ranks = np.array([r.rank[removal] for r in results])
    by_gene: dict[str, list[float]] = defaultdict(list)
    for result in results:
        by_gene[result.case.gene].append(result.rank[removal])
    row = {"cases": float(len(results)), "genes": float(len(by_gene))}
    row |= {f"top{k}": 100.0 * float((ranks <= k).mean()) for k in TOPS}
    row["mrr"] = float((1.0 / ranks).mean())
    row |= {f"gene_top{k}": 100.0 * float(np.mean([(np.array(v) <= k).mean() for v in by_gene.values()])) for k in (1, 5, 10)}
    return row


def table(results: Sequence[Result]) -> list[list[str]]:
    """The figures as rows of text, header first."""
    groups: dict[str, list[Result]] = {"all": list(results)}
    for onset in (Onset.NEONATAL, Onset.INFANT):
        groups[onset.value] = [r for r in results if r.case.onset is onset]
    names: list[str] = []
    rows: list[list[str]] = []
    for group, members in groups.items():
        for removal in Removal:
            if members:
                row = figures(members, removal)
                names = list(row)
                rows.append(
                    [
                        group,
                        removal.value,
                        *(f"{v:.3f}" if n == "mrr" else f"{v:.1f}".removesuffix(".0") for n, v in row.items()),
                    ]
                )
    return [["onset", "removed", *names], *rows]


def calibration(results: Sequence[Result], seed: int) -> list[tuple[float, float, float]]:
    """For each fold of genes: scale and power chosen on the other folds, and the mean log share they give in this one."""
    folds, weight = folds_of(results, seed)
    grid = [(float(scale), float(power)) for scale in SCALES for power in POWERS]
    shares = np.array([_mean_log_shares(results, scale, power) for scale, power in grid])
    chosen = []
    for k in sorted(set(folds.tolist())):
        inside = folds == k
        best = int(np.argmax(shares[:, ~inside] @ weight[~inside])) if not inside.all() else 0
        chosen.append((*grid[best], float(np.average(shares[best, inside], weights=weight[inside]))))
    return chosen


def folds_of(results: Sequence[Result], seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Each case's fold, one for all cases of a gene, and its weight, so that each gene has that of one case."""
    genes = sorted({r.case.gene for r in results})
    fold = dict(zip(genes, (np.random.default_rng(seed).permutation(len(genes)) % FOLDS).tolist(), strict=True))
    size = Counter(r.case.gene for r in results)
    return np.array([fold[r.case.gene] for r in results]), np.array([1.0 / size[r.case.gene] for r in results])


def held_out(by_omega: Mapping[float, Sequence[Result]], seed: int) -> tuple[list[Result], list[float]]:
    """Each case by the omega that was best on the other folds' genes, and the omegas chosen."""
    omegas = list(by_omega)
    folds, weight = folds_of(by_omega[omegas[0]], seed)
    gain = np.array([[sum(1.0 / r.rank[removal] for removal in CALIBRATED) for r in by_omega[o]] for o in omegas])
    chosen = [omegas[int(np.argmax(gain[:, folds != k] @ weight[folds != k]))] for k in range(FOLDS)]
    return [by_omega[chosen[k]][i] for i, k in enumerate(folds.tolist())], chosen


def _mean_log_shares(results: Sequence[Result], scale: float, power: float) -> list[float]:
    exponents = [scale * r.terms**-power for r in results]
    return [
        float(np.mean([np.interp(e, EXPONENTS, r.log_share[removal]) for removal in CALIBRATED]))
        for e, r in zip(exponents, results, strict=True)
    ]


def sampled(cases: Sequence[SolvedCase], count: int, seed: int) -> list[SolvedCase]:
    """`count` cases at random, in file order; all of them for 0."""
    if count == 0 or count >= len(cases):
        return list(cases)
    chosen = np.random.default_rng(seed).choice(len(cases), count, replace=False)
    return [cases[i] for i in sorted(chosen.tolist())]


def _by_case(results: Sequence[Result]) -> list[list[str]]:
    rows = [[r.case.name, r.case.gene, r.case.onset.value, str(r.terms), *(f"{r.rank[v]:g}" for v in Removal)] for r in results]
    return [["case", "gene", "onset", "terms", *(v.value for v in Removal)], *rows]


def times(folder: Path | None, cache: Path | None, cases: Sequence[SolvedCase]) -> str:
    """Seconds to load from the cache, and milliseconds a case (median and 95th percentile), of processor time."""
    load(folder, cache)
    start = time.process_time()
    model = load(folder, cache)
    loaded = time.process_time() - start
    score(model, _known(model, cases[0].present))
    taken = []
    for case in cases:
        start = time.process_time()
        score(model, _known(model, case.present))
        taken.append(1000.0 * (time.process_time() - start))
    terms = float(np.mean([len(_known(model, case.present)) for case in cases]))
    low, high = np.percentile(taken, [50, 95])
    return (
        f"# loaded in {loaded:.2f} s; a case of {terms:.1f} terms on average over {len(model.genes)} genes: "
        f"median {low:.1f} ms, 95th percentile {high:.1f} ms of processor time"
    )


def shared_data() -> Path:
    """The folder of public test data: NEOTRIAGE_SHARED_DATA, else `../shared/data` beside the checkout."""
    given = os.environ.get("NEOTRIAGE_SHARED_DATA", "")
    return Path(given) if given else Path(__file__).resolve().parents[2] / "shared" / "data"


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table of figures."""
    parser = argparse.ArgumentParser(description="Rank of the causal gene by HPO terms alone, over published solved cases.")
    parser.add_argument("--data", type=Path, help="phenopackets, one JSON a line, gzipped")
    parser.add_argument("--hpo", type=Path, help="folder of another HPO release")
    parser.add_argument("--cache", type=Path, help="folder for the compiled arrays")
    parser.add_argument("--cases", type=int, default=0, help="cases drawn at random; 0 all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--choose", action="store_true", help="cross-validate omega over genes; only held-out genes are counted"
    )
    parser.add_argument("--time", action="store_true", help="print how long loading and one case take, and nothing else")
    parser.add_argument("--excluded", action="store_true", help="use the excluded terms too (see docs/phenotype.md)")
    parser.add_argument("--ranks", type=Path, help="write each case's ranks here, tab-separated")
    parser.add_argument("--output", type=Path, help="also write the table here, tab-separated")
    given = parser.parse_args(arguments)
    model = load(given.hpo, given.cache)
    annotations = read_rows(model, given.hpo or installed_folder())
    cases = list(read_cases(given.data or shared_data() / "cases" / "phenopackets_dev.jsonl.gz"))
    chosen = sampled(cases, given.cases, given.seed)
    if given.time:
        print(times(given.hpo, given.cache, chosen))
        return
    results, skipped = evaluate(model, annotations, chosen, Constants(), use_excluded=given.excluded)
    if not results:
        sys.exit("no case could be evaluated")
    if given.choose:
        by_omega = {o: evaluate(model, annotations, chosen, Constants(omega=o), use_excluded=given.excluded)[0] for o in OMEGAS}
        results, omegas = held_out(by_omega, given.seed)
        print(f"# omega by fold of genes: {omegas}")
    rows = table(results)
    print(f"# HPO {model.release}; {len(results)} cases evaluated; left out: {dict(sorted(skipped.items()))}")
    for row in rows:
        print("".join(f"{cell:>11}" for cell in row))
    for scale, power, share in calibration(results, given.seed):
        print(f"# calibration: scale {scale:.1f}, power {power:.2f}; mean ln share of the held-out genes {share:.3f}")
    if given.output:
        given.output.write_text("".join("\t".join(row) + "\n" for row in rows))
    if given.ranks:
        given.ranks.write_text("".join("\t".join(row) + "\n" for row in _by_case(results)))


if __name__ == "__main__":
    main()
