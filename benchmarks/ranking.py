"""End to end ranking of solved cases planted among decoys, and of controls with nothing to find.

    python benchmarks/ranking.py [--cases 500] [--seed 1] [--decoys any|disease] [--panel NAME]
    python benchmarks/ranking.py --fit [--cases 500] [--seed 1]

Each case (see planted_cases.py) goes through the inheritance, evidence and rank stages as tables in memory. HPO's annotations
lose the case's own counts first (benchmarks/phenotype.py). ClinVar knows the case's alleles (`on`) or does not (`masked`); it
knows the recessive alleles that decoy genes carry in both. Controls are the same babies with the same terms: without
the cause (`nothing`), or with one known allele of it where the disease is recessive (`carrier`).

Genes are split by a hash of their symbol. `--fit` fits one weight a term, and the level of `no diagnosis here`, on one half by
conditional logit, and prints them as they stand in settings.py; every second case then has a panel applied. Without it the
figures are those of the other half, with the weights that are committed.
Excluded terms are left out: most of them annotate the very disease of their case.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import hashlib
import math
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path

import numpy as np
import phenotype as hpo_only
from pipeline import shared_folder, show
from planted_cases import Decoys, Planted, Solved, plant, read_solved, tables_of

from neotriage.evidence.assemble import Assembler
from neotriage.evidence.assemble import Tables as EvidenceTables
from neotriage.evidence.assess import assess
from neotriage.evidence.gene_knowledge import KnowledgeSources, read_constraint, standing_by_gene
from neotriage.evidence.predictions import Predictions
from neotriage.gene_models import GeneModels, read_gene_models
from neotriage.genome import Build, read_build
from neotriage.inheritance import find_hits
from neotriage.inheritance.genes import GeneRules, read_gene_rules
from neotriage.panels import match_panel, read_panel
from neotriage.phenotype import PhenotypeModel, load, score
from neotriage.phenotype.model import Profiles, installed_folder, profiles_of
from neotriage.rank.candidates import rank_case, shares
from neotriage.rank.gene_term import AppliedPanels, apply_panels
from neotriage.rank.judge import Candidate, Tables
from neotriage.rank.phenotype_term import PhenotypeTerm
from neotriage.rank.terms import TERMS, sum_db, weights_of
from neotriage.settings import RankSettings, Settings

COUNTS = (20, 40, 80)
FIT_PANEL = "Research panel - Severe Paediatric Disorders"
TOPS = (1, 3, 5, 10)
BINS = 10
NATS_PER_DB = math.log(10) / 10
_MODES = {"NA": ""}


@dataclass(frozen=True)
class World:
    """What all cases share."""

    build: Build
    models: GeneModels
    phenotype: PhenotypeModel
    annotations: hpo_only.Annotations
    decoys: Decoys
    sources: KnowledgeSources
    gene_rules: GeneRules
    panels: AppliedPanels


@dataclass(frozen=True)
class Scored:
    """A gene among a case's candidates: its four terms in decibans before the weights, and their weighted sum."""

    gene: str
    terms: tuple[float, float, float, float]
    total: float
    has_disease: bool


@dataclass(frozen=True)
class Outcome:
    """A case: whether ClinVar knew it, its candidates, its gene, its decoy genes in order, and the carrier's candidate."""

    solved: Solved
    is_known: bool
    candidates: Mapping[str, Scored]
    decoys: tuple[str, ...]
    carrier: Scored | None
    is_recessive: bool

    def among(self, count: int, *, is_planted: bool, is_carrier: bool = False) -> list[Scored]:
        """Candidates with the first `count` decoy genes, best first."""
        genes = self.decoys[:count]
        found = [self.candidates[g] for g in genes if g in self.candidates]
        if is_planted and self.solved.gene in self.candidates:
            found.append(self.candidates[self.solved.gene])
        if is_carrier and self.carrier is not None:
            found.append(self.carrier)
        return sorted(found, key=lambda s: (-s.total, s.gene))


def is_training(gene: str) -> bool:
    """Whether a gene is in the half that weights are fitted on: the parity of its symbol's SHA-256."""
    return hashlib.sha256(gene.encode()).digest()[0] % 2 == 0


