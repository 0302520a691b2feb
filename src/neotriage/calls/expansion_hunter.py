"""ExpansionHunter (Dolzhenko et al. 2019, Bioinformatics 35:4754): its catalogue of our loci, and its VCF.

Its VCF has a record for each repeat; `<STRn>` is an allele of n repeats. Size, interval and reads of each allele are in the
FORMAT fields REPCN, REPCI, ADSP, ADFL and ADIR (CN, CI, AD_SP, AD_FL and AD_IR in its documentation). It was not run here: the
reading is tested on the record of that documentation.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pysam

from neotriage.calls.repeat_loci import Locus
from neotriage.calls.repeats import Allele, Evidence, RepeatCall
from neotriage.errors import FormatError

__all__ = ["catalogue", "read_calls"]

_FIELDS = {
    "size": ("REPCN", "CN"),
    "interval": ("REPCI", "CI"),
    "spanning": ("ADSP", "AD_SP"),
    "flanking": ("ADFL", "AD_FL"),
    "in_repeat": ("ADIR", "AD_IR"),
}
_AGAIN = "run ExpansionHunter again, or leave it out"


def catalogue(loci: Iterable[Locus]) -> str:
    """The variant catalogue (JSON) of loci, motif as the reference's forward strand has it."""
    rows = [
        {
            "LocusId": locus.name,
            "LocusStructure": f"({locus.motif})*",
            "ReferenceRegion": f"{locus.contig}:{locus.start}-{locus.end}",
            "VariantType": "Repeat",
        }
        for locus in loci
    ]
    return json.dumps(rows, indent=1) + "\n"


def read_calls(path: Path, loci: Iterable[Locus]) -> list[RepeatCall]:
    """The alleles of its VCF's one sample at our loci; a locus without a record, or without a genotype, has no call.

    Raises:
        FormatError: not a VCF of ExpansionHunter.
    """
    try:
        with pysam.VariantFile(str(path)) as records:
            found = {str(record.info["REPID"]): record for record in records}
            return [_call(locus, found.get(locus.name)) for locus in loci]
    except (OSError, ValueError, KeyError, IndexError) as error:
        raise FormatError(f"not a VCF of ExpansionHunter ({error})", file=path, fix=_AGAIN) from None


def _call(locus: Locus, record: pysam.VariantRecord | None) -> RepeatCall:
    if record is None:
        return RepeatCall(locus, (), Evidence(), "no record of ExpansionHunter", "expansionhunter")
    sample = record.samples[0]
    told = {name: _of_alleles(sample, keys) for name, keys in _FIELDS.items()}
    if not sample.alleles or None in sample.alleles or not told["size"]:
        return RepeatCall(locus, (), Evidence(), "ExpansionHunter has no genotype", "expansionhunter")
    alleles = []
    for place, size in enumerate(told["size"]):
        low, _, high = told["interval"][place].partition("-")
        reads = sum(int(told[name][place]) for name in ("spanning", "flanking", "in_repeat"))
        alleles.append(Allele(int(size), int(low), int(high), reads, is_bound=False))
    evidence = Evidence(Counter({int(s): int(n) for s, n in zip(told["size"], told["spanning"], strict=True) if int(n)}))
    evidence.in_repeat = max((int(n) for n in told["in_repeat"]), default=0)
    return RepeatCall(locus, tuple(sorted(alleles, key=lambda a: a.size)), evidence, "", "expansionhunter")


def _of_alleles(sample: pysam.VariantRecordSample, keys: Iterable[str]) -> list[str]:
    """A field's values, one an allele; [] if missing."""
    value = next((sample[key] for key in keys if key in sample), None)
    text = "/".join(map(str, value)) if isinstance(value, tuple) else str(value or "")
    return [cell for cell in text.split("/") if cell and cell != "."]
