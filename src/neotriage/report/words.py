"""The report's fixed wording: plain English with the technical word beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from neotriage.schema import ClinvarSignificance, Model, Phase

__all__ = ["CLASSES_NOT_ASSESSED", "CLINVAR_WORDS", "MODEL_WORDS", "PHASE_WORDS", "likelihood_words", "zygosity_words"]

MODEL_WORDS: Mapping[str, str] = {
    Model.DE_NOVO: "new in the baby, in neither parent (de novo)",
    Model.DOMINANT_INHERITED: "one copy, inherited from an affected parent (dominant)",
    Model.DOMINANT_UNKNOWN: "one copy, origin not known (dominant; a parent is missing)",
    Model.IMPRINTED_PATERNAL: "one copy from the father in an imprinted gene",
    Model.IMPRINTED_MATERNAL: "one copy from the mother in an imprinted gene",
    Model.RECESSIVE_HOMOZYGOUS: "both copies the same (homozygous recessive)",
    Model.RECESSIVE_ISODISOMY: "both copies the same but only one parent carries it (isodisomy, or a deletion opposite)",
    Model.RECESSIVE_COMPOUND: "two different changes in one gene (compound heterozygous)",
    Model.RECESSIVE_SINGLE: "one change in a recessive gene; a second was not found",
    Model.X_RECESSIVE: "on the X chromosome (X-linked recessive)",
    Model.X_COMPOUND: "two different changes in one gene on X (compound heterozygous)",
    Model.X_DOMINANT: "on the X chromosome (X-linked dominant)",
    Model.X_DE_NOVO: "new in the baby, on the X chromosome (de novo)",
    Model.Y_LINKED: "on the Y chromosome",
    Model.MITOCHONDRIAL: "in the mitochondrial DNA",
}

PHASE_WORDS: Mapping[str, str] = {
    Phase.NOT_APPLICABLE: "",
    Phase.TRANS_BY_PARENT: "on opposite copies, one from each parent (in trans, shown by the parents)",
    Phase.TRANS_BY_READ: "on opposite copies (in trans, shown by the reads)",
    Phase.CIS: "on the same copy (in cis)",
    Phase.UNKNOWN: "not known whether on opposite copies (phase unknown, not proven)",
}

CLINVAR_WORDS: Mapping[str, str] = {
    ClinvarSignificance.PATHOGENIC: "Pathogenic",
    ClinvarSignificance.LIKELY_PATHOGENIC: "Likely pathogenic",
    ClinvarSignificance.PATHOGENIC_LOW_PENETRANCE: "Pathogenic, low penetrance",
    ClinvarSignificance.UNCERTAIN: "Uncertain significance",
    ClinvarSignificance.LIKELY_BENIGN: "Likely benign",
    ClinvarSignificance.BENIGN: "Benign",
    ClinvarSignificance.CONFLICTING: "Conflicting classifications",
    ClinvarSignificance.OTHER: "Other",
    ClinvarSignificance.NONE: "not in ClinVar",
}

CLASSES_NOT_ASSESSED: Sequence[str] = ("mobile element insertions",)

STRUCTURAL_CLASSES: Sequence[str] = ("structural variants and copy-number changes (SV, CNV)",)

CHROMOSOME_CLASSES: Sequence[str] = (
    "short tandem repeat expansions (STR)",
    "SMN1/SMN2 copy number (spinal muscular atrophy)",
    "uniparental disomy (UPD) and imprinting",
    "aneuploidy and sex-chromosome mosaicism",
)
"""What `calls/chromosomes.json` tells of, where it is there."""


def likelihood_words(probability: float) -> str:
    """A probability in words: the steps of the intelligence community's scale (ICD 203), which readers keep apart."""
    steps = (
        (0.95, "almost certain"),
        (0.80, "very likely"),
        (0.55, "likely"),
        (0.45, "about even"),
        (0.20, "unlikely"),
        (0.05, "very unlikely"),
    )
    return next((words for floor, words in steps if probability >= floor), "remote")


def zygosity_words(codes: Sequence[int], *, is_mitochondrial: bool, alt_depth: int, depth: int) -> str:
    """A person's genotype in words from two allele codes of the `genotype` column."""
    present = [code for code in codes if code != -2]
    if is_mitochondrial and alt_depth >= 0 and depth > 0:
        return f"{alt_depth / depth:.0%} of mitochondrial reads"
    if not present or all(code == -1 for code in present):
        return "no call"
    carried = sum(code == 1 for code in present)
    if -1 in present:
        return "partly called, carries it" if carried else "partly called"
    if len(present) == 1:
        return "hemizygous" if carried else "does not carry it"
    if 2 in present:
        return "heterozygous with another alternate" if carried else "carries another alternate"
    return ("does not carry it", "heterozygous", "homozygous")[carried]