def read_world(data: Path, folder: Path, *, panel: str, diseases_only: bool) -> World:
    """The shared resources; `panel` names one of the PanelApp table, '' none."""
    build = read_build("GRCh38")
    models = read_gene_models(data / "genes" / "mane.grch38.gff3.gz", build)
    phenotype = load()
    constraint = data / "constraint" / "gnomad.v2.1.1.gene-constraints.tsv"
    paths = [_write_panel(data / "panels" / "PanelAppData_combined_core.tsv.gz", panel, folder)] if panel else []
    panels = [read_panel(path) for path in paths]
    matches = [match_panel(p, models) for p in panels]
    places = [(models.genes[i].id, gene.is_green, gene.mode) for match in matches for i, gene in match.genes.items()]
    return World(
        build=build,
        models=models,
        phenotype=phenotype,
        annotations=hpo_only.read_rows(phenotype, installed_folder()),
        decoys=Decoys.of(models, constraint, phenotype, diseases_only=diseases_only),
        sources=KnowledgeSources(None, "", read_constraint(constraint), constraint.name, standing_by_gene(places), None),
        gene_rules=read_gene_rules([str(path) for path in paths], models),
        panels=apply_panels(panels, models),
    )


def _write_panel(table: Path, name: str, folder: Path) -> Path:
    """A panel of the table as neotriage reads it; of a gene that stands twice the surer entry."""
    best: dict[str, tuple[int, str]] = {}
    with gzip.open(table, "rt") as text:
        for row in csv.DictReader(text, delimiter="\t"):
            if row["name"] == name:
                entry = (int(row["confidence_level"]), _MODES.get(row["mode_of_inheritance"], row["mode_of_inheritance"]))
                best[row["Gene"]] = max(entry, best.get(row["Gene"], entry))
    if not best:
        sys.exit(f"no panel is called {name!r} in {table.name}")
    path = folder / "panel.tsv"
    lines = ["symbol\tconfidence\tmode_of_inheritance", *(f"{g}\t{c}\t{m}" for g, (c, m) in sorted(best.items()))]
    path.write_text("\n".join(lines) + "\n")
    return path


def without_own_counts(world: World, solved: Solved) -> PhenotypeModel:
    """The phenotype model with the case's own counts taken from HPO's annotations."""
    model, removal = world.phenotype, hpo_only.Removal.COUNTS
    told = hpo_only.SolvedCase(
        solved.name, solved.gene, solved.disease, solved.paper, solved.present, solved.excluded, hpo_only.Onset.NOT_STATED
    )
    diseases = hpo_only.changed(model, world.annotations, told, removal)
    if not diseases:
        return model
    terms = [frozenset(model.term_number[t] for t in ids) for ids in (solved.present, solved.excluded)]
    rows = [hpo_only.without(world.annotations, told, d, removal, terms[0], terms[1]) for d in diseases]
    changed = profiles_of(model.ancestor_start, model.ancestor, model.information, model.is_late, rows)
    return replace(model, profiles=spliced(model.profiles, [model.disease_number[d] for d in diseases], changed))


def spliced(profiles: Profiles, places: Sequence[int], changed: Profiles) -> Profiles:
    """Profiles with those at `places` put in from `changed`, in its order."""
    whole: dict[str, np.ndarray] = {}
    for axis, starts in (("own_", "own_start"), ("", "start")):
        others = [f.name for f in fields(Profiles) if f.name not in {"size", "start", "own_start"}]
        names = [name for name in others if name.startswith("own_") == bool(axis)]
        old, new = getattr(profiles, starts), getattr(changed, starts)
        lengths = np.diff(old)
        lengths[list(places)] = np.diff(new)
        for name in names:
            pieces = np.split(getattr(profiles, name), old[1:-1])
            for i, place in enumerate(places):
                pieces[place] = getattr(changed, name)[new[i] : new[i + 1]]
            whole[name] = np.concatenate(pieces)
        whole[starts] = np.concatenate([[0], np.cumsum(lengths)]).astype(old.dtype)
    size = profiles.size.copy()
    size[list(places)] = changed.size
    return replace(profiles, size=size, **whole)


