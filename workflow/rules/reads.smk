# reads: every person's reads as one sorted CRAM with duplicates marked.
#
# reads   FASTQ pairs (one per lane), BAM, CRAM
# writes  <results>/<case>/reads/<sample>.cram and .crai; fastp/<sample>/<read group>.json
#
# All CRAMs carry the reference's own dictionary. Same input, same bytes, whatever the number of threads: bwa takes reads in
# batches of fixed size (-K), fastp has one worker (two write reads in the order that each is done), no @PG line holds a command
# with its threads, and CRAM is packed by one thread (htslib tries its codecs block by block, and threads would change which
# wins) from a pipe, its header freed of the reference's path (UR), so that the folder does not matter either.


rule reads_align:
    """One lane, once its files are seen to be whole, mates of each other and the right way round: trimmed and aligned, in the order
    of the FASTQ, under the sheet's codes (tools write down the names they are given)."""
    input:
        fastq_1=lambda wildcards: str(read_group(wildcards).fastq_1),
        fastq_2=lambda wildcards: str(read_group(wildcards).fastq_2),
        reference="<results>/resources/reference.fa",
        index=f"<results>/resources/reference.fa.{ALIGNER_INDEX[0]}",
    output:
        bam=temp("<results>/{case}/reads/lanes/{sample}/{read_group}.bam"),
        fastp="<results>/{case}/reads/fastp/{sample}/{read_group}.json",
    log:
        "<results>/{case}/logs/reads/{sample}/{read_group}.align.log",
    benchmark:
        "<results>/{case}/benchmarks/reads/{sample}/{read_group}.align.tsv"
    conda:
        "../envs/alignment.yaml"
    threads: 8
    resources:
        mem_mb=4000 + 4 * REFERENCE_MB,
        runtime=720,
    params:
        aligner=RUN.aligner,
        trimming=trimming(),
        read_group=read_group_line,
        mates=named_mates,
    shell:
        """
        exec 2>{log:q}
        neotriage reads check-fastq --fastq-1 {input.fastq_1:q} --fastq-2 {input.fastq_2:q} >&2
        set -- {params.mates:q}
        mkdir -p "$(dirname "$1")"
        ln -sf "$(realpath {input.fastq_1:q})" "$1"
        ln -sf "$(realpath {input.fastq_2:q})" "$2"
        fastp --in1 "$1" --in2 "$2" --stdout --thread 1 {params.trimming} \
            --json {output.fastp:q} --html /dev/null \
            | {params.aligner} mem -K 10000000 -Y -p -t {threads} -R {params.read_group:q} {input.reference:q} - \
            | samtools view --no-PG -1 -o {output.bam:q} -
        rm -r "$(dirname "$1")"
        """


rule reads_realign:
    """A BAM or CRAM turned back into pairs and aligned as a lane is (reads.realign: true)."""
    input:
        file=lambda wildcards: str(given_alignment(wildcards).path),
        header="<results>/{case}/reads/checks/{sample}/{number}.header.sam",
        reference="<results>/resources/reference.fa",
        index=f"<results>/resources/reference.fa.{ALIGNER_INDEX[0]}",
    output:
        bam=temp("<results>/{case}/reads/realigned/{sample}/{number}.bam"),
    log:
        "<results>/{case}/logs/reads/{sample}/{number}.realign.log",
    benchmark:
        "<results>/{case}/benchmarks/reads/{sample}/{number}.realign.tsv"
    conda:
        "../envs/alignment.yaml"
    threads: 8
    resources:
        mem_mb=8000 + 4 * REFERENCE_MB,
        runtime=1440,
    params:
        aligner=RUN.aligner,
        read_group=read_group_line,
        scratch=lambda wildcards, output: f"{output.bam}.collate",
    shell:
        """
        exec 2>{log:q}
        samtools collate --no-PG --reference {input.reference:q} -u -O {input.file:q} {params.scratch:q} \
            | samtools fastq -n -s /dev/null -0 /dev/null - \
            | {params.aligner} mem -K 10000000 -Y -p -t {threads} -R {params.read_group:q} {input.reference:q} - \
            | samtools view --no-PG -1 -o {output.bam:q} -
        """


