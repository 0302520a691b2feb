# DeepVariant for each person, GLnexus for the family (calls.caller: deepvariant).
#
# Run with `snakemake --sdm apptainer`. Not exercised in CI, where no container can be run: the commands follow the tools' own
# documentation (DeepVariant 1.6 with its haploid contigs, GLnexus 1.4 with its DeepVariantWGS settings).


rule calls_deepvariant:
    """One person's gVCF; a man's X and Y outside the pseudoautosomal regions are haploid."""
    input:
        cram="<results>/{case}/reads/{sample}.cram",
        reference="<results>/resources/reference.fa",
        regions=expand("<results>/resources/regions/{chunk}.bed", chunk=CHUNK_NAMES),
    output:
        vcf=temp("<results>/{case}/calls/deepvariant/{sample}.vcf.gz"),
        gvcf=temp("<results>/{case}/calls/deepvariant/{sample}.g.vcf.gz"),
        regions=temp("<results>/{case}/calls/deepvariant/{sample}.bed"),
        par=temp("<results>/{case}/calls/deepvariant/{sample}.par.bed"),
    log:
        "<results>/{case}/logs/calls/deepvariant.{sample}.log",
    benchmark:
        "<results>/{case}/benchmarks/calls/deepvariant.{sample}.tsv"
    container:
        "docker://google/deepvariant:1.6.1"
    threads: 16
    resources:
        mem_mb=64000,
        runtime=1440,
    params:
        haploid=haploid_contigs,
        par=par_lines(),
    shell:
        """
        exec 2>{log:q}
        cat {input.regions:q} >{output.regions:q}
        printf '%s\\n' {params.par:q} >{output.par:q}
        /opt/deepvariant/bin/run_deepvariant --model_type WGS --ref {input.reference:q} --reads {input.cram:q} \
            --regions {output.regions:q} --sample_name {wildcards.sample:q} --output_vcf {output.vcf:q} \
            --output_gvcf {output.gvcf:q} --haploid_contigs={params.haploid:q} --par_regions_bed={output.par:q} \
            --num_shards {threads} >&2
        """


rule calls_glnexus:
    """The family's gVCFs joined."""
    input:
        gvcfs=lambda wildcards: samples_of_case(wildcards, "<results>/{case}/calls/deepvariant/{sample}.g.vcf.gz"),
        regions=expand("<results>/resources/regions/{chunk}.bed", chunk=CHUNK_NAMES),
    output:
        bcf=temp("<results>/{case}/calls/deepvariant/glnexus.bcf"),
        scratch=temp(directory("<results>/{case}/calls/deepvariant/glnexus")),
    log:
        "<results>/{case}/logs/calls/glnexus.log",
    benchmark:
        "<results>/{case}/benchmarks/calls/glnexus.tsv"
    container:
        "docker://ghcr.io/dnanexus-rnd/glnexus:v1.4.1"
    threads: 8
    resources:
        mem_mb=32000,
        runtime=480,
    shell:
        """
        exec 2>{log:q}
        mkdir -p {output.scratch:q}
        cat {input.regions:q} >{output.scratch:q}/regions.bed
        glnexus_cli --config DeepVariantWGS --dir {output.scratch:q}/database --bed {output.scratch:q}/regions.bed \
            --threads {threads} {input.gvcfs:q} >{output.bcf:q}
        """


rule calls_glnexus_form:
    """GLnexus' calls in the one form."""
    input:
        bcf="<results>/{case}/calls/deepvariant/glnexus.bcf",
        reference="<results>/resources/reference.fa",
        case="<results>/{case}/inputs/case.json",
    output:
        bcf=temp("<results>/{case}/calls/deepvariant/joint.bcf"),
    log:
        "<results>/{case}/logs/calls/glnexus_form.log",
    benchmark:
        "<results>/{case}/benchmarks/calls/glnexus_form.tsv"
    conda:
        "../../envs/variants.yaml"
    resources:
        mem_mb=2000,
        runtime=120,
    params:
        build=RUN.build_source,
    shell:
        """
        exec 2>{log:q}
        bcftools view --no-version -Ov {input.bcf:q} \
            | neotriage calls harmonise --case {input.case:q} --build {params.build:q} --fai {input.reference:q}.fai \
            | bcftools norm --no-version -f {input.reference:q} -m -any -Ob -o {output.bcf:q}
        """
