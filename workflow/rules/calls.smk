# calls: small variants of a family, joint, normalised, one alternate allele a record.
#
# reads   CRAM; VCF, BCF and gVCF as given
# writes  <results>/<case>/calls/calls.vcf.gz with .tbi: FORMAT GT:AD:DP:GQ(:PS), samples in family order
#         <results>/<case>/calls/structural.vcf.gz with .tbi: structural changes (callers/structural.smk, docs/structural.md)
#         <results>/<case>/calls/chromosomes.json, special.vcf.gz: SMN1, repeats, numbers of chromosomes, both copies from one parent
#
# The caller is the config's calls.caller. bcftools and freebayes are Debian's and run in every test; DeepVariant with GLnexus
# and GATK (callers/) need apptainer or conda and are not exercised in CI. The mitochondrion is always called by level
# (docs/mitochondrion.md), since heteroplasmy is no genotype. Whatever the caller, its records pass `neotriage calls harmonise`,
# so that later stages know one form. A person without a call at a site is missing there, never reference; only a gVCF's blocks
# say reference.


rule calls_bcftools:
    """One chunk by bcftools, all persons together, its contigs side by side."""
    input:
        crams=lambda wildcards: samples_of_case(wildcards, "<results>/{case}/reads/{sample}.cram"),
        reference="<results>/resources/reference.fa",
        regions="<results>/resources/regions/{chunk}.bed",
        case="<results>/{case}/inputs/case.json",
        ploidy="<results>/{case}/inputs/ploidy.txt",
        sexes="<results>/{case}/inputs/sexes.txt",
    output:
        bcf=temp("<results>/{case}/calls/bcftools/{chunk}.bcf"),
        parts=temp(directory("<results>/{case}/calls/bcftools/{chunk}")),
    log:
        "<results>/{case}/logs/calls/bcftools.{chunk}.log",
    benchmark:
        "<results>/{case}/benchmarks/calls/bcftools.{chunk}.tsv"
    conda:
        "../envs/variants.yaml"
    threads: SIDE_BY_SIDE
    resources:
        mem_mb=1500 * SIDE_BY_SIDE,
        runtime=480,
    params:
        build=RUN.build_source,
        by_contig=BY_CONTIG,
    shell:
        """
        exec 2>{log:q}
        pile() {{ bcftools mpileup --no-version -f {input.reference:q} -R "$1" -q 20 -Q 20 -d 1000 -a AD,DP,SP,ADF,ADR -Ou {input.crams:q}; }}
        call() {{ pile "$1" | bcftools call --no-version -mv -a GQ --ploidy-file {input.ploidy:q} -S {input.sexes:q} -Ob -o "$1.bcf"; }}
        export -f pile call
        mkdir -p {output.parts:q}
        awk -v folder={output.parts:q} {params.by_contig:q} {input.regions:q}
        printf '%s\\0' {output.parts:q}/*.bed | xargs -0 -n 1 -P {threads} bash -euo pipefail -c 'call "$1"' bash
        bcftools concat --no-version -Ov {output.parts:q}/*.bcf \
            | neotriage calls harmonise --case {input.case:q} --build {params.build:q} --fai {input.reference:q}.fai \
            | bcftools norm --no-version -f {input.reference:q} -m -any -Ob -o {output.bcf:q}
        """


rule calls_freebayes:
    """One chunk by freebayes, all persons together, its contigs side by side; compound changes taken apart, QUAL 20 and more."""
    input:
        crams=lambda wildcards: samples_of_case(wildcards, "<results>/{case}/reads/{sample}.cram"),
        reference="<results>/resources/reference.fa",
        regions="<results>/resources/regions/{chunk}.bed",
        case="<results>/{case}/inputs/case.json",
        copy_numbers="<results>/{case}/inputs/copy_numbers.bed",
    output:
        bcf=temp("<results>/{case}/calls/freebayes/{chunk}.bcf"),
        parts=temp(directory("<results>/{case}/calls/freebayes/{chunk}")),
    log:
        "<results>/{case}/logs/calls/freebayes.{chunk}.log",
    benchmark:
        "<results>/{case}/benchmarks/calls/freebayes.{chunk}.tsv"
    conda:
        "../envs/variants.yaml"
    threads: SIDE_BY_SIDE
    resources:
        mem_mb=4000 * SIDE_BY_SIDE,
        runtime=960,
    params:
        build=RUN.build_source,
        bams=lambda wildcards, input: cram_options(input.crams),
        by_contig=BY_CONTIG,
        quality="--genotype-qualities --strict-vcf --min-mapping-quality 20 --min-base-quality 20",
    shell:
        """
        exec 2>{log:q}
        bayes() {{ freebayes -f {input.reference:q} -t "$1" --cnv-map {input.copy_numbers:q} {params.quality} {params.bams:q}; }}
        call() {{ bayes "$1" | bcftools view --no-version -Ob -o "$1.bcf"; }}
        export -f bayes call
        mkdir -p {output.parts:q}
        awk -v folder={output.parts:q} {params.by_contig:q} {input.regions:q}
        printf '%s\\0' {output.parts:q}/*.bed | xargs -0 -n 1 -P {threads} bash -euo pipefail -c 'call "$1"' bash
        bcftools concat --no-version -Ov {output.parts:q}/*.bcf \
            | neotriage calls harmonise --case {input.case:q} --build {params.build:q} --fai {input.reference:q}.fai \
            | bcftools norm --no-version -f {input.reference:q} -m -any -a -Ou \
            | bcftools view --no-version -i 'QUAL>=20' -Ob -o {output.bcf:q}
        """


