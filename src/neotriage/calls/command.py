"""`neotriage calls`: the command line of regions, ploidy, checks and the one form of calls."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from neotriage.whole_file import write_json, write_text

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)

_BUILD_HELP = "name of the build or its YAML file"


@app.callback()
def calls() -> None:
    """What variant calling needs to be told, and what is asked of calls."""


@app.command()
def regions(
    build: Annotated[str, typer.Option(help=_BUILD_HELP)],
    size_bp: Annotated[int, typer.Option(min=1000, help="most bases of a chunk")],
    output: Annotated[list[Path], typer.Option(help="BED of a chunk; given once for each, in order")],
    mitochondrion: Annotated[Path | None, typer.Option(help="BED of the mitochondrion")] = None,
    regions_bed: Annotated[Path | None, typer.Option(help="call inside this BED only")] = None,
) -> None:
    """Write the regions that calling is scattered over."""
    from neotriage.calls.regions import bed_text, mitochondrial_regions, scatter
    from neotriage.genome import read_build

    the_build = read_build(build)
    for path, chunk in zip(output, scatter(the_build, size_bp, regions_bed), strict=True):
        write_text(path, bed_text(chunk))
    if mitochondrion is not None:
        write_text(mitochondrion, bed_text(mitochondrial_regions(the_build, regions_bed)))


@app.command()
def ploidy(
    case: Annotated[Path, typer.Option(help="inputs/case.json")],
    build: Annotated[str, typer.Option(help=_BUILD_HELP)],
    table: Annotated[Path, typer.Option(help="for bcftools call --ploidy-file")],
    sexes: Annotated[Path, typer.Option(help="for bcftools call --samples-file")],
    copy_numbers: Annotated[Path, typer.Option(help="for freebayes --cnv-map")],
    sample: Annotated[list[str] | None, typer.Option(help="a person who is called; may be repeated; all if not given")] = None,
) -> None:
    """Write how many copies of each place each person has."""
    from neotriage.calls.ploidy import freebayes_copy_numbers, ploidy_table, sample_sexes
    from neotriage.case import read_case
    from neotriage.genome import read_build

    family, the_build = read_case(case).family, read_build(build)
    called = [member for member in family.members if not sample or member.sample in sample]
    write_text(table, ploidy_table(the_build))
    write_text(sexes, sample_sexes(called))
    write_text(copy_numbers, freebayes_copy_numbers(the_build, called))


@app.command()
def check(
    file: Annotated[Path, typer.Option(help="VCF, BCF or gVCF")],
    build: Annotated[str, typer.Option(help=_BUILD_HELP)],
    sample: Annotated[list[str], typer.Option(help="a sample's name in the file; may be given several times")],
    output: Annotated[Path, typer.Option(help="number of records")],
    gvcf: Annotated[bool, typer.Option("--gvcf", help="the file is a gVCF")] = False,
) -> None:
    """Pass if a file of calls is whole, of the build, and has those samples."""
    from neotriage.calls.given import check_calls
    from neotriage.genome import read_build

    write_text(output, f"records\t{check_calls(file, read_build(build), sample, is_gvcf=gvcf)}\n")


@app.command()
def harmonise(
    case: Annotated[Path, typer.Option(help="inputs/case.json")],
    build: Annotated[str, typer.Option(help=_BUILD_HELP)],
    fai: Annotated[Path, typer.Option(help="the reference's .fai")],
    rename: Annotated[list[str] | None, typer.Option(help="name in the file=name here; may be given several times")] = None,
) -> None:
    """Bring a VCF on standard input into the one form, to standard output."""
    from neotriage.calls.one_form import Dropped
    from neotriage.calls.one_form import harmonise as lines_of
    from neotriage.case import read_case
    from neotriage.genome import read_build

    family = read_case(case).family
    names = dict(pair.split("=", 1) for pair in rename) if rename else {sample: sample for sample in family.samples}
    contigs = {line.split("\t")[0]: int(line.split("\t")[1]) for line in fai.read_text().splitlines()}
    dropped = Dropped()
    sys.stdout.writelines(lines_of(sys.stdin, read_build(build), contigs, family, names, dropped))
    sys.stdout.flush()
    typer.echo(str(dropped), err=True)


@app.command()
def turn(
    build: Annotated[str, typer.Option(help=_BUILD_HELP)],
    reference: Annotated[Path, typer.Option(help="FASTA of the run, indexed")],
    output: Annotated[Path, typer.Option(help="FASTA of the mitochondrion turned by half")],
) -> None:
    """Write the mitochondrion turned by half, so that its origin lies in the middle."""
    from neotriage.calls.circle import Circle, mitochondrion_of
    from neotriage.fasta import open_fasta
    from neotriage.genome import read_build

    contig = mitochondrion_of(read_build(build))
    with open_fasta(reference) as fasta:
        bases = fasta.fetch(contig.name)
    write_text(output, f">{contig.name}\n{Circle(len(bases)).turned(bases)}\n")


@app.command()
def mitochondrion(
    case: Annotated[Path, typer.Option(help="inputs/case.json")],
    build: Annotated[str, typer.Option(help=_BUILD_HELP)],
    reference: Annotated[Path, typer.Option(help="FASTA of the run")],
    turned_reference: Annotated[Path, typer.Option(help="the mitochondrion turned by half")],
    alignment: Annotated[list[str], typer.Option(help="SAMPLE=indexed CRAM, once for each person")],
    turned: Annotated[list[str], typer.Option(help="SAMPLE=indexed BAM of the reads near the origin, likewise")],
    regions: Annotated[Path, typer.Option(help="BED of the mitochondrion that is called")],
) -> None:
    """Write the family's mitochondrial alleles by level as VCF to standard output."""
    from neotriage.bed import read_bed
    from neotriage.calls.circle import mitochondrion_of
    from neotriage.calls.mitochondrial import mitochondrial_calls
    from neotriage.case import read_case
    from neotriage.genome import read_build

    lines = mitochondrial_calls(
        mitochondrion_of(read_build(build)).name,
        reference,
        _by_sample(alignment),
        turned_reference,
        _by_sample(turned),
        read_case(case).settings.quality.homoplasmy,
        [(region.start, region.end) for region in read_bed(regions)],
    )
    sys.stdout.writelines(lines)