rule reads_cram_from_lanes:
    """A sample's lanes in one CRAM, duplicates marked over all of them."""
    input:
        bams=aligned_parts,
        reference="<results>/resources/reference.fa",
        dictionary="<results>/resources/reference.dict",
    output:
        cram="<results>/{case}/reads/{sample}.cram",
        crai="<results>/{case}/reads/{sample}.cram.crai",
        scratch=temp(directory("<results>/{case}/reads/{sample}.sort")),
    log:
        "<results>/{case}/logs/reads/{sample}.cram.log",
    benchmark:
        "<results>/{case}/benchmarks/reads/{sample}.cram.tsv"
    wildcard_constraints:
        sample=any_of(FROM_FASTQ),
    conda:
        "../envs/alignment.yaml"
    threads: 4
    resources:
        mem_mb=6000,
        runtime=480,
    params:
        read_groups=read_group_lines,
    shell:
        """
        exec 2>{log:q}
        mkdir -p {output.scratch:q}
        {{ cat {input.dictionary:q}; printf '%s\\n' {params.read_groups:q}; }} >{output.scratch:q}/header.sam
        samtools cat --no-PG -h {output.scratch:q}/header.sam {input.bams:q} \
            | samtools view -h --no-PG - \
            | samblaster -M --addMateTags \
            | samtools sort --no-PG -u -@ {threads} -m 768M -T {output.scratch:q}/part - \
            | samtools view --no-PG -C -T {input.reference:q} - >{output.scratch:q}/with_path.cram
        samtools view --no-PG -H {output.scratch:q}/with_path.cram | sed 's/\\tUR:[^\\t]*//' >{output.scratch:q}/final.sam
        samtools reheader -P {output.scratch:q}/final.sam {output.scratch:q}/with_path.cram >{output.cram:q}
        samtools index {output.cram:q} {output.crai:q}
        """


rule reads_check_alignment:
    """Whole, sorted, of the build, of that person; and the header that the file gets here."""
    input:
        file=lambda wildcards: str(given_alignment(wildcards).path),
        dictionary="<results>/resources/reference.dict",
    output:
        header="<results>/{case}/reads/checks/{sample}/{number}.header.sam",
    log:
        "<results>/{case}/logs/reads/{sample}/{number}.check.log",
    benchmark:
        "<results>/{case}/benchmarks/reads/{sample}/{number}.check.tsv"
    conda:
        "../envs/htslib.yaml"
    resources:
        mem_mb=500,
        runtime=240,
    params:
        name_in_file=lambda wildcards: given_alignment(wildcards).name_in_file,
        build=RUN.build_source,
        realign="--realign" if RUN.realign else "",
    shell:
        """
        neotriage reads check-alignment --file {input.file:q} --name-in-file {params.name_in_file:q} \
            --sample {wildcards.sample:q} --build {params.build:q} --dictionary {input.dictionary:q} \
            --header {output.header:q} {params.realign} 2>{log:q}
        """


rule reads_take_over:
    """A given BAM or CRAM under the run's header: as it is where its contigs are the reference's, else contig by contig name."""
    input:
        file=lambda wildcards: str(given_alignment(wildcards).path),
        header="<results>/{case}/reads/checks/{sample}/{number}.header.sam",
        reference="<results>/resources/reference.fa",
    output:
        bam=temp("<results>/{case}/reads/given/{sample}/{number}.bam"),
        scratch=temp(directory("<results>/{case}/reads/given/{sample}/{number}.sort")),
    log:
        "<results>/{case}/logs/reads/{sample}/{number}.take_over.log",
    benchmark:
        "<results>/{case}/benchmarks/reads/{sample}/{number}.take_over.tsv"
    conda:
        "../envs/alignment.yaml"
    threads: 4
    resources:
        mem_mb=4000,
        runtime=480,
    shell:
        """
        exec 2>{log:q}
        mkdir -p {output.scratch:q}
        contigs() {{ grep '^@SQ' | tr '\\t' '\\n' | grep -E '^(SN|LN):'; }}
        if cmp -s <(samtools view -H {input.file:q} | contigs) <(contigs <{input.header:q}); then
            samtools view --no-PG -u -T {input.reference:q} -@ {threads} {input.file:q} \
                | samtools reheader -P {input.header:q} - >{output.bam:q}
        else
            {{ cat {input.header:q}; samtools view -T {input.reference:q} {input.file:q}; }} \
                | samtools sort --no-PG -l 1 -@ {threads} -m 512M -T {output.scratch:q}/part -o {output.bam:q} -
        fi
        """


rule reads_cram_from_alignments:
    """A sample's given files in one CRAM; duplicates as they were marked."""
    input:
        bams=given_parts,
        reference="<results>/resources/reference.fa",
    output:
        cram="<results>/{case}/reads/{sample}.cram",
        crai="<results>/{case}/reads/{sample}.cram.crai",
        scratch=temp(directory("<results>/{case}/reads/{sample}.sort")),
    log:
        "<results>/{case}/logs/reads/{sample}.cram.log",
    benchmark:
        "<results>/{case}/benchmarks/reads/{sample}.cram.tsv"
    wildcard_constraints:
        sample=any_of(FROM_ALIGNMENTS),
    conda:
        "../envs/alignment.yaml"
    threads: 2
    resources:
        mem_mb=2000,
        runtime=480,
    shell:
        """
        exec 2>{log:q}
        mkdir -p {output.scratch:q}
        samtools merge --no-PG -s 1 -u -o - {input.bams:q} \
            | samtools view --no-PG -C -T {input.reference:q} - >{output.scratch:q}/with_path.cram
        samtools view --no-PG -H {output.scratch:q}/with_path.cram | sed 's/\\tUR:[^\\t]*//' >{output.scratch:q}/final.sam
        samtools reheader -P {output.scratch:q}/final.sam {output.scratch:q}/with_path.cram >{output.cram:q}
        samtools index {output.cram:q} {output.crai:q}
        """