rule calls_turn:
    """The mitochondrion turned by half, with its index: what spans its origin lies in the middle there."""
    input:
        reference="<results>/resources/reference.fa",
    output:
        fasta="<results>/resources/mitochondrion/turned.fa",
        fai="<results>/resources/mitochondrion/turned.fa.fai",
        index=multiext("<results>/resources/mitochondrion/turned.fa", *(f".{ending}" for ending in ALIGNER_INDEX)),
    log:
        "<results>/resources/logs/turn.log",
    benchmark:
        "<results>/resources/benchmarks/turn.tsv"
    conda:
        "../envs/alignment.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        build=RUN.build_source,
        aligner=RUN.aligner,
    shell:
        """
        exec 2>{log:q}
        neotriage calls turn --build {params.build:q} --reference {input.reference:q} --output {output.fasta:q}
        samtools faidx {output.fasta:q}
        {params.aligner} index {output.fasta:q}
        """


rule calls_mitochondrion:
    """The mitochondrion by level, 0.5 to 100 % of reads, with large deletions; reads within 2,000 bp of its origin are aligned
    anew, to the mitochondrion turned by half."""
    input:
        crams=lambda wildcards: samples_of_case(wildcards, "<results>/{case}/reads/{sample}.cram"),
        reference="<results>/resources/reference.fa",
        turned="<results>/resources/mitochondrion/turned.fa",
        index=f"<results>/resources/mitochondrion/turned.fa.{ALIGNER_INDEX[0]}",
        regions="<results>/resources/regions/mitochondrion.bed",
        case="<results>/{case}/inputs/case.json",
    output:
        bcf=temp("<results>/{case}/calls/mitochondrion.bcf"),
        origin=temp(directory("<results>/{case}/calls/origin")),
    log:
        "<results>/{case}/logs/calls/mitochondrion.log",
    benchmark:
        "<results>/{case}/benchmarks/calls/mitochondrion.tsv"
    conda:
        "../envs/alignment.yaml"
    resources:
        mem_mb=4000,
        runtime=240,
    params:
        aligner=RUN.aligner,
        near=near_the_origin(),
        samples=lambda wildcards: case_inputs(wildcards).samples_with_reads,
        build=RUN.build_source,
        alignments=alignment_options,
        turned=lambda wildcards, output: of_each_sample(
            wildcards, "--turned", [f"{output.origin}/{sample}.bam" for sample in case_inputs(wildcards).samples_with_reads]
        ),
    shell:
        """
        exec 2>{log:q}
        mkdir -p {output.origin:q}
        crams=({input.crams:q})
        for sample in {params.samples:q}; do
            bam={output.origin:q}/"$sample".bam
            samtools view -u -F 0xF00 -T {input.reference:q} "${{crams[0]}}" {params.near:q} \
                | samtools collate --no-PG -u -O - "$bam".collate \
                | samtools fastq -n - \
                | {params.aligner} mem -K 10000000 -Y -p -R "@RG\\tID:$sample\\tSM:$sample" {input.turned:q} - \
                | samtools sort --no-PG -T "$bam".sort -o "$bam" -
            samtools index "$bam"
            crams=("${{crams[@]:1}}")
        done
        neotriage calls mitochondrion --case {input.case:q} --build {params.build:q} --reference {input.reference:q} \
            --turned-reference {input.turned:q} {params.alignments:q} {params.turned:q} --regions {input.regions:q} \
            | neotriage calls harmonise --case {input.case:q} --build {params.build:q} --fai {input.reference:q}.fai \
            | bcftools norm --no-version -f {input.reference:q} -m -any -Ob -o {output.bcf:q}
        """


if RUN.structural_callers:

    include: "callers/structural.smk"


