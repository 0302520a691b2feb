"""The inheritance kernels against plain Python written from the definitions, over all genotypes of a trio.

The oracle reasons over possible worlds: a call stands for the set of copies that it allows, a parent's world transmits some
alleles, and a table names the model for each state of the two parents. It shares no code with the kernels.
"""

import itertools
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

os.environ.setdefault("NUMBA_CACHE_DIR", tempfile.mkdtemp(prefix="numba-"))
os.environ.setdefault("NUMBA_BOUNDSCHECK", "1")

import numpy as np
import pytest

from neotriage.inheritance.compound import Sides, find_pairs
from neotriage.kernels import compound, inheritance
from neotriage.kernels.inheritance import carrier_bounds, fit_models
from neotriage.schema import Model

MODELS = list(Model)
AUTO, X, Y, MITO, ELSEWHERE = "autosome", "x", "y", "mitochondrion", "elsewhere"
KINDS = [AUTO, X, Y, MITO, ELSEWHERE]
SEXES = ["unknown", "male", "female"]
HAS, LACKS, OPEN = "has", "lacks", "open"
AFFECTED, UNAFFECTED, UNSTATED = 1, 0, -1


def bits(models):
    return sum(1 << MODELS.index(model) for model in models)


def names(mask):
    return {model for place, model in enumerate(MODELS) if mask >> place & 1}


# --- the oracle: worlds -------------------------------------------------------------------------------------------------


def worlds(call, kind, sex):
    """The copy numbers of the allele that a call allows; a hemizygous copy counts 2."""
    alleles = [a for a in call if a != -2]
    if not alleles or (kind == Y and sex == "female"):
        return {0, 1, 2}
    if kind == MITO:
        if 1 in alleles:
            return {1, 2}
        return {0, 1, 2} if -1 in alleles else {0}
    has_one_copy = kind == Y or (kind == X and (sex == "male" or (sex == "unknown" and len(alleles) == 1)))
    if has_one_copy:
        if set(alleles) == {1}:
            return {2}
        return {0, 2} if 1 in alleles or -1 in alleles else {0}
    slots = [{1} if a == 1 else {0, 1} if a == -1 else {0} for a in alleles] + [{0, 1}] * (2 - len(alleles))
    return {sum(choice) for choice in itertools.product(*slots)}


def state(world):
    return LACKS if world == {0} else HAS if 0 not in world else OPEN


DOMINANT = {
    (LACKS, LACKS): "new",
    (HAS, LACKS): "inherited",
    (LACKS, HAS): "inherited",
    (HAS, HAS): "inherited",
    (HAS, OPEN): "inherited",
    (OPEN, HAS): "inherited",
    (LACKS, OPEN): "unknown",
    (OPEN, LACKS): "unknown",
    (OPEN, OPEN): "unknown",
}
HOMOZYGOUS = {  # model, whether incomplete; "one" where one parent has and the other lacks it
    (HAS, HAS): ("both", False),
    (HAS, OPEN): ("both", True),
    (OPEN, HAS): ("both", True),
    (OPEN, OPEN): ("both", True),
    (LACKS, OPEN): ("both", True),
    (OPEN, LACKS): ("both", True),
    (HAS, LACKS): ("one", False),
    (LACKS, HAS): ("one", False),
    (LACKS, LACKS): ("both", False),
}
PATERNAL = {  # (father, mother) -> incomplete for a heterozygous child; absent: the model does not fit
    (HAS, LACKS): False,
    (HAS, HAS): True,
    (HAS, OPEN): True,
    (OPEN, LACKS): True,
    (OPEN, OPEN): True,
}


def sources(father, mother):
    """Where the one altered allele of a heterozygous child can come from, by trying every transmission of every world."""
    found = set()
    for f, m in itertools.product(father, mother):
        from_father = {1} if f == 2 else {0} if f == 0 else {0, 1}
        from_mother = {1} if m == 2 else {0} if m == 0 else {0, 1}
        for a, b in itertools.product(from_father, from_mother):
            if (a, b) == (1, 0):
                found.add(1)
            if (a, b) == (0, 1):
                found.add(2)
        if f == 0 and m == 0:
            found.add(4)
    return sum(found)


