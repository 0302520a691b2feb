# From a family's reads to a ranked report.
#
# <results> is the config's outdir. Below it a path says who wrote it and of whom it speaks:
#
#     <results>/<case>/<stage>/...             what a stage wrote
#     <results>/<case>/logs/<stage>/...        its logs
#     <results>/<case>/benchmarks/<stage>/...  its time and memory
#     <results>/resources/...                  what families share
#
# A stage is workflow/rules/<stage>.smk = `neotriage <stage>` = src/neotriage/<stage>/; docs/architecture.md has the table.
# An index (.crai, .fai, .tbi) is not named as input beside its file: one rule writes both, and many families are planned faster.
# Config, samplesheet and case files are checked whole before a job is planned: a fault is one line, exit code 2.

from snakemake.utils import min_version

min_version("9.3")


include: "workflow/rules/common.smk"


pathvars:
    results=RUN.outdir.as_posix(),


# No look-up of sequences on the network by htslib: CRAM is read with the run's own reference, or not at all.
shell.executable("bash")
shell.prefix("set -euo pipefail; export LC_ALL=C REF_PATH=none REF_CACHE=none; ")


include: "workflow/rules/resources.smk"
include: "workflow/rules/inputs.smk"
include: "workflow/rules/reads.smk"
include: "workflow/rules/actnow.smk"
include: "workflow/rules/qc.smk"
include: "workflow/rules/calls.smk"
include: "workflow/rules/table.smk"
include: "workflow/rules/annotate.smk"
include: "workflow/rules/verify.smk"
include: "workflow/rules/inheritance.smk"
include: "workflow/rules/evidence.smk"
include: "workflow/rules/rank.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/cluster.smk"


localrules:
    all,


rule all:
    """Every family's report, with what it stands on."""
    default_target: True
    input:
        expand("<results>/{case}/report/{case}.{ending}", case=RUN.cases, ending=["html", "tsv", "json", "vcf.gz"]),
        expand("<results>/{case}/qc/multiqc.html", case=CASES_WITH_READS),
        expand("<results>/{case}/actnow/{case}.html", case=CASES_WITH_BABYS_READS),
        expand("<results>/{case}/actnow/outcome.json", case=CASES_WITH_BABYS_READS),


onstart:
    start_run(RUN)


onsuccess:
    end_run()