def run_case(world: World, solved: Solved, settings: Settings, random: np.random.Generator) -> list[Outcome]:
    """The case with ClinVar masked and on, the same decoys."""
    planted = plant(solved, world.decoys, max(COUNTS), random)
    planted = replace(planted, case=replace(planted.case, settings=settings))
    model = without_own_counts(world, solved)
    term = PhenotypeTerm(model, score(model, solved.present))
    genes = tuple(gene[0].gene for gene in planted.decoys)
    is_recessive = solved.alleles[0].chrom != "chrX" and solved.zygosity != ("heterozygous",)
    carrier = _carrier(world, planted, term) if is_recessive else None
    outcomes = []
    for is_known in (False, True):
        found = _scored(world, planted, term, is_known=is_known)
        outcomes.append(Outcome(solved, is_known, {s.gene: s for s in found}, genes, carrier, is_recessive))
    return outcomes


def _carrier(world: World, planted: Planted, term: PhenotypeTerm) -> Scored | None:
    """The candidate that one known allele from the father makes; None if it makes none."""
    allele = replace(planted.truth[0], genotypes=((0, 1), (0, 1), (0, 0)))
    found = _scored(world, Planted(planted.case, (allele,), ()), term, is_known=True)
    return found[0] if found else None


def _scored(world: World, planted: Planted, term: PhenotypeTerm, *, is_known: bool) -> list[Scored]:
    variants, consequences, annotations = tables_of(planted, world.models, world.decoys.transcripts, is_truth_known=is_known)
    case = planted.case
    hits = find_hits(case, world.build, variants, consequences, annotations, world.gene_rules).hits
    tables = EvidenceTables(variants, consequences, annotations, hits)
    assembler = Assembler(case, world.build, tables, world.models, world.sources, Predictions({}), _covered(world))
    criteria, classes = assess(assembler.facts())
    ranked = rank_case(case, Tables(variants, consequences, annotations, hits, criteria, classes), world.panels, term)
    return [_terms(c, case.settings.rank) for c in ranked.candidates]


def _covered(world: World) -> frozenset[str]:
    return frozenset(contig.name for contig in world.build.primary)


def _terms(candidate: Candidate, settings: RankSettings) -> Scored:
    weights = weights_of(settings)
    p, v, i, g = (sum_db(candidate.parts, term) / weights[term] for term in TERMS)
    return Scored(candidate.gene, (p, v, i, g), candidate.total_db, candidate.disease is not None)


# --- figures


def rank_of(outcome: Outcome, count: int) -> float:
    """Rank of the case's gene among the candidates with `count` decoy genes, infinite if it became no candidate."""
    genes = [s.gene for s in outcome.among(count, is_planted=True)]
    return genes.index(outcome.solved.gene) + 1 if outcome.solved.gene in genes else math.inf


def table_of_ranks(outcomes: Sequence[Outcome]) -> list[list[str]]:
    """Top-k by decoy genes and ClinVar, over cases and over genes (each gene counts once); lost: no candidate at all."""
    tops = [f"top{k}" for k in TOPS]
    rows = [["clinvar", "decoys", "cases", "genes", *tops, "mrr", "gene_top1", "gene_top5", "lost", "candidates"]]
    for is_known in (False, True):
        own = [o for o in outcomes if o.is_known is is_known]
        for count in COUNTS:
            ranks = np.array([rank_of(o, count) for o in own])
            by_gene: dict[str, list[float]] = defaultdict(list)
            for outcome, rank in zip(own, ranks.tolist(), strict=True):
                by_gene[outcome.solved.gene].append(rank)
            macro = [np.mean([np.mean(np.array(r) <= k) for r in by_gene.values()]) for k in (1, 5)]
            shown = np.mean([len(o.among(count, is_planted=True)) for o in own])
            row = ["on" if is_known else "masked", str(count), str(len(own)), str(len(by_gene))]
            row += [percent(np.mean(ranks <= k)) for k in TOPS]
            row += [f"{np.mean(1 / ranks):.3f}", *map(percent, macro), percent(np.isinf(ranks).mean()), f"{shown:.1f}"]
            rows.append(row)
    return rows


