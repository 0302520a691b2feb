# annotate: what each kept variant does to each transcript, and what ClinVar says of it.
#
# reads   the kept variants, gene models, reference, ClinVar
# writes  <results>/<case>/annotate/consequences.parquet, annotations.parquet


rule annotate_csq:
    """Consequences by bcftools csq, neighbours in one codon taken together.

    csq says nothing, and ends well, where it takes up no transcript (no biotype, other contig names): that is an error here.
    """
    input:
        vcf="<results>/{case}/table/survivors.vcf.gz",
        reference="<results>/resources/reference.fa",
        fai="<results>/resources/reference.fa.fai",
        gene_models=str(RUN.gene_models),
    output:
        vcf="<results>/{case}/annotate/csq.vcf.gz",
    log:
        "<results>/{case}/logs/annotate/csq.log",
    benchmark:
        "<results>/{case}/benchmarks/annotate/csq.tsv"
    conda:
        "../envs/variants.yaml"
    resources:
        mem_mb=3000,
        runtime=60,
    shell:
        """
        exec 2>{log:q}
        bcftools csq --no-version -p a -f {input.reference:q} -g {input.gene_models:q} -Oz -o {output.vcf:q} {input.vcf:q}
        if ! grep -qE 'Indexed [1-9][0-9]* transcripts' {log:q}; then
            echo "error: bcftools csq took up no transcript of "{input.gene_models:q}". Fix: give an Ensembl-style GFF3 with" \
                "biotype= on genes and transcripts, and the reference's contig names" >&2
            exit 2
        fi
        """


rule annotate:
    """Consequences and annotations as tables."""
    input:
        case="<results>/{case}/qc/case.json",
        variants="<results>/{case}/table/variants.parquet",
        csq="<results>/{case}/annotate/csq.vcf.gz",
        gene_models=str(RUN.gene_models),
        reference="<results>/resources/reference.fa",
        fai="<results>/resources/reference.fa.fai",
        clinvar=CLINVAR,
    output:
        consequences="<results>/{case}/annotate/consequences.parquet",
        annotations="<results>/{case}/annotate/annotations.parquet",
    log:
        "<results>/{case}/logs/annotate/annotate.log",
    benchmark:
        "<results>/{case}/benchmarks/annotate/annotate.tsv"
    conda:
        "../envs/htslib.yaml"
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        build=RUN.build_source,
        given=lambda wildcards, input: options(input, "clinvar"),
    shell:
        """
        neotriage annotate --case {input.case:q} --build {params.build:q} --variants {input.variants:q} --csq {input.csq:q} \
            --gene-models {input.gene_models:q} --reference {input.reference:q} {params.given:q} --consequences {output.consequences:q} \
            --annotations {output.annotations:q} 2>{log:q}
        """
