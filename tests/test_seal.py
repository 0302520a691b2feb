"""Seals: what was changed, added, removed or signed by another is found; coreutils and OpenSSH agree."""

import shutil
import subprocess
from pathlib import Path

import pytest

from neotriage.cli import main
from neotriage.errors import FormatError, InputError, ResourceError
from neotriage.seal import check_signature, check_sums, sign, write_sums

needs_ssh = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="OpenSSH is not here")


@pytest.fixture
def family(tmp_path: Path) -> Path:
    folder = tmp_path / "results" / "a family"
    for path in ("report/F.html", "rank/candidates.parquet", "logs/rank/rank.log", "benchmarks/x.tsv", "reads/F.cram"):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(path)
    return folder


@pytest.fixture
def key(tmp_path: Path) -> Path:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "lab", "-f", str(tmp_path / "key")], check=True)
    (tmp_path / "signers").write_text(f"lab@hospital {(tmp_path / 'key.pub').read_text()}")
    return tmp_path / "key"


def test_sums__as_coreutils_checks_them(family: Path) -> None:
    assert write_sums(family) == 2
    done = subprocess.run(
        ["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=family, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == ["rank/candidates.parquet: OK", "report/F.html: OK"]
    assert check_sums(family) == (2, [])
    assert write_sums(family, with_reads=True) == 3


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda folder: (folder / "report/F.html").write_text("other"), r"1 of 2 .* report/F\.html has changed"),
        (lambda folder: (folder / "report/F.html").unlink(), r"1 of 2 .* report/F\.html is missing"),
    ],
)
def test_check__changed_or_missing(family: Path, damage, said: str) -> None:
    write_sums(family)
    damage(family)
    with pytest.raises(ResourceError, match=said):
        check_sums(family)


def test_check__added_file_is_said(family: Path) -> None:
    write_sums(family)
    (family / "report" / "new.html").write_text("new")
    assert check_sums(family) == (2, ["report/new.html"])


@pytest.mark.parametrize("path", ["/etc/passwd", "../../secret", "report/../../x"])
def test_check__path_outside_is_not_read(family: Path, path: str) -> None:
    (family / "SHA256SUMS").write_text(f"{'0' * 64}  {path}\n")
    with pytest.raises(FormatError, match="line 1: not a line of SHA256SUMS for this folder"):
        check_sums(family)


def test_write__link_out_of_the_folder(family: Path, tmp_path: Path) -> None:
    (family / "report" / "link").symlink_to(tmp_path)
    with pytest.raises(InputError, match="report/link is a link"):
        write_sums(family)


@needs_ssh
def test_signature__by_a_signer(family: Path, key: Path, tmp_path: Path) -> None:
    write_sums(family)
    sign(family, key)
    sign(family, key)  # again, without a question
    assert check_signature(family, tmp_path / "signers") == "lab@hospital"


@needs_ssh
def test_signature__changed_sums_or_another_signer(family: Path, key: Path, tmp_path: Path) -> None:
    write_sums(family)
    with pytest.raises(ResourceError, match="is not signed"):
        check_signature(family, tmp_path / "signers")
    sign(family, key)
    (family / "report" / "F.html").write_text("forged")
    write_sums(family)  # by one who can write, and has no key
    with pytest.raises(ResourceError, match="the signature is not of this SHA256SUMS"):
        check_signature(family, tmp_path / "signers")
    (tmp_path / "signers").write_text("")
    with pytest.raises(ResourceError, match="is signed by nobody of signers"):
        check_signature(family, tmp_path / "signers")


@needs_ssh
def test_command__write_and_check(family: Path, key: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (
        ["write", str(family), "--key", str(key)],
        ["check", str(family), "--signers", str(tmp_path / "signers")],
    ):
        with pytest.raises(SystemExit) as stopped:
            main(["seal", *arguments])
        assert not stopped.value.code
    assert capsys.readouterr().out.splitlines() == [
        f"{family}\t2 files, signed",
        f"{family}\t2 files as sealed, signed by lab@hospital",
    ]
    (family / "rank" / "candidates.parquet").write_text("other")
    with pytest.raises(SystemExit) as stopped:
        main(["seal", "check", str(family)])
    assert stopped.value.code == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
