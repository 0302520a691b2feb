# What the rules ask of the checked run: who came as what, and which pieces a case is made of. No rule stands here.

import fcntl
import gc
import json
import math
import os
import re
import shlex
import socket
import sys
from pathlib import Path

from snakemake.io import is_flagged

from neotriage.calls.regions import mitochondrial_regions, scatter
from neotriage.doctor import check_outdir, check_versions, needed_tools
from neotriage.errors import InputError, MachineError, NeotriageError
from neotriage.genome import ContigKind
from neotriage.home import put_own_programs_first
from neotriage.inputs import FileKind, read_run
from neotriage.pedigree import Sex

put_own_programs_first()
# A plan is millions of objects that stay; looking for garbage among them would be a good part of its time.
gc.set_threshold(500_000, 20, 20)


def stop(error):
    """End with one line and exit code 2: this is the user's to mend, and a traceback would hide it."""
    print(f"neotriage: error: {error}", file=sys.stderr)
    sys.exit(2)


def plan():
    """The checked run, and the regions it is called over."""
    config_files = workflow.configfiles
    run = read_run(config, config_file=str(config_files[-1]) if config_files else None)
    return run, scatter(run.build, run.region_size_bp, run.regions_bed), mitochondrial_regions(run.build, run.regions_bed)


try:
    RUN, CHUNKS, MITOCHONDRION = plan()
except NeotriageError as error:
    stop(error)

TOOLS_USED = needed_tools(
    [
        RUN.aligner,
        *(["delly"] if "delly" in RUN.structural_callers else []),
        *(["apptainer"] if RUN.caller == "deepvariant" else []),
    ]
)
REFERENCE_MB = math.ceil(sum(contig.length for contig in RUN.build.contigs) / 1e6)  # a byte a base
CHUNK_NAMES = [f"{number:03d}" for number in range(1, len(CHUNKS) + 1)]
SIDE_BY_SIDE = min(8, max((len({region.contig for region in chunk}) for chunk in CHUNKS), default=1))  # contigs of a chunk
DEPTH_BINS = ["<results>/resources/regions/depth_bins.bed"] if "depth" in RUN.structural_callers else []
BY_CONTIG = '!($1 in file) { file[$1] = sprintf("%s/%03d.bed", folder, ++count) } { print >file[$1] }'  # awk, over a BED
CASES_WITH_READS = [name for name, inputs in RUN.cases.items() if inputs.samples_with_reads]
CASES_WITH_BABYS_READS = [
    name for name, inputs in RUN.cases.items() if inputs.case.family.proband.sample in inputs.samples_with_reads
]
FROM_FASTQ, FROM_ALIGNMENTS = set(), set()
for inputs in RUN.cases.values():
    for sample in inputs.samples_with_reads:
        is_aligned = inputs.read_groups(sample) or RUN.realign
        (FROM_FASTQ if is_aligned else FROM_ALIGNMENTS).add(sample)
if both := FROM_FASTQ & FROM_ALIGNMENTS:
    stop(
        InputError(
            f"sample {min(both)} comes as FASTQ in one family and as BAM or CRAM in another",
            file=RUN.samplesheet,
            fix="give each person one name",
        )
    )


wildcard_constraints:
    case="[^/]+",
    sample="[^/]+",
    chunk="[0-9]+",
    number="[0-9]+",
    read_group="[^/]+",


