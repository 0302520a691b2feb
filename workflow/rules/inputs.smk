# inputs: the family and its clinical question as every later stage reads them.
#
# reads   the config, the samplesheet, the case file (or phenopacket) and its panels
# writes  <results>/<case>/inputs/case.json


rule inputs:
    """One family's case."""
    input:
        sources=lambda wildcards: [str(path) for path in case_inputs(wildcards).sources],
    output:
        case="<results>/{case}/inputs/case.json",
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
    shell:
        "neotriage inputs --config-json {params.config:q} --case {wildcards.case:q} --output {output.case:q} 2> {log:q}"
