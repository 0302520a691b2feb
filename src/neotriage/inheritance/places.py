"""Which gene each variant is looked at for: the consequence gate."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import numpy as np
import polars as pl

from neotriage.clinvar import PATHOGENIC
from neotriage.errors import FormatError
from neotriage.schema import ClinvarSignificance, Impact, KeptBy, Kind

__all__ = ["check_words", "variant_genes"]

LARGE_DELETION_BP = 50
_IMPACTS = tuple(Impact)  # most severe first
_SPLICE_REGION = r"(^|&)splice_region(_variant)?($|&)"
_NON_CODING_EXON = r"(^|&)non_coding_transcript_exon_variant($|&)"
_NON_CODING = (
    r"^(non_coding_transcript_exon_variant|non_coding_transcript_variant|intron_variant|upstream_gene_variant|"
    r"downstream_gene_variant|splice_[a-z0-9_]*)$"
)


def check_words(frame: pl.DataFrame, column: str, words: type[Impact | ClinvarSignificance], path: Path) -> None:
    """Pass if every value of a column is a word of its enum.

    Raises:
        FormatError: names the row and the word.
    """
    wrong = frame.with_row_index("row").filter(~pl.col(column).is_in([word.value for word in words]))
    if wrong.height:
        row, word = wrong.select("row", column).row(0)
        raise FormatError(
            f"unknown word {word!r}", file=path, row=row + 1, column=column, fix="run the stage that writes it again"
        )


def variant_genes(
    variants: pl.DataFrame, consequences: pl.DataFrame, annotations: pl.DataFrame, mitochondria: Collection[str] = ()
) -> pl.DataFrame:
    """Every variant with each of its genes, and whether its consequence there is looked at.

    A variant passes for a gene whose transcript it changes with impact HIGH or MODERATE, or in a splice region, or in an
    exon of a gene without coding transcripts. A known one (ClinVar P/LP, always-look list) passes for the gene that ClinVar
    names, or where that is none of its genes, for all of them. A variant without a consequence has one row with gene_id ''.
    A repeat expansion passes for each of its genes, whatever it does to them: its caller looked at that locus.
    A deletion of 50 bp and more on one of the contigs `mitochondria` passes as a whole, once, under the name mtDNA: it takes
    genes together, and many gene models have none there.

    Returns:
        variant int32, gene_id, gene, impact int8 (0 HIGH to 3 MODIFIER, 4 no consequence), is_known bool, passes bool; in
        order of variant and gene_id.
    """
    known = variants.select(
        "variant",
        is_known=((pl.col("kept_by").cast(pl.Int32) & int(KeptBy.CLINVAR | KeptBy.ALWAYS_LOOK)) > 0)
        | pl.col("clinvar_significance").is_in([word.value for word in PATHOGENIC]),
    ).join(annotations.select("variant", "clinvar_gene"), on="variant", how="left", maintain_order="left")
    rows = known.join(_by_gene(consequences), on="variant", how="left").with_columns(
        pl.col("clinvar_gene").fill_null(""),
        pl.col("gene_id").fill_null(""),
        pl.col("impact").fill_null(len(_IMPACTS)).cast(pl.Int8),
        pl.col("is_severe").fill_null(value=False),
    )
    rows = rows.with_columns(gene=pl.coalesce(pl.col("gene"), pl.when("is_known").then("clinvar_gene"), pl.lit("")))
    is_named = pl.col("gene") == pl.col("clinvar_gene")
    is_meant = pl.col("is_known") & (is_named | ~is_named.any().over("variant"))
    is_repeat = pl.col("variant").is_in(variants.filter(pl.col("kind") == Kind.REPEAT)["variant"].to_list())
    lost = variants.filter(
        pl.col("chrom").is_in(list(mitochondria))
        & (pl.col("ref").str.len_bytes().cast(pl.Int64) - pl.col("alt").str.len_bytes() >= LARGE_DELETION_BP)
    )["variant"]
    is_lost = pl.col("variant").is_in(lost.to_list())
    rows = rows.with_columns(passes=pl.col("is_severe") | is_meant | (is_repeat & (pl.col("gene_id") != "")))
    whole = rows.filter(is_lost).unique("variant", maintain_order=True)
    whole = whole.with_columns(gene_id=pl.lit(""), gene=pl.lit("mtDNA"), passes=pl.lit(value=True))
    return (
        pl.concat([rows.filter(~is_lost), whole])
        .sort("variant", "gene_id")
        .select("variant", "gene_id", "gene", "impact", "is_known", "passes")
    )


def _by_gene(consequences: pl.DataFrame) -> pl.DataFrame:
    """One row per variant and gene: best impact, and whether a consequence is severe enough to be looked at."""
    terms = pl.col("terms")
    impact = pl.col("impact").replace_strict([i.value for i in _IMPACTS], np.arange(len(_IMPACTS)), return_dtype=pl.Int8)
    rows = consequences.with_columns(
        impact=impact,
        is_splice_region=terms.str.contains(_SPLICE_REGION),
        is_non_coding_exon=terms.str.contains(_NON_CODING_EXON) & ~_has_coding_transcript().over("gene_id"),
    )
    return rows.group_by("variant", "gene_id").agg(
        pl.col("gene").first(),
        pl.col("impact").min(),
        is_severe=((pl.col("impact") <= 1) | pl.col("is_splice_region") | pl.col("is_non_coding_exon")).any(),
    )


def _has_coding_transcript() -> pl.Expr:
    """Whether any consequence in a gene is one that only a coding transcript can have."""
    return (~pl.col("terms").str.split("&").list.eval(pl.element().str.contains(_NON_CODING)).list.all()).any()