def start_run(run):
    """Hold the results folder for this run, and see that machine and folder are fit, before the first job.

    The lock is the kernel's: it ends with the process however that ends, so that a killed run resumes by the same command.
    (Snakemake's own lock outlives a killed run; the profile turns it off.)
    """
    global RESULTS_LOCK
    try:
        check_versions(TOOLS_USED)
        check_outdir(run.outdir)
    except NeotriageError as error:
        stop(error)
    run.outdir.mkdir(parents=True, exist_ok=True)
    try:
        RESULTS_LOCK = (run.outdir / ".lock").open("a+")
    except PermissionError:
        stop(
            InputError(
                "no right to write .lock, so this run cannot be held", file=run.outdir, fix="chmod it, or name another outdir"
            )
        )
    RESULTS_LOCK.seek(0)
    try:
        fcntl.flock(RESULTS_LOCK, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        problem = f"another run writes here at this moment ({RESULTS_LOCK.read().strip() or 'its process is not named'})"
        stop(InputError(problem, file=run.outdir, fix="wait for it, or name another outdir"))
    # Its limit of 100 jobs a second wakes Snakemake once a second for each job that was ever started (docs/cluster.md has what that
    # cost). Jobs end and start by themselves without it.
    workflow.scheduler.job_rate_limiter = None
    RESULTS_LOCK.truncate(0)
    print(f"process {os.getpid()} on {socket.gethostname()}", file=RESULTS_LOCK, flush=True)
    end_jobs_of_dead_run(run)


def end_run():
    """Remove what is temporary and still there: Snakemake removes a file after the last job that reads it, and if that job had
    ended when a run was killed, nobody comes for the file (a lane's BAM is as large as the CRAM)."""
    if workflow.storage_settings.notemp:
        return
    temporary = {file for job in workflow.dag.jobs for file in job.output if is_flagged(file, "temp")}
    for file in temporary - workflow.dag.targetfiles:
        if os.path.lexists(file):
            workflow.async_run(file.remove(remove_non_empty_dir=True))


def any_of(names):
    """A wildcard's pattern for exactly these names; one that matches nothing if there is none."""
    return "|".join(map(re.escape, sorted(names))) or "$^"


def case_inputs(wildcards):
    return RUN.cases[wildcards.case]


def of_each_sample(wildcards, option, paths):
    """The option once for each person who came as reads: SAMPLE=path, paths in the order of the samples."""
    pairs = zip(case_inputs(wildcards).samples_with_reads, paths)
    return [word for sample, path in pairs for word in (option, f"{sample}={path}")]


# ---- reads


def read_group(wildcards):
    """The FASTQ pair of a lane."""
    groups = case_inputs(wildcards).read_groups(wildcards.sample)
    return next(group for group in groups if group.name == wildcards.read_group)


def named_mates(wildcards, input, output):
    """Links to a lane's FASTQ that bear the sheet's codes alone; their own names may say more of a person."""
    return [
        f"{output.bam}.fastq/{wildcards.sample}.{wildcards.read_group}_R{mate}.fastq{'.gz' * file.endswith('.gz')}"
        for mate, file in enumerate((input.fastq_1, input.fastq_2), 1)
    ]


def read_group_line(wildcards):
    """The @RG line of a lane, tabs written as bwa takes them; a file that is aligned again is one read group."""
    name = wildcards.get("read_group", f"realigned.{wildcards.get('number', '1')}")
    return rf"@RG\tID:{wildcards.sample}.{name}\tSM:{wildcards.sample}\tLB:{wildcards.sample}\tPL:ILLUMINA"


def read_group_lines(wildcards):
    """All @RG lines of a sample that is aligned here."""
    inputs = case_inputs(wildcards)
    names = [group.name for group in inputs.read_groups(wildcards.sample)]
    names += [f"realigned.{number}" for number, _ in enumerate(inputs.alignments(wildcards.sample), 1)]
    return "\n".join(
        f"@RG\tID:{wildcards.sample}.{name}\tSM:{wildcards.sample}\tLB:{wildcards.sample}\tPL:ILLUMINA" for name in names
    )


def aligned_parts(wildcards):
    """Name-grouped BAMs of a sample's lanes and of the files that are aligned again."""
    inputs = case_inputs(wildcards)
    lanes = [f"<results>/{{case}}/reads/lanes/{{sample}}/{group.name}.bam" for group in inputs.read_groups(wildcards.sample)]
    again = [
        f"<results>/{{case}}/reads/realigned/{{sample}}/{number}.bam"
        for number, _ in enumerate(inputs.alignments(wildcards.sample), 1)
    ]
    return lanes + again


def given_alignment(wildcards):
    """The sample's BAM or CRAM of that number, from 1."""
    return case_inputs(wildcards).alignments(wildcards.sample)[int(wildcards.number) - 1]


def given_parts(wildcards):
    """The sample's BAM and CRAM files as taken over."""
    given = case_inputs(wildcards).alignments(wildcards.sample)
    return [f"<results>/{{case}}/reads/given/{{sample}}/{number}.bam" for number, _ in enumerate(given, 1)]


def trimming():
    """fastp's arguments: adapters and the poly-G of empty cycles off, or reads left as they are."""
    if RUN.trim:
        return "--disable_quality_filtering --length_required 30"
    return "--disable_adapter_trimming --disable_trim_poly_g --disable_quality_filtering --disable_length_filtering"


ALIGNER_INDEX = {
    "bwa": ["amb", "ann", "bwt", "pac", "sa"],
    "bwa-mem2": ["0123", "amb", "ann", "bwt.2bit.64", "pac"],
}[RUN.aligner]


def given_index():
    """Files of the aligner's index beside the reference as given, if all are there: it need not be made again."""
    files = [RUN.reference.with_name(f"{RUN.reference.name}.{ending}") for ending in ALIGNER_INDEX]
    return [str(file) for file in files] if all(file.is_file() for file in files) else []


# ---- qc


def samples_of_case(wildcards, path):
    """A path for each sample that came as reads."""
    return expand(path, case=wildcards.case, sample=case_inputs(wildcards).samples_with_reads)


def fastp_of_case(wildcards):
    """fastp's JSON of each lane that came as FASTQ."""
    inputs = case_inputs(wildcards)
    return [
        f"<results>/{wildcards.case}/reads/fastp/{sample}/{group.name}.json"
        for sample in inputs.samples_with_reads
        for group in inputs.read_groups(sample)
    ]


def quality_files(wildcards):
    """What MultiQC reads of a case."""
    endings = ("stats", "mosdepth.summary.txt", "mosdepth.global.dist.txt")
    files = [path for ending in endings for path in samples_of_case(wildcards, f"<results>/{{case}}/qc/{{sample}}.{ending}")]
    return fastp_of_case(wildcards) + files


def quality_arguments(wildcards, input):
    """Options of `neotriage qc gather`: a sample with its files, lane by lane for fastp."""
    inputs = case_inputs(wildcards)
    owners = [sample for sample in inputs.samples_with_reads for _ in inputs.read_groups(sample)]
    words = [("--fastp", f"{sample}={path}") for sample, path in zip(owners, input.fastp)]
    for sample, stats, depth in zip(inputs.samples_with_reads, input.stats, input.depth):
        words += [("--sample", sample), ("--stats", stats), ("--depth", depth)]
    return [word for pair in words for word in pair]


def threshold_arguments(wildcards, input):
    """Options of `neotriage qc coverage`: a sample with its depth over the exons."""
    return of_each_sample(wildcards, "--thresholds", input.thresholds)


# ---- calls


def given_calls(case):
    """Files of called variants of a case, each with its kind and (name in the file, sample) of the family's persons in it."""
    files = {}
    inputs = RUN.cases[case]
    for sample in inputs.samples_with_calls:
        file = inputs.called(sample)
        files.setdefault(file.path, (file.kind, []))[1].append((file.name_in_file, sample))
    return [(path, kind, names) for path, (kind, names) in files.items()]


def given_call(wildcards):
    return given_calls(wildcards.case)[int(wildcards.number) - 1]


def pieces_from_reads(wildcards):
    """What the caller wrote for a case: one file a chunk, and the mitochondrion's."""
    if RUN.caller == "deepvariant":
        pieces = ["<results>/{case}/calls/deepvariant/joint.bcf"]
    else:
        pieces = [f"<results>/{{case}}/calls/{RUN.caller}/{chunk}.bcf" for chunk in CHUNK_NAMES]
    return pieces + (["<results>/{case}/calls/mitochondrion.bcf"] if MITOCHONDRION else [])


def call_sets(wildcards):
    """What a case's calls are put together from: the caller's pieces, or, where calls are given, those in one file and these."""
    given_files = given_calls(wildcards.case)
    if not given_files:
        return pieces_from_reads(wildcards)
    from_reads = ["<results>/{case}/calls/from_reads.bcf"] if case_inputs(wildcards).samples_with_reads else []
    return from_reads + [f"<results>/{{case}}/calls/given/{number}.bcf" for number, _ in enumerate(given_files, 1)]


def near_the_origin():
    """Regions within 2,000 bp of the mitochondrion's origin, as samtools takes them; none without a mitochondrion."""
    contig = next((contig for contig in RUN.build.contigs if contig.kind is ContigKind.MITOCHONDRION), None)
    if contig is None:
        return []
    near = min(2000, contig.length // 2)
    last = contig.length - (near - 1)
    return [f"{contig.name}:1-{near}", f"{contig.name}:{last}-{contig.length}"]


def haploid_contigs(wildcards):
    """Contigs of which a man has one copy, for DeepVariant; none for others."""
    sexes = {member.sample: member.sex for member in case_inputs(wildcards).case.family.members}
    single = {ContigKind.X, ContigKind.Y} if sexes[wildcards.sample] is Sex.MALE else set()
    return ",".join(contig.name for contig in RUN.build.primary if contig.kind in single)


def par_lines():
    """The pseudoautosomal regions as lines of a BED."""
    return [f"{region.contig}\t{region.start}\t{region.end}" for region in RUN.build.par]


def join_command(wildcards, input):
    """How bcftools makes one of the sets: absent stays missing, and only a gVCF's blocks say reference.

    (Not `-m none`: with it bcftools 1.16 passes over the blocks in silence.)
    """
    given_files = given_calls(wildcards.case)
    if not given_files:
        return "concat"
    if len(input.sets) == 1:
        return "view"
    has_blocks = any(kind is FileKind.GVCF for _, kind, _ in given_files)
    return "merge -m both" + (f" -g {shlex.quote(input.reference)}" if has_blocks else "")


def cram_options(files):
    """Paths as `--bam` options (freebayes)."""
    return [word for file in files for word in ("--bam", file)]


def expansion_hunter_calls(wildcards):
    """ExpansionHunter's calls of each person who came as reads, where the config asks for them."""
    path = "<results>/{case}/calls/expansion_hunter/{sample}.vcf"
    return samples_of_case(wildcards, path) if RUN.expansion_hunter else []


def expansion_hunter_options(wildcards, input):
    """Options of `neotriage calls special`: each person's calls."""
    return of_each_sample(wildcards, "--expansion-hunter", input.expansions)


def expansion_hunter_sex(wildcards):
    """A person's sex as ExpansionHunter takes it; female where it is not known: two copies of X lose nothing."""
    sexes = {member.sample: member.sex for member in case_inputs(wildcards).case.family.members}
    return "male" if sexes[wildcards.sample] is Sex.MALE else "female"


def structural_of_case(wildcards):
    """The family's structural changes, where anyone came as reads and a caller is named."""
    has_reads = wildcards.case in CASES_WITH_READS and RUN.structural_callers
    return ["<results>/{case}/calls/structural.vcf.gz"] if has_reads else []


def depth_arguments(wildcards, input):
    """Options of `neotriage calls structural`: a sample with its depth in the bins."""
    return of_each_sample(wildcards, "--depth", [f"{folder}/depth.regions.bed.gz" for folder in input.depth])


def delly_of_case(wildcards):
    return ["<results>/{case}/calls/delly.bcf"] if "delly" in RUN.structural_callers else []


def manta_of_case(wildcards):
    return ["<results>/{case}/calls/manta.vcf.gz"] if "manta" in RUN.structural_callers else []


# ---- actnow


def baby_cram(wildcards):
    """The baby's alignment."""
    return f"<results>/{wildcards.case}/reads/{case_inputs(wildcards).case.family.proband.sample}.cram"


def act_now_outcome(wildcards):
    """What became of the provisional lines, where there was a page."""
    return ["<results>/{case}/actnow/outcome.json"] if wildcards.case in CASES_WITH_BABYS_READS else []


# ---- what the stages after the calls are given


def given(path):
    """A file of the config as a rule's input: a list of it, or of nothing."""
    return [] if path is None else [str(path)]


FREQUENCY_STORE = ["<results>/resources/store"] if RUN.resources.frequencies else []
if RUN.resources.store:
    FREQUENCY_STORE = given(RUN.resources.store)
FREQUENCY_FILES = [str(path) for source in RUN.resources.frequencies for path in source.files]
CLINVAR = given(RUN.resources.clinvar)
CLINVAR_STORE = ["<results>/resources/clinvar"] if CLINVAR else []
DOSAGE = given(RUN.resources.dosage)
CONSTRAINT = given(RUN.resources.constraint)
ALWAYS_LOOK = given(RUN.resources.always_look)
OFTEN_NOT_COVERED = {ContigKind.Y, ContigKind.MITOCHONDRION}


def options(input, *names):
    """Command line options for those inputs of a rule that the config gives."""
    return [word for name in names for path in input.get(name, []) for word in (f"--{name.replace('_', '-')}", path)]


def source_text(source):
    """A frequency source as `neotriage store build --source` takes it."""
    fields = [f"name={source.name}", f"vcf={source.vcf}", f"af={','.join(source.allele_frequency)}"]
    fields += [f"{key}={value}" for key, value in (("hom", source.homozygotes), ("hemi", source.hemizygotes)) if value]
    return ",".join(fields)


def frequency_sources():
    """Options of `neotriage store build`, one a source."""
    return [word for source in RUN.resources.frequencies for word in ("--source", source_text(source))]


def structural_source():
    """The option of `neotriage table` for the population's structural changes."""
    source = RUN.resources.structural
    return [] if source is None else ["--structural-source", source_text(source)]


def shared_files():
    """The files behind every report of the run, by the name that provenance gives them."""
    resources = RUN.resources
    files = {"reference": RUN.reference, "gene_models": RUN.gene_models}
    files |= {"clinvar": resources.clinvar, "constraint": resources.constraint, "always_look": resources.always_look}
    if resources.store:  # it states the sources that it was built from
        files["frequency.store"] = resources.store / "manifest.json"
    else:
        for source in resources.frequencies:
            for number, file in enumerate(source.files, 1):
                files[f"frequency.{source.name}.{number}" if number > 1 else f"frequency.{source.name}"] = file
    files |= {"structural": resources.structural and resources.structural.vcf, "dosage": resources.dosage}
    panels = {path for inputs in RUN.cases.values() for path in inputs.case.panels}
    files |= {f"panel.{Path(path).name}": path for path in sorted(panels)}
    return {name: str(path) for name, path in files.items() if path is not None}


def rule_commands():
    """Each rule's command on one line, by name of rule."""
    commands = {rule.name: " ".join(rule.shellcmd.split()) for rule in workflow.rules if rule.shellcmd}
    return [f"{name}: {command}" for name, command in sorted(commands.items())]


def alignment_options(wildcards, input):
    """Each person's alignment, for the pictures of the reads."""
    return of_each_sample(wildcards, "--alignment", input.crams)
