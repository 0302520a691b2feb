"""ClinVar's alleles in a folder of memory-mapped arrays, so that a run need not read ClinVar's VCF.

One folder a contig, and `manifest.json` with format version, build, the VCF's checksum, and each array's size and checksum.

    position.npy        int32 (alleles,), 0-based, ascending
    end.npy             int64 (alleles, 2): end of reference and of alternate in text.npy, where the next one starts
    text.npy            uint8: the alleles as written, one after the other
    significance.npy    int8 (alleles,), place in the manifest's words
    stars.npy           int8 (alleles,), 0 to 4
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np

from neotriage.checksum import file_sha256
from neotriage.clinvar import Alleles, Clinvar, ClinvarContig, read_clinvar
from neotriage.errors import BuildError, ResourceError
from neotriage.genome import Build
from neotriage.schema import ClinvarSignificance
from neotriage.store.reading import FORMAT, MANIFEST, VERSION, read_manifest
from neotriage.store.sites import check_files, mapped, write_arrays

__all__ = ["build_clinvar", "open_clinvar"]

_KIND = "clinvar"


def build_clinvar(vcf: Path, build: Build, folder: Path, threads: int = 1) -> dict[str, Any]:
    """Write ClinVar's alleles and return the manifest. The folder appears when it is whole; same VCF, same bytes.

    Raises:
        FormatError, BuildError: as `clinvar.read_clinvar`.
    """
    known = read_clinvar(vcf, build, threads)
    partial = folder.with_name(folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    contigs = {name: _write_contig(partial / name, contig) for name, contig in sorted(known.contigs.items())}
    manifest = {
        "format": FORMAT,
        "version": VERSION,
        "kind": _KIND,
        "build": build.name,
        "words": [word.value for word in ClinvarSignificance],
        "source": {"file": vcf.name, "sha256": file_sha256(vcf), "records": known.records, "skipped": known.skipped},
        "contigs": contigs,
    }
    (partial / MANIFEST).write_text(json.dumps(manifest, indent=1, sort_keys=True) + "\n")
    shutil.rmtree(folder, ignore_errors=True)
    os.replace(partial, folder)
    return manifest


def open_clinvar(path: Path, build: Build, threads: int = 1) -> Clinvar:
    """ClinVar from its VCF, or from the folder that `build_clinvar` made of it; the same answers.

    Raises:
        FormatError, BuildError: as `clinvar.read_clinvar`.
        ResourceError: not such a folder, of another version, or damaged.
    """
    if not path.is_dir():
        return read_clinvar(path, build, threads)
    manifest = read_manifest(path, _KIND)
    if manifest["words"] != [word.value for word in ClinvarSignificance]:
        raise ResourceError("made by another version", file=path, fix="run `neotriage store clinvar` again")
    if manifest["build"] != build.name:
        raise BuildError(f"is of build {manifest['build']}", file=path, fix=f"give ClinVar of {build.name}")
    contigs = {name: _read_contig(path / name, part) for name, part in manifest["contigs"].items()}
    return Clinvar(str(path), contigs, manifest["source"]["records"], manifest["source"]["skipped"])


def _write_contig(folder: Path, contig: ClinvarContig) -> dict[str, Any]:
    both = np.stack([contig.refs.lengths, contig.alts.lengths], axis=1).astype(np.int64)
    ends = np.cumsum(both).reshape(-1, 2)
    starts = np.stack([contig.refs.starts, contig.alts.starts], axis=1)
    places = np.repeat((starts - (ends - both)).ravel(), both.ravel()) + np.arange(both.sum())
    arrays: dict[str, np.ndarray] = {
        "position.npy": contig.positions,
        "end.npy": ends,
        "text.npy": np.frombuffer(bytes(contig.refs.text), np.uint8)[places],
        "significance.npy": contig.codes,
        "stars.npy": contig.stars,
    }
    return {"records": len(contig.positions), "files": write_arrays(folder, arrays)}


def _read_contig(folder: Path, part: dict[str, Any]) -> ClinvarContig:
    check_files(folder, part, by_content=False)
    ends, text = mapped(folder / "end.npy"), mapped(folder / "text.npy")
    starts = np.append(0, ends[:-1, 1])
    return ClinvarContig(
        mapped(folder / "position.npy"),
        Alleles(text, starts, ends[:, 0]),
        Alleles(text, ends[:, 0], ends[:, 1]),
        mapped(folder / "significance.npy"),
        mapped(folder / "stars.npy"),
    )
