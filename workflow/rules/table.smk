# table: every call through the cheap filters; what stays becomes columns, what falls goes to the ledger with its reason.
#
# reads   calls.vcf.gz, structural.vcf.gz, special.vcf.gz, gene models, frequency store, ClinVar
# writes  <results>/<case>/table/variants.parquet, ledger.parquet, counts.tsv, survivors.vcf.gz


rule table:
    """The variant table and the why-not ledger."""
    input:
        case="<results>/{case}/qc/case.json",
        calls="<results>/{case}/calls/calls.vcf.gz",
        gene_models=str(RUN.gene_models),
        store=FREQUENCY_STORE,
        clinvar=CLINVAR_STORE,
        always_look=ALWAYS_LOOK,
        structural=structural_of_case,
        special=["<results>/{case}/calls/special.vcf.gz"],
        population=given(RUN.resources.structural and RUN.resources.structural.vcf),
    output:
        variants="<results>/{case}/table/variants.parquet",
        ledger="<results>/{case}/table/ledger.parquet",
        counts="<results>/{case}/table/counts.tsv",
        survivors="<results>/{case}/table/survivors.vcf.gz",
        tbi="<results>/{case}/table/survivors.vcf.gz.tbi",
    log:
        "<results>/{case}/logs/table/table.log",
    benchmark:
        "<results>/{case}/benchmarks/table/table.tsv"
    conda:
        "../envs/htslib.yaml"
    threads: 2
    resources:
        mem_mb=4000,
        runtime=60,
    params:
        build=RUN.build_source,
        given=lambda wildcards, input: options(input, "store", "clinvar", "always_look", "structural", "special")
        + structural_source(),
    shell:
        """
        neotriage table --case {input.case:q} --build {params.build:q} --calls {input.calls:q} \
            --gene-models {input.gene_models:q} {params.given:q} --variants {output.variants:q} --ledger {output.ledger:q} \
            --counts {output.counts:q} --survivors {output.survivors:q} --threads {threads} 2>{log:q}
        """
