# resources: what the families of a run share. Not a stage.
#
# reads   the config's reference FASTA (plain or gzipped) and its aligner index if one lies beside it
# writes  <results>/resources/reference.fa with .fai, .dict and the aligner's index; regions/<chunk>.bed; store/, clinvar/;
#         canaries/canaries.json, and passed.json without which no report is made


rule resources_reference:
    """A plain FASTA under a path of ours, indexed, with its sequence dictionary; checked against the build."""
    input:
        fasta=str(RUN.reference),
    output:
        fasta="<results>/resources/reference.fa",
        fai="<results>/resources/reference.fa.fai",
        dictionary="<results>/resources/reference.dict",
    log:
        "<results>/resources/logs/reference.log",
    benchmark:
        "<results>/resources/benchmarks/reference.tsv"
    conda:
        "../envs/htslib.yaml"
    resources:
        mem_mb=1000,
        runtime=60,
    params:
        build=RUN.build_source,
    shell:
        """
        exec 2>{log:q}
        gzip -dcf {input.fasta:q} >{output.fasta:q}
        samtools faidx {output.fasta:q}
        samtools dict --uri reference.fa {output.fasta:q} >{output.dictionary:q}
        neotriage reads check-reference --reference {input.fasta:q} --dictionary {output.dictionary:q} --build {params.build:q}
        """


if given_index():

    rule resources_aligner_index:
        """The index that lies beside the reference."""
        input:
            index=given_index(),
        output:
            index=multiext("<results>/resources/reference.fa", *(f".{ending}" for ending in ALIGNER_INDEX)),
        log:
            "<results>/resources/logs/aligner_index.log",
        benchmark:
            "<results>/resources/benchmarks/aligner_index.tsv"
        conda:
            "../envs/alignment.yaml"
        resources:
            mem_mb=500,
            runtime=60,
        params:
            pairs=lambda wildcards, input, output: [path for pair in zip(input, output) for path in pair],
        shell:
            """
            set -- {params.pairs:q}
            while [ $# -gt 0 ]; do
                ln -sf "$(realpath "$1")" "$2"
                shift 2
            done 2>{log:q}
            """

else:

    rule resources_aligner_index:
        """The aligner's index of the reference."""
        input:
            fasta="<results>/resources/reference.fa",
        output:
            index=multiext("<results>/resources/reference.fa", *(f".{ending}" for ending in ALIGNER_INDEX)),
        log:
            "<results>/resources/logs/aligner_index.log",
        benchmark:
            "<results>/resources/benchmarks/aligner_index.tsv"
        conda:
            "../envs/alignment.yaml"
        resources:
            mem_mb=1000 + REFERENCE_MB * (28 if RUN.aligner == "bwa-mem2" else 2),
            runtime=240,
        params:
            aligner=RUN.aligner,
        shell:
            "{params.aligner} index {input.fasta:q} 2> {log:q}"


rule resources_regions:
    """The regions that calling is scattered over."""
    output:
        chunks=expand("<results>/resources/regions/{chunk}.bed", chunk=CHUNK_NAMES),
        mitochondrion="<results>/resources/regions/mitochondrion.bed",
    log:
        "<results>/resources/logs/regions.log",
    benchmark:
        "<results>/resources/benchmarks/regions.tsv"
    conda:
        "../envs/htslib.yaml"
    resources:
        mem_mb=500,
        runtime=10,
    params:
        build=RUN.build_source,
        size_bp=RUN.region_size_bp,
        bed=["--regions-bed", str(RUN.regions_bed)] if RUN.regions_bed else [],
        chunks=lambda wildcards, output: [word for path in output.chunks for word in ("--output", path)],
    shell:
        """
        neotriage calls regions --build {params.build:q} --size-bp {params.size_bp} {params.bed:q} {params.chunks:q} \
            --mitochondrion {output.mitochondrion:q} 2>{log:q}
        """