@app.command()
def frequencies(
    case: Annotated[Path, typer.Option(help="qc/case.json")],
    build: Annotated[str, typer.Option(help=_BUILD_HELP)],
    calls: Annotated[Path, typer.Option(help="joint calls, indexed")],
    store: Annotated[Path, typer.Option(help="the frequency store")],
) -> None:
    """Write the population frequencies of the family's SNVs, as bcftools roh takes them, to standard output."""
    from neotriage.calls.homozygosity import frequency_lines
    from neotriage.case import read_case
    from neotriage.genome import read_build
    from neotriage.store import open_store

    the_build = read_build(build)
    sys.stdout.writelines(frequency_lines(calls, read_case(case).family.samples, the_build, open_store(store)))


@app.command()
def special(
    case: Annotated[Path, typer.Option(help="qc/case.json")],
    build: Annotated[str, typer.Option(help=_BUILD_HELP)],
    gene_models: Annotated[Path, typer.Option(help="GFF3")],
    reference: Annotated[Path, typer.Option(help="FASTA of the run")],
    calls: Annotated[Path, typer.Option(help="joint calls, indexed")],
    roh: Annotated[Path, typer.Option(help="what bcftools roh wrote of the baby")],
    json_: Annotated[Path, typer.Option("--json", help="chromosomes.json")],
    vcf: Annotated[Path, typer.Option(help="SMN1 losses and repeat expansions, to write, not compressed")],
    alignment: Annotated[list[str] | None, typer.Option(help="SAMPLE=indexed CRAM, once for each person who has one")] = None,
    expansion_hunter: Annotated[list[str] | None, typer.Option(help="SAMPLE=VCF of ExpansionHunter, likewise")] = None,
    has_frequencies: Annotated[bool, typer.Option("--has-frequencies", help="bcftools roh had frequencies")] = False,
    threads: Annotated[int, typer.Option(min=1)] = 1,
) -> None:
    """Write SMN1 copies, repeats, numbers of chromosomes, uniparental disomy and homozygosity of a family."""
    from neotriage.calls.special import SpecialFiles, look
    from neotriage.calls.special_document import document
    from neotriage.calls.special_records import vcf_lines
    from neotriage.case import read_case
    from neotriage.fasta import open_fasta
    from neotriage.gene_models import read_gene_models
    from neotriage.genome import read_build

    the_build, the_case = read_build(build), read_case(case)
    files = SpecialFiles(
        calls, roh, reference, _by_sample(alignment or []), _by_sample(expansion_hunter or []), has_frequencies
    )
    looked = look(the_case, the_build, read_gene_models(gene_models, the_build), files, threads)
    with open_fasta(reference) as fasta:
        write_text(vcf, "".join(vcf_lines(looked, the_case.family, the_build, fasta)))
    write_json(json_, document(the_case, looked, files))