class Findings:
    """Models that fit and, of these, the incomplete ones."""

    def __init__(self):
        self.fits, self.thin = set(), set()

    def add(self, model, is_incomplete=False):
        """One model."""
        self.fits.add(model)
        if is_incomplete:
            self.thin.add(model)

    def dominant(self, f, m, affection, new, inherited, unknown):
        """By the table DOMINANT."""
        origin = DOMINANT[f, m]
        is_supported = (f == HAS and affection[0] == AFFECTED) or (m == HAS and affection[1] == AFFECTED)
        if origin == "new":
            self.add(new)
        elif origin == "unknown":
            self.add(unknown, True)
        else:
            self.add(inherited, OPEN in (f, m) and not is_supported)

    def recessive(self, f, m, is_full, sure, homozygous, isodisomy):
        """By the table HOMOZYGOUS."""
        if not is_full:
            self.add(Model.RECESSIVE_SINGLE)
            return
        how, is_incomplete = HOMOZYGOUS[f, m]
        if how == "one" and sure:
            self.add(isodisomy)
        else:
            self.add(homozygous, is_incomplete or how == "one")

    def imprinted(self, f, m, is_full):
        """By the table PATERNAL, and the same for the mother."""
        for model, here, other in ((Model.IMPRINTED_PATERNAL, f, m), (Model.IMPRINTED_MATERNAL, m, f)):
            if (here, other) in PATERNAL:
                self.add(model, PATERNAL[here, other] and not (is_full and here == HAS))

    def x_of_a_boy(self, m, affection):
        """His X is his mother's."""
        if m == LACKS:
            self.add(Model.X_DE_NOVO)
            return
        self.add(Model.X_RECESSIVE, m == OPEN)
        if m == OPEN or affection[1] != UNAFFECTED:
            self.add(Model.X_DOMINANT, m == OPEN)


def has_one_copy(child, kind, sex):
    return kind == Y or (kind == X and (sex == "male" or (sex == "unknown" and -2 in child)))


def is_doubtful(child, kind, sex):
    one = has_one_copy(child, kind, sex)
    is_haploid = -2 in child
    is_het_in_male = one and sex != "female" and not is_haploid and set(child) != {1}
    return -1 in child or (is_haploid and not one) or is_het_in_male or (sex == "unknown" and kind in (X, Y))


NEEDS = dict.fromkeys((Model.RECESSIVE_HOMOZYGOUS, Model.RECESSIVE_ISODISOMY, Model.X_RECESSIVE), 2)
IMPRINTED = (Model.IMPRINTED_PATERNAL, Model.IMPRINTED_MATERNAL)


def parent_lacks(model, world, is_mother):
    """Whether an affected parent's call says that they do not have what the model needs."""
    if model is Model.MITOCHONDRIAL:
        return is_mother and world == {0}
    return max(world) < NEEDS.get(model, 1)


def parent_has(model, world):
    """Whether an unaffected parent's call says that they have what the model needs."""
    if model is Model.MITOCHONDRIAL or model in IMPRINTED:
        return False
    return min(world) >= (2 if model is Model.RECESSIVE_SINGLE else NEEDS.get(model, 1))


