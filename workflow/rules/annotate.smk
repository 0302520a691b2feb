# annotate: what each kept variant does to each transcript, and what ClinVar says of it.
#
# reads   the kept variants, gene models, reference, ClinVar
# writes  <results>/<case>/annotate/csq.vcf.gz, consequences.parquet, annotations.parquet


rule annotate:
    """Consequences by bcftools csq, neighbours in one codon taken together, and what ClinVar says, as tables.

    csq says nothing, and ends well, where it takes up no transcript (no biotype, other contig names): that is an error here.
    """
    input:
        case="<results>/{case}/qc/case.json",
        variants="<results>/{case}/table/variants.parquet",
        survivors="<results>/{case}/table/survivors.vcf.gz",
        reference="<results>/resources/reference.fa",
        gene_models=str(RUN.gene_models),
        clinvar=CLINVAR,
    output:
        csq="<results>/{case}/annotate/csq.vcf.gz",
        consequences="<results>/{case}/annotate/consequences.parquet",
        annotations="<results>/{case}/annotate/annotations.parquet",
    log:
        "<results>/{case}/logs/annotate/annotate.log",
    benchmark:
        "<results>/{case}/benchmarks/annotate/annotate.tsv"
    conda:
        "../envs/variants.yaml"
    resources:
        mem_mb=3000,
        runtime=60,
    params:
        build=RUN.build_source,
        given=lambda wildcards, input: options(input, "clinvar"),
    shell:
        """
        exec 2>{log:q}
        bcftools csq --no-version -p a -f {input.reference:q} -g {input.gene_models:q} -Oz -o {output.csq:q} {input.survivors:q}
        if ! grep -qE 'Indexed [1-9][0-9]* transcripts' {log:q}; then
            echo "error: bcftools csq took up no transcript of "{input.gene_models:q}". Fix: give an Ensembl-style GFF3 with" \
                "biotype= on genes and transcripts, and the reference's contig names" >&2
            exit 2
        fi
        neotriage annotate --case {input.case:q} --build {params.build:q} --variants {input.variants:q} --csq {output.csq:q} \
            --gene-models {input.gene_models:q} --reference {input.reference:q} {params.given:q} \
            --consequences {output.consequences:q} --annotations {output.annotations:q}
        """
