# calls: short tandem repeats by ExpansionHunter, whose conda package it needs; it is not exercised in CI.


rule calls_repeat_catalogue:
    """The repeats of the applied panels and the neonatal ones, as ExpansionHunter takes them."""
    input:
        case="<results>/{case}/inputs/case.json",
        reference="<results>/resources/reference.fa",
    output:
        catalogue="<results>/{case}/calls/expansion_hunter/catalogue.json",
    log:
        "<results>/{case}/logs/calls/repeat_catalogue.log",
    benchmark:
        "<results>/{case}/benchmarks/calls/repeat_catalogue.tsv"
    conda:
        "../../envs/variants.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        build=RUN.build_source,
    shell:
        """
        neotriage calls repeat-catalogue --case {input.case:q} --build {params.build:q} --reference {input.reference:q} \
            --output {output.catalogue:q} 2>{log:q}
        """


rule calls_expansion_hunter:
    """A person's repeats."""
    input:
        cram="<results>/{case}/reads/{sample}.cram",
        reference="<results>/resources/reference.fa",
        catalogue="<results>/{case}/calls/expansion_hunter/catalogue.json",
    output:
        vcf="<results>/{case}/calls/expansion_hunter/{sample}.vcf",
        others=temp(multiext("<results>/{case}/calls/expansion_hunter/{sample}", ".json", "_realigned.bam")),
    log:
        "<results>/{case}/logs/calls/expansion_hunter.{sample}.log",
    benchmark:
        "<results>/{case}/benchmarks/calls/expansion_hunter.{sample}.tsv"
    conda:
        "../../envs/expansion_hunter.yaml"
    resources:
        mem_mb=8000,
        runtime=120,
    params:
        prefix=lambda wildcards, output: output.vcf.removesuffix(".vcf"),
        sex=expansion_hunter_sex,
    shell:
        """
        ExpansionHunter --reads {input.cram:q} --reference {input.reference:q} --variant-catalog {input.catalogue:q} \
            --sex {params.sex} --output-prefix {params.prefix:q} >{log:q} 2>&1
        """