rule resources_store:
    """The frequency store, unless the config names one. Y and the mitochondrion, which many sources leave out, are said to be not covered where they are."""
    input:
        vcfs=FREQUENCY_FILES,
    output:
        store=directory("<results>/resources/store"),
    log:
        "<results>/resources/logs/store.log",
    benchmark:
        "<results>/resources/benchmarks/store.tsv"
    priority: 100  # the act-now page asks it
    conda:
        "../envs/htslib.yaml"
    threads: 2
    resources:
        mem_mb=4000,
        runtime=480,
    params:
        build=RUN.build_source,
        sources=frequency_sources(),
        may_lack=[contig.name for contig in RUN.build.primary if contig.kind in OFTEN_NOT_COVERED],
    shell:
        """
        exec 2>{log:q}
        absent=()
        for contig in {params.may_lack:q}; do
            for vcf in {input.vcfs:q}; do bcftools index -s "$vcf"; done | cut -f1 | grep -qxF "$contig" || absent+=(--absent "$contig")
        done
        neotriage store build --output {output.store:q} --build {params.build:q} {params.sources:q} "${{absent[@]}}" \
            --threads {threads}
        """


rule resources_clinvar:
    """ClinVar's alleles as a store, which every family's table reads in place of the VCF."""
    input:
        vcf=CLINVAR,
    output:
        store=directory("<results>/resources/clinvar"),
    log:
        "<results>/resources/logs/clinvar.log",
    benchmark:
        "<results>/resources/benchmarks/clinvar.tsv"
    conda:
        "../envs/htslib.yaml"
    threads: 2
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        build=RUN.build_source,
    shell:
        """
        neotriage store clinvar --output {output.store:q} --build {params.build:q} --vcf {input.vcf:q} --threads {threads} 2>{log:q}
        """


rule resources_provenance:
    """The record of a shared file: checksum, the version it states, how many records it holds."""
    input:
        file=lambda wildcards: shared_files()[wildcards.name],
    output:
        record="<results>/resources/provenance/{name}.json",
    log:
        "<results>/resources/logs/provenance.{name}.log",
    benchmark:
        "<results>/resources/benchmarks/provenance.{name}.tsv"
    conda:
        "../envs/htslib.yaml"
    resources:
        mem_mb=500,
        runtime=60,
    shell:
        """
        neotriage provenance resource --name {wildcards.name:q} --file {input.file:q} --output {output.record:q} 2>{log:q}
        """


if not RUN.resources.canaries:

    rule resources_canaries_choose:
        """Sentinel variants with what the resources say of them, read by other ways than the run reads them."""
        input:
            reference="<results>/resources/reference.fa",
            gene_models=str(RUN.gene_models),
            clinvar=CLINVAR,
            frequencies=FREQUENCY_FILES,
        output:
            canaries="<results>/resources/canaries/canaries.json",
        log:
            "<results>/resources/logs/canaries_choose.log",
        benchmark:
            "<results>/resources/benchmarks/canaries_choose.tsv"
        conda:
            "../envs/htslib.yaml"
        resources:
            mem_mb=2000,
            runtime=30,
        params:
            build=RUN.build_source,
            given=lambda wildcards, input: options(input, "clinvar"),
            sources=frequency_sources(),
        shell:
            """
            neotriage canaries choose --build {params.build:q} --gene-models {input.gene_models:q} --reference {input.reference:q} \
                {params.given:q} {params.sources:q} --output {output.canaries:q} 2>{log:q}
            """


rule resources_canaries:
    """The canaries through the run's own annotation, once a run; a miss is an error, and no report is written."""
    input:
        canaries=given(RUN.resources.canaries) or "<results>/resources/canaries/canaries.json",
        reference="<results>/resources/reference.fa",
        gene_models=str(RUN.gene_models),
        store=FREQUENCY_STORE,
        clinvar=CLINVAR,
        clinvar_store=CLINVAR_STORE,
    output:
        passed="<results>/resources/canaries/passed.json",
    log:
        "<results>/resources/logs/canaries.log",
    benchmark:
        "<results>/resources/benchmarks/canaries.tsv"
    conda:
        "../envs/variants.yaml"
    resources:
        mem_mb=3000,
        runtime=30,
    params:
        build=RUN.build_source,
        given=lambda wildcards, input: options(input, "store", "clinvar", "clinvar_store"),
    shell:
        """
        neotriage canaries check --canaries {input.canaries:q} --build {params.build:q} --gene-models {input.gene_models:q} \
            --reference {input.reference:q} {params.given:q} --output {output.passed:q} 2>{log:q}
        """