def percent(share: np.floating | float) -> str:
    return f"{100 * share:.1f}"


def controls(outcomes: Sequence[Outcome], level: float) -> list[list[str]]:
    """Controls: share in which `no diagnosis` is first, and in which a candidate is above 0.5 (and 0.1)."""
    rows = [["control", "decoys", "controls", "none_first", "above_0.5", "above_0.9"]]
    masked = [o for o in outcomes if not o.is_known]
    for name, own in (("nothing", masked), ("carrier", [o for o in masked if o.is_recessive])):
        for count in COUNTS if own else ():
            sets = [o.among(count, is_planted=False, is_carrier=name == "carrier") for o in own]
            tops = [(max(p, default=0.0), none) for p, none in (shares([s.total for s in found], level) for found in sets)]
            values = [np.mean([none > top for top, none in tops]), *(np.mean([top > x for top, _ in tops]) for x in (0.5, 0.9))]
            rows.append([name, str(count), str(len(own)), *map(percent, values)])
    return rows


def calibration(outcomes: Sequence[Outcome], level: float, count: int = 40) -> tuple[list[list[str]], float, float]:
    """Ten bins of the first candidate's probability, the Brier score of all shares, and that of the first candidates.

    Cases with ClinVar masked and on, and as many controls with nothing planted.
    """
    first: list[tuple[float, bool]] = []
    brier = []
    for outcome in outcomes:
        for is_planted in (True, False):
            found = outcome.among(count, is_planted=is_planted)
            probabilities, none = shares([s.total for s in found], level)
            truths = [is_planted and s.gene == outcome.solved.gene for s in found]
            errors = [(p - t) ** 2 for p, t in zip([*probabilities, none], [*truths, not any(truths)], strict=True)]
            brier.append(math.fsum(errors))
            if found:
                first.append((probabilities[0], truths[0]))
    rows = [["probability", "first_candidates", "mean_probability", "true"]]
    for low in range(BINS):
        inside = [(p, t) for p, t in first if low / BINS <= p < (low + 1) / BINS or (low == BINS - 1 and p == 1.0)]
        if inside:
            p, t = (float(np.mean([pair[i] for pair in inside])) for i in (0, 1))
            rows.append([f"{low / BINS:.1f}-{(low + 1) / BINS:.1f}", str(len(inside)), f"{p:.3f}", f"{t:.3f}"])
    return rows, float(np.mean(brier)), float(np.mean([(p - t) ** 2 for p, t in first]))


# --- fit


@dataclass
class ChoiceSets:
    """Choice sets of the conditional logit: terms float64 (alternatives, 5), the last being 1 for `no diagnosis here`."""

    terms: list[np.ndarray] = field(default_factory=list)
    chosen: list[int] = field(default_factory=list)
    weight: list[float] = field(default_factory=list)

    def add(self, found: Sequence[Scored], truth: str | None, weight: float) -> None:
        """One case or control; the last alternative is `no diagnosis here`, chosen where the cause is not among the others.

        Genes without a disease in HPO are left out: no solved case here has one for its cause, so nothing is learnt of them.
        """
        found = [s for s in found if s.has_disease]
        genes = [s.gene for s in found]
        rows = [[*s.terms, 0.0] for s in found] + [[0.0, 0.0, 0.0, 0.0, 1.0]]
        self.terms.append(np.array(rows) * NATS_PER_DB)
        self.chosen.append(genes.index(truth) if truth in genes else len(found))
        self.weight.append(weight)


def choice_sets(outcomes: Iterable[Outcome], count: int = 40) -> ChoiceSets:
    """Cases, and controls of the same weight together."""
    sets = ChoiceSets()
    for outcome in outcomes:
        sets.add(outcome.among(count, is_planted=True), outcome.solved.gene, 1.0)
        half = 0.5 if outcome.is_recessive else 1.0
        sets.add(outcome.among(count, is_planted=False), None, half)
        if outcome.is_recessive:
            sets.add(outcome.among(count, is_planted=False, is_carrier=True), None, half)
    return sets


