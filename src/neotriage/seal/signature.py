"""The signature over SHA256SUMS, by OpenSSH (`ssh-keygen -Y`), which takes the keys that people have already.

`ssh-keygen -t ed25519 -f lab_key` makes one; the file of signers is `IDENTITY KEYTYPE PUBLICKEY` a line (ALLOWED SIGNERS in
ssh-keygen(1)).
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from neotriage.errors import InputError, MachineError, ResourceError
from neotriage.seal.sums import SUMS

__all__ = ["SIGNATURE", "check_signature", "sign"]

SIGNATURE = f"{SUMS}.sig"
_NAMESPACE = "neotriage"


def sign(folder: Path, key: Path) -> None:
    """Sign the folder's SHA256SUMS with a private key (or a public one whose private part an agent holds).

    Raises:
        InputError: no such key, or it does not sign.
        MachineError: OpenSSH is not here.
    """
    if not key.is_file():
        raise InputError(f"no key {key}", fix="make one: ssh-keygen -t ed25519 -f KEY")
    (folder / SIGNATURE).unlink(missing_ok=True)
    done = _ssh_keygen("sign", "-f", str(key), "-n", _NAMESPACE, str(folder / SUMS))
    if done.returncode or not (folder / SIGNATURE).is_file():
        raise InputError(f"the key does not sign ({_said(done)})", file=key, fix="give a private SSH key")


def check_signature(folder: Path, signers: Path) -> str:
    """Who signed the folder's SHA256SUMS, of the signers.

    Raises:
        InputError: no such file of signers.
        ResourceError: not signed, signed by somebody else, or the signature is not of this SHA256SUMS.
        MachineError: OpenSSH is not here.
    """
    if not signers.is_file():
        raise InputError(f"no file of signers {signers}", fix="write IDENTITY KEYTYPE PUBLICKEY, a line for each who may sign")
    signature = folder / SIGNATURE
    if not signature.is_file():
        raise ResourceError("is not signed", file=folder, fix="`neotriage seal write --key KEY`")
    fix = "find out who changed it; take the folder from a sound copy"
    found = _ssh_keygen("find-principals", "-s", str(signature), "-f", str(signers))
    names = found.stdout.decode().split("\n")
    if found.returncode or not names[0]:
        raise ResourceError(f"is signed by nobody of {signers.name}", file=folder, fix=fix)
    options = ["-f", str(signers), "-I", names[0], "-n", _NAMESPACE, "-s", str(signature)]
    with (folder / SUMS).open("rb") as sums:
        done = _ssh_keygen("verify", *options, stdin=sums.read())
    if done.returncode:
        raise ResourceError(f"the signature is not of this {SUMS} ({_said(done)})", file=folder, fix=fix)
    return names[0]


def _ssh_keygen(action: str, *arguments: str, stdin: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    program = shutil.which("ssh-keygen")
    if program is None:
        raise MachineError(
            "ssh-keygen is not on PATH", fix="apt-get install openssh-client, or conda install conda-forge::openssh"
        )
    return subprocess.run([program, "-Y", action, *arguments], input=stdin, capture_output=True, check=False)


def _said(done: subprocess.CompletedProcess[bytes]) -> str:
    lines = (done.stderr or done.stdout).decode("utf-8", "replace").strip().splitlines()
    return lines[-1] if lines else "it says nothing"
