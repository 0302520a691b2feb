# structural changes of a family: delly or manta by read pairs and split reads, copy number by depth, joined into one file.
#
# reads   CRAM, gene models (exons are bins of their own), the depth that qc measured in the bins
# writes  <results>/<case>/calls/structural.vcf.gz with .tbi: one symbolic allele a record (docs/structural.md)
#
# manta needs conda or a container and is not exercised in CI: Debian has no package. The mitochondrion's large deletions are
# its own caller's.


if "delly" in RUN.structural_callers:

    rule calls_delly:
        """All persons together; a thread a person."""
        input:
            crams=lambda wildcards: samples_of_case(wildcards, "<results>/{case}/reads/{sample}.cram"),
            reference="<results>/resources/reference.fa",
            exclude=given(RUN.exclude_bed),
        output:
            bcf=temp("<results>/{case}/calls/delly.bcf"),
            csi=temp("<results>/{case}/calls/delly.bcf.csi"),
        log:
            "<results>/{case}/logs/calls/delly.log",
        benchmark:
            "<results>/{case}/benchmarks/calls/delly.tsv"
        conda:
            "../../envs/structural.yaml"
        threads: 2
        resources:
            mem_mb=6000,
            runtime=960,
        params:
            exclude=lambda wildcards, input: [word for path in input.exclude for word in ("-x", path)],
        shell:
            """
            export OMP_NUM_THREADS={threads}
            delly call -g {input.reference:q} {params.exclude:q} -o {output.bcf:q} {input.crams:q} >{log:q} 2>&1
            bcftools index -f {output.bcf:q} 2>>{log:q}
            """


if "manta" in RUN.structural_callers:

    rule calls_manta:
        """All persons together."""
        input:
            crams=lambda wildcards: samples_of_case(wildcards, "<results>/{case}/reads/{sample}.cram"),
            reference="<results>/resources/reference.fa",
        output:
            vcf=temp("<results>/{case}/calls/manta.vcf.gz"),
            folder=temp(directory("<results>/{case}/calls/manta")),
        log:
            "<results>/{case}/logs/calls/manta.log",
        benchmark:
            "<results>/{case}/benchmarks/calls/manta.tsv"
        conda:
            "../../envs/manta.yaml"
        threads: 8
        resources:
            mem_mb=16000,
            runtime=480,
        params:
            bams=lambda wildcards, input: cram_options(input.crams),
        shell:
            """
            exec >{log:q} 2>&1
            configManta.py {params.bams:q} --referenceFasta {input.reference:q} --runDir {output.folder:q}
            {output.folder:q}/runWorkflow.py -j {threads} -g $(({resources.mem_mb} / 1000))
            cp {output.folder:q}/results/variants/diploidSV.vcf.gz {output.vcf:q}
            """


if DEPTH_BINS:

    rule calls_bins:
        """The bins that depth is measured in: once a run."""
        input:
            reference="<results>/resources/reference.fa",
            gene_models=str(RUN.gene_models),
            mappability=given(RUN.mappability),
            regions_bed=given(RUN.regions_bed),
        output:
            bed="<results>/resources/regions/depth_bins.bed",
        log:
            "<results>/resources/logs/depth_bins.log",
        benchmark:
            "<results>/resources/benchmarks/depth_bins.tsv"
        conda:
            "../../envs/htslib.yaml"
        resources:
            mem_mb=3000,
            runtime=30,
        params:
            build=RUN.build_source,
            given=lambda wildcards, input: options(input, "mappability", "regions_bed"),
        shell:
            """
            neotriage calls bins --build {params.build:q} --reference {input.reference:q} --gene-models {input.gene_models:q} \
                {params.given:q} --output {output.bed:q} 2>{log:q}
            """


rule calls_structural:
    """Depth cut into segments, joined with what the reads show."""
    input:
        case="<results>/{case}/inputs/case.json",
        reference="<results>/resources/reference.fa",
        depth=lambda wildcards: samples_of_case(wildcards, "<results>/{case}/qc/{sample}.bins") if DEPTH_BINS else [],
        delly=delly_of_case,
        manta=manta_of_case,
        bins=DEPTH_BINS,
    output:
        vcf="<results>/{case}/calls/structural.vcf.gz",
        tbi="<results>/{case}/calls/structural.vcf.gz.tbi",
    log:
        "<results>/{case}/logs/calls/structural.log",
    benchmark:
        "<results>/{case}/benchmarks/calls/structural.tsv"
    conda:
        "../../envs/htslib.yaml"
    resources:
        mem_mb=8000,
        runtime=120,
    params:
        build=RUN.build_source,
        given=lambda wildcards, input: options(input, "delly", "manta", "bins"),
        depth=depth_arguments,
    shell:
        """
        neotriage calls structural --case {input.case:q} --build {params.build:q} --reference {input.reference:q} \
            {params.given:q} {params.depth:q} --output {output.vcf:q} 2>{log:q}
        """