def fit(sets: ChoiceSets, rounds: int = 50) -> np.ndarray:
    """Weights of P, V, I, G and the level of `no diagnosis here` in decibans, by Newton steps on the log likelihood."""
    beta = np.array([1.0, 1.0, 1.0, 1.0, 20.0])
    for _ in range(rounds):
        gradient, hessian = np.zeros(5), np.zeros((5, 5))
        for terms, chosen, weight in zip(sets.terms, sets.chosen, sets.weight, strict=True):
            utility = terms @ beta
            share = np.exp(utility - utility.max())
            share /= share.sum()
            mean = share @ terms
            gradient += weight * (terms[chosen] - mean)
            hessian += weight * ((terms * share[:, None]).T @ terms - np.outer(mean, mean))
        step = np.linalg.solve(hessian, gradient)
        beta = beta + step * min(1.0, 5.0 / float(np.abs(step).max()))
        if float(np.abs(step).max()) < 1e-6:
            break
    return beta


# --- command


def sampled(cases: Sequence[Solved], count: int, seed: int) -> list[Solved]:
    """`count` cases at random in file order, all for 0."""
    if count in {0, len(cases)} or count > len(cases):
        return list(cases)
    chosen = np.random.default_rng(seed).choice(len(cases), count, replace=False)
    return [cases[i] for i in sorted(chosen.tolist())]


def run(world: World, cases: Sequence[Solved], settings: Settings, seed: int) -> list[Outcome]:
    """Outcomes of all cases. A case's generator is seeded by the seed and its name: it is the same in any sample."""
    outcomes = []
    for solved in cases:
        digest = int.from_bytes(hashlib.sha256(solved.name.encode()).digest()[:4], "big")
        outcomes += run_case(world, solved, settings, np.random.default_rng([seed, digest]))
    return outcomes


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="End to end ranking of solved cases among decoys, and of controls.")
    parser.add_argument("--data", type=Path, default=shared_folder(), help="folder of the public data")
    parser.add_argument("--cases", type=int, default=500, help="cases drawn at random; 0 all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--decoys", choices=("any", "disease"), default="any", help="decoy genes: any, or disease genes alone")
    parser.add_argument("--panel", default="", help="apply this panel of the PanelApp table")
    parser.add_argument("--fit", action="store_true", help="fit the weights on the training genes and print them")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        panel = FIT_PANEL if given.fit else given.panel
        world = read_world(given.data, Path(folder), panel=panel, diseases_only=given.decoys == "disease")
    cases, left_out = read_solved(given.data / "cases" / "phenopackets_dev.jsonl.gz", world.models, world.phenotype)
    half = [c for c in cases if is_training(c.gene) is given.fit]
    chosen = sampled(half, given.cases, given.seed)
    whose = "training" if given.fit else "held out"
    print(f"# HPO {world.phenotype.release}; {len(chosen)} of {len(half)} cases, {whose} genes")
    print(f"# left out of all: {dict(sorted(left_out.items()))}")
    settings = Settings()
    if given.fit:
        bare = replace(world, gene_rules=read_gene_rules([], world.models), panels=apply_panels([], world.models))
        bare = replace(bare, sources=replace(world.sources, panels={}))
        outcomes = run(bare, chosen[::2], settings, given.seed) + run(world, chosen[1::2], settings, given.seed)
        names = [*(f.name for f in fields(RankSettings) if f.name.endswith("_weight")), "no_diagnosis_db"]
        for name, value in zip(names, fit(choice_sets(outcomes)).tolist(), strict=True):
            print(f"{name}: float = {value:.3f}")
    else:
        outcomes = run(world, chosen, settings, given.seed)
    level = settings.rank.no_diagnosis_db
    show("rank of the gene", table_of_ranks(outcomes))
    show("controls", controls(outcomes, level))
    rows, brier, first = calibration(outcomes, level)
    show("calibration of the first candidate, 40 decoy genes, cases and controls alike", rows)
    print(f"Brier score: {brier:.4f} over all shares of a set, {first:.4f} of the first candidate")


if __name__ == "__main__":
    main()