def oracle(calls, kind, sex, affection, sure):
    """Models, incomplete ones, those an affected parent lacks, those an unaffected one has, sources; None: absent parent."""
    child, father, mother = calls
    found = Findings()
    if 1 not in child or kind == ELSEWHERE:
        return set(), set(), set(), set(), 0
    fw = {0, 1, 2} if father is None else worlds(father, kind, "male")
    mw = {0, 1, 2} if mother is None else worlds(mother, kind, "female")
    f, m, is_full = state(fw), state(mw), worlds(child, kind, sex) == {2}
    if kind == AUTO:
        found.dominant(f, m, affection, Model.DE_NOVO, Model.DOMINANT_INHERITED, Model.DOMINANT_UNKNOWN)
        found.imprinted(f, m, is_full)
        found.recessive(f, m, is_full, sure, Model.RECESSIVE_HOMOZYGOUS, Model.RECESSIVE_ISODISOMY)
    elif kind == Y:
        found.add(Model.Y_LINKED, sex == "female" or f == OPEN)
    elif kind == MITO:
        found.add(Model.MITOCHONDRIAL, m == OPEN)
    elif has_one_copy(child, kind, sex):
        found.x_of_a_boy(m, affection)
    else:
        found.dominant(f, m, affection, Model.X_DE_NOVO, Model.X_DOMINANT, Model.X_DOMINANT)
        found.recessive(f, m, is_full, sure, Model.X_RECESSIVE, Model.X_RECESSIVE)
    thin = found.fits if kind != MITO and is_doubtful(child, kind, sex) else found.thin
    present = [(fw, affection[0], False)] * (father is not None) + [(mw, affection[1], True)] * (mother is not None)
    lacking = {x for x in found.fits for w, status, mum in present if status == AFFECTED and parent_lacks(x, w, mum)}
    spared = {x for x in found.fits for w, status, _ in present if status == UNAFFECTED and parent_has(x, w)}
    return found.fits, thin, lacking, spared, sources(fw, mw) if Model.RECESSIVE_SINGLE in found.fits else 0


# --- all genotypes ------------------------------------------------------------------------------------------------------

CODES = (-1, 0, 1, 2)
PAIRS = list(itertools.product(CODES, repeat=2))
HAPLOID = [(a, -2) for a in CODES]


def run(fit, bounds, calls, kind, sex, affection, sure):
    """The kernels on one family's calls, absent parents as None in all of them."""
    present = [place for place in range(3) if calls[0][place] is not None]
    genotype = np.array([[row[place] for place in present] for row in calls], dtype=np.int8)
    number = {place: at for at, place in enumerate(present)}
    n = len(calls)
    kinds = np.full(n, KINDS.index(kind), dtype=np.int8)
    sexes = np.array([[SEXES.index(sex), 1, 2][place] for place in present], dtype=np.int8)
    status = np.array([[1, *affection][place] for place in present], dtype=np.int8)
    fathers = np.full(len(present), -1, dtype=np.int32)
    mothers = np.full(len(present), -1, dtype=np.int32)
    fathers[0], mothers[0] = number.get(1, -1), number.get(2, -1)
    line = np.array([place != 1 for place in present])
    few, most = bounds(genotype, kinds, sexes)
    is_sure = np.full((n, len(present)), sure)
    return fit(genotype, kinds, sexes, status, fathers, mothers, line, is_sure, few, most)


def compare(kernels, calls, kind, sex, affection, sure):
    fit, bounds = kernels
    models, weak, lacking, spared, _, source = run(fit, bounds, calls, kind, sex, affection, sure)
    for n, call in enumerate(calls):
        wanted = oracle(call, kind, sex, affection, sure)
        got = (names(models[n]), names(weak[n]), names(lacking[n]), names(spared[n]), source[n])
        assert got == wanted, (call, kind, sex, affection, sure)


COMPILED = (fit_models, carrier_bounds)
PLAIN = (fit_models.py_func, carrier_bounds.py_func)
AFFECTIONS = list(itertools.product((AFFECTED, UNAFFECTED, UNSTATED), repeat=2))
PRESENCE = {"trio": (True, True), "father": (True, False), "mother": (False, True), "singleton": (False, False)}


def family_calls(presence, child=PAIRS, parent=PAIRS):
    has_father, has_mother = PRESENCE[presence]
    return list(itertools.product(child, parent if has_father else [None], parent if has_mother else [None]))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("sex", SEXES)
def test_fit_models__all_trio_genotypes(kind, sex):
    calls = family_calls("trio")
    assert len(calls) == 4**6
    for affection in AFFECTIONS:
        compare(COMPILED, calls, kind, sex, affection, True)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("presence", ["father", "mother", "singleton"])
def test_fit_models__each_parent_absent(kind, presence):
    for sex, affection in itertools.product(SEXES, AFFECTIONS):
        compare(COMPILED, family_calls(presence), kind, sex, affection, True)