@app.command("second-hit")
def second_hit(
    case: Annotated[Path, typer.Option(help="qc/case.json")],
    build: Annotated[str, typer.Option(help=_BUILD_HELP)],
    gene_models: Annotated[Path, typer.Option(help="GFF3")],
    reference: Annotated[Path, typer.Option(help="FASTA of the run")],
    calls: Annotated[Path, typer.Option(help="joint calls, indexed")],
    variants: Annotated[Path, typer.Option(help="table/variants.parquet")],
    candidates: Annotated[Path, typer.Option(help="rank/candidates.parquet")],
    output: Annotated[Path, typer.Option(help="JSON: what was looked for in each gene with one strong change")],
    alignment: Annotated[list[str] | None, typer.Option(help="SAMPLE=indexed CRAM, once for each person who has one")] = None,
    store: Annotated[Path | None, typer.Option(help="the frequency store")] = None,
) -> None:
    """Look for the second change of a recessive gene that has one, in the baby's reads and in what filters dropped."""
    from neotriage.calls.second_hit import look_again, single_hits
    from neotriage.case import read_case
    from neotriage.columns import read_table
    from neotriage.gene_models import read_gene_models
    from neotriage.genome import read_build
    from neotriage.store import open_store

    the_case, the_build = read_case(case), read_build(build)
    models = read_gene_models(gene_models, the_build)
    genes = single_hits(read_table(candidates, "candidates"), models.names_of(the_case.excluded_genes))
    frequencies, alignments = open_store(store) if store else None, _by_sample(alignment or [])
    table = read_table(variants, "variants")
    found = look_again(genes, the_case, the_build, models, table, calls, reference, alignments, frequencies)
    write_json(output, {"genes": [gene.as_dict() for gene in found]})


@app.command("repeat-catalogue")
def repeat_catalogue(
    case: Annotated[Path, typer.Option(help="inputs/case.json")],
    build: Annotated[str, typer.Option(help=_BUILD_HELP)],
    reference: Annotated[Path, typer.Option(help="FASTA of the run")],
    output: Annotated[Path, typer.Option(help="variant catalogue of ExpansionHunter, to write")],
) -> None:
    """Write the repeats of the applied panels and the neonatal ones as ExpansionHunter's catalogue."""
    from neotriage.calls.expansion_hunter import catalogue
    from neotriage.calls.repeat_loci import as_in_reference, read_loci
    from neotriage.case import read_case
    from neotriage.fasta import open_fasta
    from neotriage.genome import read_build
    from neotriage.panels import read_panel

    loci = read_loci((read_panel(Path(path)) for path in read_case(case).panels), read_build(build))
    with open_fasta(reference) as fasta:
        write_text(output, catalogue(found for locus in loci if (found := as_in_reference(locus, fasta))))


@app.command()
def bins(
    build: Annotated[str, typer.Option(help=_BUILD_HELP)],
    reference: Annotated[Path, typer.Option(help="indexed FASTA of the run")],
    gene_models: Annotated[Path, typer.Option(help="gene models, GFF3: exons are bins of their own")],
    output: Annotated[Path, typer.Option(help="BED to write")],
    mappability: Annotated[Path | None, typer.Option(help="bedGraph of the share of unique reads")] = None,
    regions_bed: Annotated[Path | None, typer.Option(help="bins within it alone")] = None,
) -> None:
    """Write the bins that depth is measured in, with GC and mappability."""
    from neotriage.calls.bins import make_bins, write_bins
    from neotriage.calls.regions import scatter
    from neotriage.gene_models import read_gene_models
    from neotriage.genome import read_build

    on_build = read_build(build)
    within = [region for chunk in scatter(on_build, 1 << 40, regions_bed) for region in chunk]
    write_bins(make_bins(on_build, reference, read_gene_models(gene_models, on_build), within, mappability), output)


@app.command()
def structural(
    case: Annotated[Path, typer.Option(help="inputs/case.json")],
    build: Annotated[str, typer.Option(help=_BUILD_HELP)],
    reference: Annotated[Path, typer.Option(help="indexed FASTA of the run")],
    output: Annotated[Path, typer.Option(help="VCF.gz to write, with its index")],
    delly: Annotated[Path | None, typer.Option(help="delly's BCF of the family")] = None,
    manta: Annotated[Path | None, typer.Option(help="manta's diploidSV.vcf.gz of the family")] = None,
    bins: Annotated[Path | None, typer.Option(help="the run's bins, needed with --depth")] = None,
    depth: Annotated[list[str] | None, typer.Option(help="SAMPLE=mosdepth's regions.bed.gz, once for each person")] = None,
) -> None:
    """Write the family's structural changes in their one form: alike ones of several callers joined."""
    from neotriage.calls.bins import read_bins
    from neotriage.calls.depth import depth_records, in_family_order, measure_depth, read_depths
    from neotriage.calls.structural_callers import read_delly, read_manta
    from neotriage.calls.structural_merge import merge_records, open_bases
    from neotriage.case import read_case
    from neotriage.genome import read_build
    from neotriage.structural import write_records

    family, on_build = read_case(case).family, read_build(build)
    sets = [read_delly(delly, on_build, family.samples)] if delly else []
    sets += [read_manta(manta, on_build, family.samples)] if manta else []
    measured = None
    if depth and bins:
        paths, shared = _by_sample(depth), read_bins(bins)
        measured = measure_depth(shared, read_depths(paths, shared), on_build, family, list(paths))
        sets.append(in_family_order(depth_records(measured, family), measured.samples, family))
    merged = merge_records(sets, measured, on_build, family, open_bases(reference))
    write_records(merged, family.samples, on_build, output)


def _by_sample(pairs: list[str]) -> dict[str, Path]:
    return {sample: Path(path) for sample, _, path in (pair.partition("=") for pair in pairs)}
