# GATK HaplotypeCaller for each person, joint genotyping for the family (calls.caller: gatk).
#
# Run with `snakemake --sdm conda`. Not exercised in CI, where conda cannot be run: the commands follow GATK 4's best practices
# for germline short variants. HaplotypeCaller has one ploidy for all regions: a man's X is called diploid, as homozygous.


rule calls_gatk_person:
    """One person's gVCF of one chunk."""
    input:
        cram="<results>/{case}/reads/{sample}.cram",
        reference="<results>/resources/reference.fa",
        regions="<results>/resources/regions/{chunk}.bed",
    output:
        gvcf=temp("<results>/{case}/calls/gatk/{sample}/{chunk}.g.vcf.gz"),
        tbi=temp("<results>/{case}/calls/gatk/{sample}/{chunk}.g.vcf.gz.tbi"),
    log:
        "<results>/{case}/logs/calls/gatk.{sample}.{chunk}.log",
    benchmark:
        "<results>/{case}/benchmarks/calls/gatk.{sample}.{chunk}.tsv"
    conda:
        "../../envs/gatk.yaml"
    threads: 2
    resources:
        mem_mb=6000,
        runtime=960,
    shell:
        """
        gatk --java-options -Xmx4g HaplotypeCaller -R {input.reference:q} -I {input.cram:q} -L {input.regions:q} -ERC GVCF \
            --native-pair-hmm-threads {threads} -O {output.gvcf:q} 2>{log:q}
        """


rule calls_gatk:
    """One chunk of the family, in the one form."""
    input:
        gvcfs=lambda wildcards: samples_of_case(
            wildcards, f"<results>/{{case}}/calls/gatk/{{sample}}/{wildcards.chunk}.g.vcf.gz"
        ),
        reference="<results>/resources/reference.fa",
        regions="<results>/resources/regions/{chunk}.bed",
        case="<results>/{case}/inputs/case.json",
    output:
        bcf=temp("<results>/{case}/calls/gatk/{chunk}.bcf"),
        combined=temp("<results>/{case}/calls/gatk/{chunk}.g.vcf.gz"),
        tbi=temp("<results>/{case}/calls/gatk/{chunk}.g.vcf.gz.tbi"),
    log:
        "<results>/{case}/logs/calls/gatk.{chunk}.log",
    benchmark:
        "<results>/{case}/benchmarks/calls/gatk.{chunk}.tsv"
    conda:
        "../../envs/gatk.yaml"
    resources:
        mem_mb=6000,
        runtime=480,
    params:
        build=RUN.build_source,
        gvcfs=lambda wildcards, input: [word for path in input.gvcfs for word in ("-V", path)],
    shell:
        """
        exec 2>{log:q}
        gatk --java-options -Xmx4g CombineGVCFs -R {input.reference:q} -L {input.regions:q} {params.gvcfs:q} -O {output.combined:q}
        gatk --java-options -Xmx4g GenotypeGVCFs -R {input.reference:q} -L {input.regions:q} -V {output.combined:q} -O /dev/stdout \
            | neotriage calls harmonise --case {input.case:q} --build {params.build:q} --fai {input.reference:q}.fai \
            | bcftools norm --no-version -f {input.reference:q} -m -any -Ob -o {output.bcf:q}
        """
