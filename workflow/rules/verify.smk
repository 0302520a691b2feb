# verify: the alignments read again at what looks de novo, and the phase that read pairs show.
#
# reads   CRAM, the tables of table and annotate, calls.vcf.gz
# writes  <results>/<case>/verify/reread.parquet


rule verify:
    """Origin of what looks de novo, and phase by reads; without an alignment it says that nothing was looked at."""
    input:
        case="<results>/{case}/qc/case.json",
        variants="<results>/{case}/table/variants.parquet",
        consequences="<results>/{case}/annotate/consequences.parquet",
        calls="<results>/{case}/calls/calls.vcf.gz",
        crams=lambda wildcards: samples_of_case(wildcards, "<results>/{case}/reads/{sample}.cram"),
        reference="<results>/resources/reference.fa",
    output:
        reread="<results>/{case}/verify/reread.parquet",
    log:
        "<results>/{case}/logs/verify/verify.log",
    benchmark:
        "<results>/{case}/benchmarks/verify/verify.tsv"
    conda:
        "../envs/htslib.yaml"
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        alignments=alignment_options,
        frequencies="--has-frequencies" if FREQUENCY_STORE else "",
    shell:
        """
        neotriage verify --case {input.case:q} --variants {input.variants:q} --consequences {input.consequences:q} \
            --calls {input.calls:q} --reference {input.reference:q} {params.alignments:q} {params.frequencies} --output {output.reread:q} 2>{log:q}
        """
