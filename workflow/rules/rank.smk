# rank: the genes that have a hit, best first, each term of the total shown.
#
# reads   the tables so far, panels and HPO terms of the case
# writes  <results>/<case>/rank/candidates.parquet, parts.parquet, summary.json, moves.parquet


rule rank:
    """Candidates, the parts of their totals, what would move the first ten, and the case's statement."""
    input:
        case="<results>/{case}/qc/case.json",
        variants="<results>/{case}/table/variants.parquet",
        consequences="<results>/{case}/annotate/consequences.parquet",
        annotations="<results>/{case}/annotate/annotations.parquet",
        hits="<results>/{case}/inheritance/hits.parquet",
        criteria="<results>/{case}/evidence/criteria.parquet",
        classes="<results>/{case}/evidence/classes.parquet",
        gene_models=str(RUN.gene_models),
    output:
        candidates="<results>/{case}/rank/candidates.parquet",
        parts="<results>/{case}/rank/parts.parquet",
        summary="<results>/{case}/rank/summary.json",
        moves="<results>/{case}/rank/moves.parquet",
    log:
        "<results>/{case}/logs/rank/rank.log",
    benchmark:
        "<results>/{case}/benchmarks/rank/rank.tsv"
    conda:
        "../envs/htslib.yaml"
    resources:
        mem_mb=2000,
        runtime=30,
    shell:
        """
        neotriage rank --case {input.case:q} --variants {input.variants:q} --consequences {input.consequences:q} \
            --annotations {input.annotations:q} --hits {input.hits:q} --criteria {input.criteria:q} \
            --classes {input.classes:q} --gene-models {input.gene_models:q} --candidates {output.candidates:q} \
            --parts {output.parts:q} --summary {output.summary:q} --moves {output.moves:q} 2>{log:q}
        """