@pytest.mark.parametrize("kind", KINDS)
def test_fit_models__haploid_notation(kind):
    child = PAIRS + HAPLOID + [(-2, -2)]
    for sex, parent in itertools.product(SEXES, (HAPLOID, PAIRS)):
        compare(COMPILED, family_calls("trio", child, parent), kind, sex, (AFFECTED, UNAFFECTED), True)


@pytest.mark.parametrize("kind", KINDS)
def test_fit_models__plain_python_of_the_kernel(kind):
    for sex in SEXES:
        compare(PLAIN, family_calls("trio"), kind, sex, (UNAFFECTED, AFFECTED), True)
        compare(PLAIN, family_calls("mother", PAIRS + HAPLOID, PAIRS + HAPLOID), kind, sex, (UNAFFECTED, UNSTATED), False)


def test_fit_models__weak_parent_is_no_isodisomy():
    calls = family_calls("trio")
    for kind in (AUTO, X):
        compare(COMPILED, calls, kind, "female", (UNAFFECTED, UNAFFECTED), False)


def test_fit_models__model_bits_are_the_schemas():
    for model in Model:
        assert getattr(inheritance, model.name) == bits([model])


def relative(child, other, status, fathers, mothers, parents=((0, 1), (0, 0)), sex=2):
    """Child, father, mother and one more person on an autosome."""
    genotype = np.array([[child, *parents, other]], dtype=np.int8)
    kinds, sexes = np.zeros(1, dtype=np.int8), np.array([1, 1, 2, sex], dtype=np.int8)
    few, most = carrier_bounds(genotype, kinds, sexes)
    affection = np.array([1, 0, 0, status], dtype=np.int8)
    out = fit_models(
        genotype,
        kinds,
        sexes,
        affection,
        np.array([1, -1, -1, fathers], dtype=np.int32),
        np.array([2, -1, -1, mothers], dtype=np.int32),
        np.array([True, False, True, mothers == 2]),
        np.ones((1, 4), dtype=bool),
        few,
        most,
    )
    return [names(mask[0]) if n < 4 else int(mask[0]) for n, mask in enumerate(out)]


@pytest.mark.parametrize(
    ("other", "status", "is_against"),
    [((0, 1), 0, True), ((0, 0), 0, False), ((-1, -1), 0, False), ((0, 1), -1, False), ((0, 1), 1, False)],
)
def test_fit_models__unaffected_sibling_of_an_imprinted_gene(other, status, is_against):
    _, _, _, spared, _, _ = relative((0, 1), other, status, 1, 2)
    assert (Model.IMPRINTED_PATERNAL in spared) is is_against


def test_fit_models__half_sibling_says_nothing_of_the_other_parents_allele():
    _, _, _, spared, _, _ = relative((0, 1), (0, 1), 0, -1, 2)
    assert Model.IMPRINTED_PATERNAL not in spared


@pytest.mark.parametrize(("other", "is_shared"), [((0, 1), True), ((0, 0), False), ((0, -1), False)])
def test_fit_models__de_novo_shared_with_a_sibling(other, is_shared):
    out = relative((0, 1), other, -1, 1, 2, parents=((0, 0), (0, 0)))
    assert out[0] >= {Model.DE_NOVO}
    assert bool(out[4] & inheritance.DE_NOVO_SHARED) is is_shared


# --- a real trio --------------------------------------------------------------------------------------------------------

SHARED = Path(os.environ.get("NEOTRIAGE_SHARED_DATA", Path(__file__).parents[2] / "shared" / "data"))
REAL_TRIO = SHARED / "vcf" / "NA12878_trio.GRCh38.chr1_2_3_22.vcf.gz"


def trio_calls(expression):
    """Calls of the sites that a bcftools expression selects, as allele codes; a site with a call in part is left out."""
    # `view`, since `query -i` with a genotype in the expression prints only the samples that it holds for
    command = ["bcftools", "view", "-H", "-i", expression, REAL_TRIO]
    records = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    lines = [" ".join(call.partition(":")[0] for call in record.split("\t")[9:]) for record in records]
    rows = [[gt.replace("|", "/").split("/") for gt in line.split()] for line in lines]
    whole = [row for row in rows if not any("." in gt and set(gt) != {"."} for gt in row)]
    return [[[-1 if a == "." else int(a) for a in gt] for gt in row] for row in whole]


