"""Seal a folder of results: SHA-256 of every file, signed with an SSH key; and hold a folder to its seal."""

from neotriage.seal.signature import SIGNATURE, check_signature, sign
from neotriage.seal.sums import SUMS, check_sums, write_sums

__all__ = ["SIGNATURE", "SUMS", "check_signature", "check_sums", "sign", "write_sums"]
