"""The why-not ledger and the counts: the fate of each row, one by one in panel genes and at ClinVar P/LP sites, else summed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from neotriage.clinvar import Clinvar
from neotriage.columns import empty, frame
from neotriage.gene_models import GeneIndex, GeneModels
from neotriage.genome import Build
from neotriage.schema import TABLES, ClinvarSignificance, KeptBy, LedgerOutcome
from neotriage.structural import Record, mate_of
from neotriage.table.reader import Batch
from neotriage.table.rules import NOT_A_VARIANT, RULE_IDS, Verdict
from neotriage.table.structural import STRUCTURAL_RULES, Fate
from neotriage.whole_file import write_text

__all__ = ["Counts", "Ledger", "PanelGenes"]

_GENOTYPE_MISSING = RULE_IDS.index("genotype_missing")
_KEPT, _NO_CALL, _DROPPED = range(3)
_OUTCOMES = pl.Series([outcome.value for outcome in (LedgerOutcome.KEPT, LedgerOutcome.NO_CALL, LedgerOutcome.DROPPED)])
_RULES = pl.Series(["", *RULE_IDS])
_WORDS = pl.Series([*(word.value for word in ClinvarSignificance), ""])  # by ClinvarContig.codes; last: not in ClinVar
_COLUMNS = tuple(column.name for column in TABLES["ledger"].columns)


@dataclass(frozen=True)
class PanelGenes:
    """The genes of the applied panels: places in the gene models, and the look-up of their whole spans."""

    models: GeneModels
    index: GeneIndex
    places: npt.NDArray[np.int32]

    def overlaps(
        self, contig: str, starts: npt.NDArray[np.int32], ends: npt.NDArray[np.int32]
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32]]:
        """Pairs of (interval, panel gene) that overlap: int64 (pairs,), int32 (pairs,)."""
        rows, genes = self.index.overlaps(contig, starts, ends)
        is_panel = self._is_panel[genes]
        return rows[is_panel], genes[is_panel]

    @cached_property
    def _is_panel(self) -> npt.NDArray[np.bool_]:
        return np.isin(np.arange(len(self.models.genes)), self.places)


class Counts:
    """Rows looked at, and how many met each end: kept, dropped or not called. `scope` says where, '' everywhere."""

    def __init__(self, scope: str = "") -> None:
        self.scope = scope
        self.read = 0
        self.ends: Counter[tuple[str, str]] = Counter()
        self.kept_by: Counter[str] = Counter()

    def add(self, verdict: Verdict, kept_by: npt.NDArray[np.int8]) -> None:
        """Count a batch.

        Raises:
            AssertionError: a row has no end; a bug.
        """
        is_kept = kept_by > 0
        self.read += len(kept_by)
        self.ends[LedgerOutcome.KEPT, ""] += int(is_kept.sum())
        for number, rule in enumerate(RULE_IDS):
            outcome = LedgerOutcome.NO_CALL if number == _GENOTYPE_MISSING else LedgerOutcome.DROPPED
            self.ends[outcome, rule] += int((~is_kept & (verdict.failed == number)).sum())
        for flag in KeptBy:
            self.kept_by[str(flag.name).lower()] += int(((kept_by & flag.value) > 0).sum())
        if sum(self.ends.values()) != self.read:
            raise AssertionError(f"{self.read} rows read, {sum(self.ends.values())} accounted for")

    def add_dropped(self, dropped: Mapping[str, int]) -> None:
        """Count rows that were dropped before they were in a batch: rule -> rows."""
        for rule, count in dropped.items():
            outcome = LedgerOutcome.NO_CALL if rule == RULE_IDS[_GENOTYPE_MISSING] else LedgerOutcome.DROPPED
            self.ends[outcome, rule] += count
            self.read += count

    def add_structural(self, fates: Sequence[Fate]) -> None:
        """Count structural changes."""
        self.add_dropped(Counter(fate.rule for fate in fates if not fate.kept_by))
        kept = [fate for fate in fates if fate.kept_by]
        self.read += len(kept)
        self.ends[LedgerOutcome.KEPT, ""] += len(kept)
        for flag in KeptBy:
            self.kept_by[str(flag.name).lower()] += sum((fate.kept_by & flag.value) > 0 for fate in kept)

    def write(self, path: Path) -> None:
        """Write as TSV: outcome, rule, variants; `kept` is followed by why, where one variant may count under several."""
        rows = [("read", self.scope, self.read), (LedgerOutcome.KEPT.value, "", self.ends[LedgerOutcome.KEPT, ""])]
        rows += [("kept_by", name, count) for name, count in self.kept_by.items()]
        order = {rule: number for number, rule in enumerate((*RULE_IDS, *STRUCTURAL_RULES))}
        ends = sorted((order[rule], outcome, rule, count) for (outcome, rule), count in self.ends.items() if rule)
        rows += [(str(outcome), rule, count) for _, outcome, rule, count in ends]
        text = "".join(f"{outcome}\t{rule}\t{count}\n" for outcome, rule, count in [("outcome", "rule", "variants"), *rows])
        write_text(path, text)


class Ledger:
    """Collects the ledger's rows."""

    def __init__(self, panel_genes: PanelGenes, clinvar: Clinvar | None, build: Build) -> None:
        self._panel = panel_genes
        self._clinvar = clinvar
        self._order = {contig.name: place for place, contig in enumerate(build.contigs)}
        self._frames: list[tuple[int, pl.DataFrame]] = []  # place of a contig, rows on it
        self._called: dict[str, set[tuple[int, str, str]]] = {}
        genes = panel_genes.models.genes
        self._gene_ids = pl.Series(["", *(gene.id for gene in genes)], dtype=pl.String)
        self._gene_symbols = pl.Series(["", *(gene.symbol for gene in genes)], dtype=pl.String)

    def add(self, batch: Batch, verdict: Verdict, kept_by: npt.NDArray[np.int8], clinvar_rows: npt.NDArray[np.int32]) -> None:
        """Enter a batch's rows that lie in a panel gene or at a ClinVar P/LP site."""
        is_variant = ~np.isin(verdict.failed, list(NOT_A_VARIANT))
        contig = self._clinvar.contigs.get(batch.contig) if self._clinvar else None
        is_pathogenic = np.zeros(len(batch), bool)
        if contig is not None:
            is_pathogenic = (clinvar_rows >= 0) & contig.is_pathogenic[clinvar_rows]
        called = self._called.setdefault(batch.contig, set())
        called.update((int(batch.positions[r]), batch.refs[r], batch.alts[r]) for r in np.flatnonzero(is_pathogenic).tolist())
        rows, genes = self._rows(batch.contig, batch.positions, batch.ends, is_pathogenic)
        rows, genes = rows[is_variant[rows]], genes[is_variant[rows]]
        if not len(rows):
            return
        failed = verdict.failed[rows]
        outcomes = np.where(kept_by[rows] > 0, _KEPT, np.where(failed == _GENOTYPE_MISSING, _NO_CALL, _DROPPED))
        words = np.full(len(rows), len(_WORDS) - 1)
        if contig is not None:
            known = clinvar_rows[rows] >= 0
            words[known] = contig.codes[clinvar_rows[rows[known]]]
        self._enter(
            batch.contig,
            position=batch.positions[rows],
            ref=[batch.refs[r] for r in rows.tolist()],
            alt=[batch.alts[r] for r in rows.tolist()],
            genes=genes,
            outcome=_OUTCOMES.gather(outcomes),
            rule=_RULES.gather(failed.astype(np.int64) + 1),
            value=verdict.value[rows],
            threshold=verdict.threshold[rows],
            margin=np.abs(verdict.value[rows] - verdict.threshold[rows]),
            clinvar_significance=_WORDS.gather(words),
        )

    def add_structural(self, judged: Sequence[tuple[Record, Fate]]) -> None:
        """Enter structural changes that touch a panel gene, a line for each gene."""
        for record, fate in judged:
            spans = [(record.chrom, *record.span)]
            spans += [(mate[0], mate[1], mate[1] + 1) for mate in [mate_of(record.alt)] if mate]
            found = [
                self._panel.overlaps(contig, np.array([start], np.int32), np.array([end], np.int32))[1]
                for contig, start, end in spans
            ]
            genes = np.unique(np.concatenate(found))
            if not len(genes) or record.chrom not in self._order:
                continue
            outcome = _KEPT if fate.kept_by else _NO_CALL if fate.rule == RULE_IDS[_GENOTYPE_MISSING] else _DROPPED
            many = {
                "ref": record.ref,
                "alt": record.alt,
                "outcome": _OUTCOMES[outcome],
                "rule": fate.rule,
            }
            figures = {"value": fate.value, "threshold": fate.threshold, "margin": abs(fate.value - fate.threshold)}
            self._enter(
                record.chrom,
                **{name: _repeated(text, len(genes)) for name, text in many.items()},
                **{name: np.full(len(genes), figure) for name, figure in figures.items()},
                position=np.full(len(genes), record.position),
                genes=genes,
                clinvar_significance=_repeated("", len(genes)),
            )

    def finish(self) -> pl.DataFrame:
        """The ledger, with the ClinVar P/LP sites of panel genes that have no record; sorted by place and gene."""
        for name, contig in (self._clinvar.contigs if self._clinvar else {}).items():
            called = self._called.get(name, set())
            sites = np.flatnonzero(contig.is_pathogenic)
            places, genes = self._panel.overlaps(name, contig.positions[sites], contig.ends[sites])
            rows = sites[places]
            is_new = ~np.isin(contig.positions[rows], [position for position, *_ in called])
            for row in np.flatnonzero(~is_new).tolist():
                site = rows[row]
                is_new[row] = (int(contig.positions[site]), contig.refs[site], contig.alts[site]) not in called
            if is_new.any():
                self._no_record(name, rows[is_new], genes[is_new])
        return self._sorted() if self._frames else empty("ledger")

    def _sorted(self) -> pl.DataFrame:
        """All rows by contig, position, alleles and gene; the strings are compared where contig and position are the same."""
        table = pl.concat([rows for _, rows in self._frames])
        place = np.repeat([contig for contig, _ in self._frames], [len(rows) for _, rows in self._frames])
        self._frames.clear()  # the memory of the largest panel's ledger is the stage's peak
        key = place << 32 | table["position"].to_numpy()
        order = np.argsort(key, kind="stable")
        is_same = np.diff(key[order]) == 0
        tied = np.flatnonzero(np.append(is_same, False) | np.append(False, is_same))
        rows = order[tied]
        ties = table.select("ref", "alt", "gene_id")[rows].with_columns(key=key[rows], row=rows)
        order[tied] = ties.sort("key", "ref", "alt", "gene_id", maintain_order=True)["row"].to_numpy()
        return table[order]

    def _no_record(self, name: str, sites: npt.NDArray[np.int64], genes: npt.NDArray[np.int32]) -> None:
        assert self._clinvar is not None  # noqa: S101 - sites come from it
        contig = self._clinvar.contigs[name]
        nothing = np.full(len(sites), np.nan)
        self._enter(
            name,
            position=contig.positions[sites],
            ref=contig.refs.take(sites),
            alt=contig.alts.take(sites),
            genes=genes,
            outcome=_repeated(LedgerOutcome.NO_CALL.value, len(sites)),
            rule=_repeated("no_record", len(sites)),
            value=nothing,
            threshold=nothing,
            margin=nothing,
            clinvar_significance=_WORDS.gather(contig.codes[sites]),
        )

    def _rows(
        self, contig: str, starts: npt.NDArray[np.int32], ends: npt.NDArray[np.int32], is_pathogenic: npt.NDArray[np.bool_]
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32]]:
        """(row, gene) of the rows that have a line; at a P/LP site any gene, -1 where there is none."""
        rows, genes = self._panel.overlaps(contig, starts, ends)
        others = np.setdiff1d(np.flatnonzero(is_pathogenic), rows)
        if not len(others):
            return rows, genes
        place, gene = self._panel.index.overlaps(contig, starts[others], ends[others])
        bare = np.setdiff1d(others, others[place])
        all_rows = np.concatenate([rows, others[place], bare])
        all_genes = np.concatenate([genes, gene, np.full(len(bare), -1, np.int32)])
        order = np.lexsort((all_genes, all_rows))
        return all_rows[order], all_genes[order]

    def _enter(self, contig: str, *, genes: npt.NDArray[np.int32], **columns: object) -> None:
        entered: Mapping[str, object] = {
            **columns,
            "chrom": _repeated(contig, len(genes)),
            "gene_id": self._gene_ids.gather(genes.astype(np.int64) + 1),
            "gene": self._gene_symbols.gather(genes.astype(np.int64) + 1),
        }
        self._frames.append((self._order[contig], frame("ledger", {name: entered[name] for name in _COLUMNS})))


def _repeated(text: str, count: int) -> pl.Series:
    return pl.Series([text]).new_from_index(0, count)