@pytest.mark.skipif(not REAL_TRIO.is_file(), reason=f"{REAL_TRIO.name} of the shared data is not here")
@pytest.mark.skipif(shutil.which("bcftools") is None, reason="bcftools is not installed")
@pytest.mark.parametrize(
    ("models", "expression"),
    [
        ({Model.DE_NOVO}, 'GT[0]="alt" && GT[1]="RR" && GT[2]="RR"'),
        ({Model.DOMINANT_INHERITED}, 'GT[0]="alt" && (GT[1]="alt" || GT[2]="alt")'),
        ({Model.DOMINANT_UNKNOWN}, 'GT[0]="alt" && ((GT[1]="mis" && GT[2]!="alt") || (GT[2]="mis" && GT[1]!="alt"))'),
        ({Model.RECESSIVE_ISODISOMY}, 'GT[0]="AA" && ((GT[1]="alt" && GT[2]="RR") || (GT[1]="RR" && GT[2]="alt"))'),
        ({Model.RECESSIVE_ISODISOMY, Model.RECESSIVE_HOMOZYGOUS}, 'GT[0]="AA"'),
        ({Model.RECESSIVE_SINGLE}, 'GT[0]="het"'),
    ],
)
def test_fit_models__real_trio_as_bcftools_counts(models, expression):
    calls = trio_calls("N_ALT=1")
    fits, *_ = run(fit_models, carrier_bounds, calls, AUTO, "female", (UNAFFECTED, UNAFFECTED), True)
    wanted = len(trio_calls(f"N_ALT=1 && ({expression})"))
    assert sum(bool(models & names(mask)) for mask in fits) == wanted > 0


# --- compound -----------------------------------------------------------------------------------------------------------


def phase_oracle(a, b):
    """From the definition: parents first, then a phase set."""
    sure = {1: "father", 2: "mother"}
    if a[0] in sure and b[0] in sure:
        return "cis" if sure[a[0]] == sure[b[0]] else "parent"
    if a[1] != -1 and a[1] == b[1] and -1 not in (a[2], b[2]):
        return "cis" if a[2] == b[2] else "read"
    return "unknown"


PHASES = ["parent", "read", "cis", "unknown"]
SIDES = [
    (source, phase_set, haplotype) for source in range(8) for phase_set, haplotype in ((-1, -1), (7, 0), (7, 1), (9, 0), (9, 1))
]


@pytest.mark.parametrize("pair_phase", [compound.pair_phase, compound.pair_phase.py_func])
def test_pair_phase__all_pairs_of_sides(pair_phase):
    for a, b in itertools.product(SIDES, repeat=2):
        assert PHASES[pair_phase(*a, *b)] == phase_oracle(a, b), (a, b)


def make_sides(seed, genes, most_sides):
    random = np.random.default_rng(seed)
    gene = np.sort(random.integers(0, genes, int(random.integers(0, genes * most_sides)))).astype(np.int32)
    gene = np.unique(gene, return_inverse=True)[1].astype(np.int32)
    picks = [SIDES[n] for n in random.integers(0, len(SIDES), gene.size)]
    return gene, picks


def as_arrays(picks):
    table = np.array(picks, dtype=np.int32).reshape(-1, 3)
    return table[:, 0].astype(np.int8), table[:, 1].copy(), table[:, 2].astype(np.int8)


def cells(gene, picks):
    number = {}
    keys = [(g, s if s in (1, 2) else 0, p, h) for g, (s, p, h) in zip(gene.tolist(), picks, strict=True)]
    return np.array([number.setdefault(key, len(number)) for key in keys], dtype=np.int32)


