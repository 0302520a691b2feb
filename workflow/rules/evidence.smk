# evidence: the ACMG/AMP criteria of each variant of each hit, each met, not met or not assessed.
#
# reads   the tables so far, gene models, ClinVar, gene constraint, frequency store, reference
# writes  <results>/<case>/evidence/criteria.parquet, classes.parquet


rule evidence:
    """Criteria and classes."""
    input:
        case="<results>/{case}/qc/case.json",
        variants="<results>/{case}/table/variants.parquet",
        consequences="<results>/{case}/annotate/consequences.parquet",
        annotations="<results>/{case}/annotate/annotations.parquet",
        hits="<results>/{case}/inheritance/hits.parquet",
        gene_models=str(RUN.gene_models),
        reference="<results>/resources/reference.fa",
        store=FREQUENCY_STORE,
        clinvar=CLINVAR,
        constraint=CONSTRAINT,
        dosage=DOSAGE,
    output:
        criteria="<results>/{case}/evidence/criteria.parquet",
        classes="<results>/{case}/evidence/classes.parquet",
    log:
        "<results>/{case}/logs/evidence/evidence.log",
    benchmark:
        "<results>/{case}/benchmarks/evidence/evidence.tsv"
    conda:
        "../envs/htslib.yaml"
    resources:
        mem_mb=3000,
        runtime=30,
    params:
        given=lambda wildcards, input: options(input, "store", "clinvar", "constraint", "dosage")
        + (["--has-structural-source"] if RUN.resources.structural else []),
    shell:
        """
        neotriage evidence --case {input.case:q} --variants {input.variants:q} --consequences {input.consequences:q} \
            --annotations {input.annotations:q} --hits {input.hits:q} --gene-models {input.gene_models:q} \
            --reference {input.reference:q} {params.given:q} --criteria {output.criteria:q} --classes {output.classes:q} 2>{log:q}
        """
