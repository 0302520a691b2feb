# inheritance: the ways in which one or two variants of a gene explain the affected.
#
# reads   the tables of table, annotate and verify
# writes  <results>/<case>/inheritance/hits.parquet, ledger.parquet


rule inheritance:
    """Hits, and what was considered and fell."""
    input:
        case="<results>/{case}/qc/case.json",
        variants="<results>/{case}/table/variants.parquet",
        consequences="<results>/{case}/annotate/consequences.parquet",
        annotations="<results>/{case}/annotate/annotations.parquet",
        reread="<results>/{case}/verify/reread.parquet",
        gene_models=str(RUN.gene_models),
    output:
        hits="<results>/{case}/inheritance/hits.parquet",
        ledger="<results>/{case}/inheritance/ledger.parquet",
    log:
        "<results>/{case}/logs/inheritance/inheritance.log",
    benchmark:
        "<results>/{case}/benchmarks/inheritance/inheritance.tsv"
    conda:
        "../envs/htslib.yaml"
    resources:
        mem_mb=2000,
        runtime=30,
    shell:
        """
        neotriage inheritance --case {input.case:q} --variants {input.variants:q} --consequences {input.consequences:q} \
            --annotations {input.annotations:q} --gene-models {input.gene_models:q} --reread {input.reread:q} --hits {output.hits:q} \
            --ledger {output.ledger:q} 2>{log:q}
        """
