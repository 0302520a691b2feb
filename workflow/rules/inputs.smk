# inputs: the family and its clinical question as every later stage reads them.
#
# reads   the config, the samplesheet, the case file (or phenopacket) and its panels
# writes  <results>/<case>/inputs/case.json; ploidy.txt, sexes.txt, copy_numbers.bed as callers take them


rule inputs:
    """One family's case, and the copies of each place in each person, by sex and pseudoautosomal region."""
    input:
        sources=lambda wildcards: [str(path) for path in case_inputs(wildcards).sources],
    output:
        case="<results>/{case}/inputs/case.json",
        ploidy="<results>/{case}/inputs/ploidy.txt",
        sexes="<results>/{case}/inputs/sexes.txt",
        copy_numbers="<results>/{case}/inputs/copy_numbers.bed",
    log:
        "<results>/{case}/logs/inputs/inputs.log",
    benchmark:
        "<results>/{case}/benchmarks/inputs/inputs.tsv"
    conda:
        "../envs/htslib.yaml"
    resources:
        mem_mb=500,
        runtime=10,
    params:
        config=json.dumps(config, sort_keys=True),
        build=RUN.build_source,
        samples=lambda wildcards: [word for s in case_inputs(wildcards).samples_with_reads for word in ("--sample", s)],
    shell:
        """
        exec 2>{log:q}
        neotriage inputs --config-json {params.config:q} --case {wildcards.case:q} --output {output.case:q}
        neotriage calls ploidy --case {output.case:q} --build {params.build:q} {params.samples:q} --table {output.ploidy:q} \
            --sexes {output.sexes:q} --copy-numbers {output.copy_numbers:q}
        """