@pytest.mark.parametrize("list_pairs", [compound.list_pairs, compound.list_pairs.py_func])
@pytest.mark.parametrize("limit", [1, 3, 64])
@pytest.mark.parametrize("seed", range(8))
def test_list_pairs__brute_force(list_pairs, limit, seed):
    gene, picks = make_sides(seed, 5, 12)
    wanted = []
    for g in range(int(gene.max(initial=-1)) + 1):
        places = np.flatnonzero(gene == g).tolist()
        pairs = [(i, j, phase_oracle(picks[i], picks[j])) for i, j in itertools.combinations(places, 2)]
        pairs = sorted((p for p in pairs if p[2] != "cis"), key=lambda p: (p[2] == "unknown", p[1], p[0]))
        wanted += pairs[:limit]
    first, second, phase = list_pairs(gene, *as_arrays(picks), cells(gene, picks), limit)
    got = [(int(i), int(j), PHASES[p]) for i, j, p in zip(first, second, phase, strict=True)]
    assert got == wanted


@pytest.mark.parametrize("count_pairs", [compound.count_pairs, compound.count_pairs.py_func])
@pytest.mark.parametrize("seed", range(8))
def test_count_pairs__brute_force(count_pairs, seed):
    gene, picks = make_sides(seed, 5, 12)
    order = sorted(range(gene.size), key=lambda n: (gene[n], picks[n][1]))
    gene, picks = gene[order], [picks[n] for n in order]
    genes = int(gene.max(initial=-1)) + 1
    wanted = np.zeros((genes, 4), dtype=np.int64)
    for i, j in itertools.combinations(range(gene.size), 2):
        if gene[i] == gene[j]:
            wanted[gene[i], PHASES.index(phase_oracle(picks[i], picks[j]))] += 1
    np.testing.assert_array_equal(count_pairs(gene, *as_arrays(picks), genes), wanted)


@pytest.mark.parametrize("list_pairs", [compound.list_pairs, compound.list_pairs.py_func])
@pytest.mark.parametrize(("limit", "wanted"), [(1, [(0, 1)]), (2, [(0, 1), (0, 2)]), (3, [(0, 1), (0, 2), (1, 2)])])
def test_list_pairs__sides_all_alike(list_pairs, limit, wanted):
    """Five unphased sides of unknown source are one cell: as many of them are needed as make `limit` pairs."""
    gene, picks = np.zeros(5, dtype=np.int32), [(7, -1, -1)] * 5
    first, second, _ = list_pairs(gene, *as_arrays(picks), cells(gene, picks), limit)
    assert list(zip(first.tolist(), second.tolist(), strict=True)) == wanted


@pytest.mark.parametrize("seed", range(12))
def test_find_pairs__cis_partners_by_brute_force(seed):
    gene, picks = make_sides(seed, 4, 10)
    source, phase_set, haplotype = as_arrays(picks)
    order = np.arange(gene.size, dtype=np.float64)[:, None]
    found = find_pairs(Sides(gene, source, phase_set, haplotype, order))
    wanted = [
        sum(gene[i] == gene[j] and i != j and phase_oracle(picks[i], picks[j]) == "cis" for j in range(gene.size))
        for i in range(gene.size)
    ]
    assert found.cis_partners.tolist() == wanted
    assert found.counts[:, PHASES.index("cis")].sum() * 2 == sum(wanted)


def test_list_pairs__work_does_not_grow_with_the_square():
    """A gene of 200,000 sides on one haplotype has 2e10 pairs: it ends only if these are not tried one by one."""
    n = 200_000
    gene, source = np.zeros(n, dtype=np.int32), np.full(n, 7, dtype=np.int8)
    phase_set, haplotype = np.full(n, 5, dtype=np.int32), np.zeros(n, dtype=np.int8)
    haplotype[-1] = 1
    cell = haplotype.astype(np.int32)
    first, second, phase = compound.list_pairs(gene, source, phase_set, haplotype, cell, 64)
    assert first.tolist() == list(range(64))
    assert set(second.tolist()) == {n - 1}
    assert set(phase.tolist()) == {compound.TRANS_BY_READ}
    counts = compound.count_pairs(gene, source, phase_set, haplotype, 1)
    assert counts.tolist() == [[0, n - 1, (n - 1) * (n - 2) // 2, 0]]