if RUN.caller in {"deepvariant", "gatk"}:

    include: f"callers/{RUN.caller}.smk"


rule calls_gather:
    """The chunks in one file, where given calls are to be joined to them."""
    input:
        pieces=pieces_from_reads,
    output:
        bcf=temp("<results>/{case}/calls/from_reads.bcf"),
        csi=temp("<results>/{case}/calls/from_reads.bcf.csi"),
    log:
        "<results>/{case}/logs/calls/gather.log",
    benchmark:
        "<results>/{case}/benchmarks/calls/gather.tsv"
    conda:
        "../envs/variants.yaml"
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        scratch=lambda wildcards, output: f"{output.bcf}.sort",
    shell:
        """
        exec 2>{log:q}
        bcftools concat --no-version -Ou {input.pieces:q} \
            | bcftools sort -T {params.scratch:q} -Ob -o {output.bcf:q}
        bcftools index {output.bcf:q}
        """


rule calls_check:
    """A given file of calls: whole, of the build, with those persons."""
    input:
        file=lambda wildcards: str(given_call(wildcards)[0]),
    output:
        facts="<results>/{case}/calls/checks/{number}.tsv",
    log:
        "<results>/{case}/logs/calls/check.{number}.log",
    benchmark:
        "<results>/{case}/benchmarks/calls/check.{number}.tsv"
    conda:
        "../envs/htslib.yaml"
    resources:
        mem_mb=500,
        runtime=60,
    params:
        build=RUN.build_source,
        samples=lambda wildcards: [word for name, _ in given_call(wildcards)[2] for word in ("--sample", name)],
        gvcf=lambda wildcards: "--gvcf" if given_call(wildcards)[1] is FileKind.GVCF else "",
    shell:
        """
        neotriage calls check --file {input.file:q} --build {params.build:q} {params.samples:q} {params.gvcf} \
            --output {output.facts:q} 2>{log:q}
        """


rule calls_take_over:
    """The family's persons of a given file, in the one form, normalised; a gVCF keeps its blocks for the joining."""
    input:
        file=lambda wildcards: str(given_call(wildcards)[0]),
        facts="<results>/{case}/calls/checks/{number}.tsv",
        reference="<results>/resources/reference.fa",
        case="<results>/{case}/inputs/case.json",
    output:
        bcf=temp("<results>/{case}/calls/given/{number}.bcf"),
        csi=temp("<results>/{case}/calls/given/{number}.bcf.csi"),
    log:
        "<results>/{case}/logs/calls/take_over.{number}.log",
    benchmark:
        "<results>/{case}/benchmarks/calls/take_over.{number}.tsv"
    conda:
        "../envs/variants.yaml"
    resources:
        mem_mb=2000,
        runtime=120,
    params:
        build=RUN.build_source,
        names=lambda wildcards: ",".join(name for name, _ in given_call(wildcards)[2]),
        rename=lambda wildcards: [word for pair in given_call(wildcards)[2] for word in ("--rename", "=".join(pair))],
        scratch=lambda wildcards, output: f"{output.bcf}.sort",
    shell:
        """
        exec 2>{log:q}
        bcftools view --no-version --no-update -s {params.names:q} -Ov {input.file:q} \
            | neotriage calls harmonise --case {input.case:q} --build {params.build:q} --fai {input.reference:q}.fai {params.rename:q} \
            | bcftools norm --no-version -f {input.reference:q} -m -any -Ou \
            | bcftools view --no-version -e '(ALT="<NON_REF>" || ALT="<*>") && INFO/END="."' -Ou \
            | bcftools sort -T {params.scratch:q} -Ob -o {output.bcf:q}
        bcftools index {output.bcf:q}
        """


rule calls:
    """The family's calls: sets joined, blocks and repeats gone, samples in family order."""
    input:
        sets=call_sets,
        indexes=lambda wildcards: [f"{path}.csi" for path in call_sets(wildcards) if given_calls(wildcards.case)],
        reference="<results>/resources/reference.fa",
    output:
        vcf="<results>/{case}/calls/calls.vcf.gz",
        tbi="<results>/{case}/calls/calls.vcf.gz.tbi",
    log:
        "<results>/{case}/logs/calls/calls.log",
    benchmark:
        "<results>/{case}/benchmarks/calls/calls.tsv"
    conda:
        "../envs/variants.yaml"
    resources:
        mem_mb=2000,
        runtime=120,
    params:
        join=join_command,
        samples=lambda wildcards: ",".join(case_inputs(wildcards).case.family.samples),
        scratch=lambda wildcards, output: f"{output.vcf}.sort",
    shell:
        """
        exec 2>{log:q}
        bcftools {params.join} --no-version -Ou {input.sets:q} \
            | bcftools view --no-version --no-update -s {params.samples:q} -Ou \
            | bcftools norm --no-version -f {input.reference:q} -m -any -Ou \
            | bcftools view --no-version --no-update -e 'ALT="." || ALT="<NON_REF>" || ALT="<*>"' -Ou \
            | bcftools annotate --no-version -x INFO -Ou \
            | bcftools sort -T {params.scratch:q} -Ou \
            | bcftools norm --no-version -d exact -Oz -o {output.vcf:q}
        bcftools index -t {output.vcf:q}
        """


