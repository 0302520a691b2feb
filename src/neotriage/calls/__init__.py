"""What callers need to be told (regions, ploidy), and what is asked of calls, made here or given: checks and one form."""

from neotriage.calls.given import check_calls
from neotriage.calls.one_form import harmonise
from neotriage.calls.ploidy import freebayes_copy_numbers, ploidy_table, sample_sexes
from neotriage.calls.regions import Region, mitochondrial_regions, scatter

__all__ = [
    "Region",
    "check_calls",
    "freebayes_copy_numbers",
    "harmonise",
    "mitochondrial_regions",
    "ploidy_table",
    "sample_sexes",
    "scatter",
]
