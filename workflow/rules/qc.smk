# qc: are the reads good enough, and are they the right person's?
#
# reads   CRAM, fastp's JSON, the gene models' exons; calls.vcf.gz for kinship and foreign reads
# writes  <results>/<case>/qc/qc.json (the verdict), identity.json (who is related to whom), case.json (the case without those who
#         are not who the sheet says: what later stages read), coverage.json (each exon of the panels' genes), multiqc.html
#         (all of it), <sample>.stats, <sample>.mosdepth.*


rule qc_exons:
    """The exons that depth is measured over."""
    input:
        gene_models=str(RUN.gene_models),
    output:
        bed="<results>/resources/regions/exons.bed",
    log:
        "<results>/resources/logs/exons.log",
    benchmark:
        "<results>/resources/benchmarks/exons.tsv"
    conda:
        "../envs/htslib.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        build=RUN.build_source,
    shell:
        "neotriage qc regions --gene-models {input.gene_models:q} --build {params.build:q} --output {output.bed:q} 2> {log:q}"


rule qc_sample:
    """A sample's counts, duplicates and insert size; its depth over the genome, over each exon, and in the bins of copy number."""
    input:
        cram="<results>/{case}/reads/{sample}.cram",
        reference="<results>/resources/reference.fa",
        exons="<results>/resources/regions/exons.bed",
        bins=DEPTH_BINS,
    output:
        bins=temp(directory("<results>/{case}/qc/{sample}.bins")),
        stats="<results>/{case}/qc/{sample}.stats",
        summary="<results>/{case}/qc/{sample}.mosdepth.summary.txt",
        distributions=multiext("<results>/{case}/qc/{sample}.mosdepth", ".global.dist.txt", ".region.dist.txt"),
        regions=multiext("<results>/{case}/qc/{sample}", ".regions.bed.gz", ".regions.bed.gz.csi"),
        thresholds=multiext("<results>/{case}/qc/{sample}", ".thresholds.bed.gz", ".thresholds.bed.gz.csi"),
    log:
        "<results>/{case}/logs/qc/{sample}.log",
    benchmark:
        "<results>/{case}/benchmarks/qc/{sample}.tsv"
    conda:
        "../envs/quality.yaml"
    resources:
        mem_mb=3000,
        runtime=480,
    params:
        prefix=lambda wildcards, output: output.summary.removesuffix(".mosdepth.summary.txt"),
    shell:
        """
        exec 2>{log:q}
        samtools stats --reference {input.reference:q} {input.cram:q} >{output.stats:q}
        mosdepth --no-per-base --by {input.exons:q} --thresholds 1,10,15,20,30 --fasta {input.reference:q} \
            {params.prefix:q} {input.cram:q}
        mkdir -p {output.bins:q}
        for bins in {input.bins:q}; do
            mosdepth --no-per-base --by "$bins" --fasta {input.reference:q} {output.bins:q}/depth {input.cram:q}
        done
        """


rule qc_multiqc:
    """Every tool's figures of the family on one page."""
    input:
        files=quality_files,
    output:
        html=report(
            "<results>/{case}/qc/multiqc.html",
            caption="../report/multiqc.rst",
            category="Quality",
            labels={"family": "{case}"},
        ),
    log:
        "<results>/{case}/logs/qc/multiqc.log",
    benchmark:
        "<results>/{case}/benchmarks/qc/multiqc.tsv"
    conda:
        "../envs/quality.yaml"
    resources:
        mem_mb=1500,
        runtime=30,
    params:
        settings="show_analysis_time: false, show_analysis_paths: false, no_version_check: true",
        folder=lambda wildcards, output: str(Path(output.html).parent),
        name=lambda wildcards, output: Path(output.html).name,
    shell:
        """
        multiqc --quiet --no-ansi --no-ai --no-megaqc-upload --no-data-dir --no-version-check --force \
            --cl-config {params.settings:q} --outdir {params.folder:q} --filename {params.name:q} {input.files:q} >{log:q} 2>&1
        """


rule qc:
    """The family held against its joint genotypes; case.json is the case without those who are not who the sheet says. Then the
    verdict, and how well each exon of the panels' genes is covered in each person."""
    input:
        case="<results>/{case}/inputs/case.json",
        calls="<results>/{case}/calls/calls.vcf.gz",
        store=FREQUENCY_STORE,
        stats=lambda wildcards: samples_of_case(wildcards, "<results>/{case}/qc/{sample}.stats"),
        depth=lambda wildcards: samples_of_case(wildcards, "<results>/{case}/qc/{sample}.mosdepth.summary.txt"),
        thresholds=lambda wildcards: samples_of_case(wildcards, "<results>/{case}/qc/{sample}.thresholds.bed.gz"),
        fastp=fastp_of_case,
        gene_models=str(RUN.gene_models),
    output:
        identity="<results>/{case}/qc/identity.json",
        confirmed="<results>/{case}/qc/case.json",
        qc="<results>/{case}/qc/qc.json",
        coverage="<results>/{case}/qc/coverage.json",
    log:
        "<results>/{case}/logs/qc/qc.log",
    benchmark:
        "<results>/{case}/benchmarks/qc/qc.tsv"
    conda:
        "../envs/htslib.yaml"
    threads: 2
    resources:
        mem_mb=2000,
        runtime=40,
    params:
        build=RUN.build_source,
        given=lambda wildcards, input: options(input, "store"),
        samples=quality_arguments,
        target=["--target", str(RUN.regions_bed)] if RUN.regions_bed else [],
        thresholds=threshold_arguments,
    shell:
        """
        exec 2>{log:q}
        neotriage qc identity --case {input.case:q} --build {params.build:q} --calls {input.calls:q} {params.given:q} \
            --threads {threads} --output {output.identity:q} --confirmed {output.confirmed:q}
        neotriage qc gather --case {input.case:q} --build {params.build:q} {params.samples:q} --identity {output.identity:q} \
            {params.target:q} --output {output.qc:q}
        neotriage qc coverage --case {output.confirmed:q} --build {params.build:q} --gene-models {input.gene_models:q} \
            {params.thresholds:q} --output {output.coverage:q}
        """