if RUN.expansion_hunter:

    include: "callers/expansion_hunter.smk"


rule calls_special:
    """SMN1, repeats, numbers of chromosomes, uniparental disomy and homozygosity: one job a family."""
    input:
        case="<results>/{case}/qc/case.json",
        vcf="<results>/{case}/calls/calls.vcf.gz",
        crams=lambda wildcards: samples_of_case(wildcards, "<results>/{case}/reads/{sample}.cram"),
        reference="<results>/resources/reference.fa",
        gene_models=str(RUN.gene_models),
        store=FREQUENCY_STORE,
        expansions=expansion_hunter_calls,
    output:
        json="<results>/{case}/calls/chromosomes.json",
        vcf="<results>/{case}/calls/special.vcf.gz",
        tbi="<results>/{case}/calls/special.vcf.gz.tbi",
        roh="<results>/{case}/calls/roh.txt",
        scratch=temp(directory("<results>/{case}/calls/special")),
    log:
        "<results>/{case}/logs/calls/special.log",
    benchmark:
        "<results>/{case}/benchmarks/calls/special.tsv"
    conda:
        "../envs/variants.yaml"
    threads: 2
    resources:
        mem_mb=4000,
        runtime=120,
    params:
        build=RUN.build_source,
        baby=lambda wildcards: case_inputs(wildcards).case.family.proband.sample,
        store=lambda wildcards, input: "".join(input.store),
        alignments=alignment_options,
        expansions=expansion_hunter_options,
        frequencies=["--has-frequencies"] if FREQUENCY_STORE else [],
    shell:
        """
        exec 2>{log:q}
        mkdir -p {output.scratch:q}
        known=(--AF-dflt 0.4)
        if [ -n {params.store:q} ]; then
            neotriage calls frequencies --case {input.case:q} --build {params.build:q} --calls {input.vcf:q} --store {params.store:q} \
                | bgzip >{output.scratch:q}/frequencies.tsv.gz
            tabix -s 1 -b 2 -e 2 {output.scratch:q}/frequencies.tsv.gz
            known=(--AF-file {output.scratch:q}/frequencies.tsv.gz)
        fi
        bcftools roh -G 30 "${{known[@]}}" -s {params.baby:q} -O r {input.vcf:q} | awk '!/^#/' >{output.roh:q}
        neotriage calls special --case {input.case:q} --build {params.build:q} --gene-models {input.gene_models:q} \
            --reference {input.reference:q} --calls {input.vcf:q} --roh {output.roh:q} {params.alignments:q} {params.expansions:q} \
            {params.frequencies:q} --threads {threads} --json {output.json:q} --vcf {output.scratch:q}/special.vcf
        bcftools view --no-version -Oz -o {output.vcf:q} {output.scratch:q}/special.vcf
        bcftools index -t {output.vcf:q}
        """


rule calls_second_hit:
    """A second look in the recessive genes that the ranking found one strong change in."""
    input:
        case="<results>/{case}/qc/case.json",
        vcf="<results>/{case}/calls/calls.vcf.gz",
        variants="<results>/{case}/table/variants.parquet",
        candidates="<results>/{case}/rank/candidates.parquet",
        crams=lambda wildcards: samples_of_case(wildcards, "<results>/{case}/reads/{sample}.cram"),
        reference="<results>/resources/reference.fa",
        gene_models=str(RUN.gene_models),
        store=FREQUENCY_STORE,
    output:
        json="<results>/{case}/calls/second_hit.json",
    log:
        "<results>/{case}/logs/calls/second_hit.log",
    benchmark:
        "<results>/{case}/benchmarks/calls/second_hit.tsv"
    conda:
        "../envs/htslib.yaml"
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        build=RUN.build_source,
        given=lambda wildcards, input: options(input, "store"),
        alignments=alignment_options,
    shell:
        """
        neotriage calls second-hit --case {input.case:q} --build {params.build:q} --gene-models {input.gene_models:q} \
            --reference {input.reference:q} --calls {input.vcf:q} --variants {input.variants:q} --candidates {input.candidates:q} \
            {params.given:q} {params.alignments:q} --output {output.json:q} 2>{log:q}
        """
