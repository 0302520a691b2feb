# report: what the clinician opens, what machines read, and what made it.
#
# reads   every table of the case, qc.json, the act-now page's outcome, the records of the shared files
# writes  <results>/<case>/report/<case>.html, .tsv, .json, .vcf.gz; .phenopacket.json and .fhir.json under pseudonyms, and
#         identities.tsv, their map to names; provenance.json; whynot.sqlite


rule report_commands:
    """The commands of the run as its rules state them: placeholders in place of paths and threads, so that they are the same
    wherever and on however many cores it ran."""
    output:
        commands="<results>/resources/provenance/commands.txt",
    log:
        "<results>/resources/logs/commands.log",
    benchmark:
        "<results>/resources/benchmarks/commands.tsv"
    conda:
        "../envs/htslib.yaml"
    resources:
        mem_mb=500,
        runtime=10,
    params:
        commands=lambda wildcards: rule_commands(),
    shell:
        "printf '%s\\n' {params.commands:q} >{output.commands:q} 2>{log:q}"


rule report:
    """What stands behind the report (tools, resources, thresholds, config, commands), the report in its four forms for people, and
    what other systems take in."""
    input:
        case="<results>/{case}/qc/case.json",
        variants="<results>/{case}/table/variants.parquet",
        counts="<results>/{case}/table/counts.tsv",
        table_ledger="<results>/{case}/table/ledger.parquet",
        inheritance_ledger="<results>/{case}/inheritance/ledger.parquet",
        consequences="<results>/{case}/annotate/consequences.parquet",
        annotations="<results>/{case}/annotate/annotations.parquet",
        calls="<results>/{case}/annotate/csq.vcf.gz",
        hits="<results>/{case}/inheritance/hits.parquet",
        criteria="<results>/{case}/evidence/criteria.parquet",
        classes="<results>/{case}/evidence/classes.parquet",
        candidates="<results>/{case}/rank/candidates.parquet",
        parts="<results>/{case}/rank/parts.parquet",
        summary="<results>/{case}/rank/summary.json",
        moves="<results>/{case}/rank/moves.parquet",
        records=[f"<results>/resources/provenance/{name}.json" for name in shared_files()],
        commands="<results>/resources/provenance/commands.txt",
        canaries="<results>/resources/canaries/passed.json",
        gene_models=str(RUN.gene_models),
        frequencies=FREQUENCY_FILES,
        qc="<results>/{case}/qc/qc.json",
        coverage="<results>/{case}/qc/coverage.json",
        act_now=act_now_outcome,
        chromosomes="<results>/{case}/calls/chromosomes.json",
        structural=structural_of_case,
        special=["<results>/{case}/calls/special.vcf.gz"],
        second_hit="<results>/{case}/calls/second_hit.json",
        crams=lambda wildcards: samples_of_case(wildcards, "<results>/{case}/reads/{sample}.cram"),
        reference="<results>/resources/reference.fa",
    output:
        provenance="<results>/{case}/report/provenance.json",
        html=report(
            "<results>/{case}/report/{case}.html",
            caption="../report/report.rst",
            category="Report",
            labels={"family": "{case}"},
        ),
        tsv="<results>/{case}/report/{case}.tsv",
        json="<results>/{case}/report/{case}.json",
        vcf="<results>/{case}/report/{case}.vcf.gz",
        tbi="<results>/{case}/report/{case}.vcf.gz.tbi",
        whynot="<results>/{case}/report/whynot.sqlite",
        phenopacket="<results>/{case}/report/{case}.phenopacket.json",
        fhir="<results>/{case}/report/{case}.fhir.json",
        identities="<results>/{case}/report/identities.tsv",
    log:
        "<results>/{case}/logs/report/report.log",
    benchmark:
        "<results>/{case}/benchmarks/report/report.tsv"
    conda:
        "../envs/htslib.yaml"
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        build=RUN.build_source,
        given=lambda wildcards, input: options(input, "act_now", "structural", "special"),
        sources=frequency_sources(),
        alignments=alignment_options,
        config_sha256=RUN.config_sha256,
        records=lambda wildcards, input: [word for path in input.records for word in ("--resource", path)],
        tools=[word for name in TOOLS_USED for word in ("--tool", name)],
    shell:
        """
        exec 2>{log:q}
        neotriage provenance case --case {input.case:q} --config-sha256 {params.config_sha256} {params.records:q} \
            {params.tools:q} --commands {input.commands:q} --canaries {input.canaries:q} --output {output.provenance:q}
        neotriage report --case {input.case:q} --build {params.build:q} --variants {input.variants:q} \
            --consequences {input.consequences:q} --annotations {input.annotations:q} --hits {input.hits:q} \
            --criteria {input.criteria:q} --classes {input.classes:q} --candidates {input.candidates:q} \
            --parts {input.parts:q} --summary {input.summary:q} --moves {input.moves:q} --counts {input.counts:q} \
            --ledger table={input.table_ledger:q} --ledger inheritance={input.inheritance_ledger:q} \
            {params.alignments:q} --reference {input.reference:q} --provenance {output.provenance:q} \
            --chromosomes {input.chromosomes:q} --second-hit {input.second_hit:q} --qc {input.qc:q} --coverage {input.coverage:q} \
            --calls {input.calls:q} --gene-models {input.gene_models:q} {params.given:q} {params.sources:q} \
            --html {output.html:q} --tsv {output.tsv:q} --json {output.json:q} \
            --vcf {output.vcf:q} --whynot {output.whynot:q} --phenopacket {output.phenopacket:q} \
            --fhir {output.fhir:q} --identities {output.identities:q}
        """
