# actnow: what could be treated within hours, told as soon as the baby's alignment is indexed; provisional.
#
# reads   the baby's CRAM, gene models, ClinVar, the frequency store; at the end the family's tables
# writes  <results>/<case>/actnow/<case>.html, <case>.json (provisional); outcome.json (each line confirmed or withdrawn)
#
# It branches off the main flow, which never waits for it. The priority puts its jobs before all others that are ready.


rule actnow_targets:
    """Exons of treatable genes and ClinVar's P/LP sites in them; made while the reads are still aligned."""
    input:
        gene_models=str(RUN.gene_models),
        clinvar=CLINVAR,
    output:
        bed="<results>/resources/actnow/targets.bed",
        known="<results>/resources/actnow/known.tsv",
    log:
        "<results>/resources/logs/actnow_targets.log",
    benchmark:
        "<results>/resources/benchmarks/actnow_targets.tsv"
    priority: 100
    conda:
        "../envs/htslib.yaml"
    resources:
        mem_mb=3000,
        runtime=20,
    params:
        build=RUN.build_source,
        given=lambda wildcards, input: options(input, "clinvar"),
    shell:
        """
        neotriage actnow targets --gene-models {input.gene_models:q} --build {params.build:q} {params.given:q} \
            --bed {output.bed:q} --known {output.known:q} 2>{log:q}
        """


rule actnow:
    """The provisional page: the baby alone, in the targets alone; each change taken by itself, since it is not known which lie on
    one copy. mpileup's header line `reference` is taken out: it holds the folder of the results."""
    input:
        case="<results>/{case}/inputs/case.json",
        ploidy="<results>/{case}/inputs/ploidy.txt",
        sexes="<results>/{case}/inputs/sexes.txt",
        cram=baby_cram,
        reference="<results>/resources/reference.fa",
        gene_models=str(RUN.gene_models),
        bed="<results>/resources/actnow/targets.bed",
        known="<results>/resources/actnow/known.tsv",
        store=FREQUENCY_STORE,
        always_look=ALWAYS_LOOK,
    output:
        vcf="<results>/{case}/actnow/calls.vcf.gz",
        html=report(
            "<results>/{case}/actnow/{case}.html",
            caption="../report/actnow.rst",
            category="Act now (provisional)",
            labels={"family": "{case}"},
        ),
        json="<results>/{case}/actnow/{case}.json",
    log:
        "<results>/{case}/logs/actnow/actnow.log",
    benchmark:
        "<results>/{case}/benchmarks/actnow/actnow.tsv"
    priority: 100
    conda:
        "../envs/variants.yaml"
    resources:
        mem_mb=3000,
        runtime=60,
    params:
        build=RUN.build_source,
        baby=lambda wildcards: case_inputs(wildcards).case.family.proband.sample,
        given=lambda wildcards, input: options(input, "store", "always_look"),
    shell:
        """
        exec 2>{log:q}
        where=(-R {input.bed:q})
        # gene models without a treatable gene: bcftools takes no empty BED, and one base gives a file of the right form
        if [ ! -s {input.bed:q} ]; then where=(-r "$(cut -f1 {input.reference:q}.fai | head -n 1):1-1"); fi
        bcftools mpileup --no-version -f {input.reference:q} "${{where[@]}}" -q 20 -Q 20 -d 1000 -a AD,DP -Ou {input.cram:q} \
            | bcftools call --no-version -mv -a GQ --ploidy-file {input.ploidy:q} \
                -S <(awk -F '\\t' -v baby={params.baby:q} '$1 == baby' {input.sexes:q}) -Ov \
            | grep -v '^##reference=' \
            | bcftools norm --no-version -f {input.reference:q} -m -any -Ou \
            | bcftools csq --no-version --local-csq -p a -f {input.reference:q} -g {input.gene_models:q} -Oz -o {output.vcf:q}
        neotriage actnow page --case {input.case:q} --build {params.build:q} --gene-models {input.gene_models:q} \
            --known {input.known:q} --calls {output.vcf:q} --alignment {input.cram:q} --reference {input.reference:q} \
            {params.given:q} --json {output.json:q} --html {output.html:q}
        """


rule actnow_outcome:
    """Each provisional line confirmed or withdrawn by the family's tables."""
    input:
        page="<results>/{case}/actnow/{case}.json",
        variants="<results>/{case}/table/variants.parquet",
        hits="<results>/{case}/inheritance/hits.parquet",
        candidates="<results>/{case}/rank/candidates.parquet",
        table_ledger="<results>/{case}/table/ledger.parquet",
        inheritance_ledger="<results>/{case}/inheritance/ledger.parquet",
        chromosomes="<results>/{case}/calls/chromosomes.json",
    output:
        json="<results>/{case}/actnow/outcome.json",
    log:
        "<results>/{case}/logs/actnow/outcome.log",
    benchmark:
        "<results>/{case}/benchmarks/actnow/outcome.tsv"
    conda:
        "../envs/htslib.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    shell:
        """
        neotriage actnow outcome --page {input.page:q} --variants {input.variants:q} --hits {input.hits:q} \
            --candidates {input.candidates:q} --ledger {input.table_ledger:q} --ledger {input.inheritance_ledger:q} \
            --chromosomes {input.chromosomes:q} --output {output.json:q} 2>{log:q}
        """
