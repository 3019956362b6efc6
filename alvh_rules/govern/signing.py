"""Making signatures: by OpenSSH where it is, which asks the agent or for the passphrase itself.

`ssh-keygen -Y sign` handles keys that an agent holds, that are encrypted and that live in hardware;
this program then never sees a private key. Where there is no OpenSSH, an unencrypted key file is used
by the `cryptography` library. Either signature is verified before it is written down.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from alvh_rules.govern.ssh_keys import PublicKey, public_key, put_string
from alvh_rules.govern.ssh_signatures import (
    NAMESPACE,
    BadSignatureError,
    make_blob,
    signed_bytes,
    unarmoured,
    verify,
)


class CannotSignError(Exception):
    """No signature was made; the message says what is missing."""


@dataclass(frozen=True)
class Signer:
    """Somebody's key: its public half, and the file that names it to OpenSSH."""

    key: PublicKey
    path: Path

    def sign(self, message: bytes) -> str:
        """The signature in base64. Raises CannotSignError."""
        program = shutil.which("ssh-keygen")
        signature = self._by_library(message) if program is None else self._by(program, message)
        try:
            made = verify(signature, message)
        except BadSignatureError as problem:
            raise CannotSignError(f"the signature that was made does not hold: {problem}") from None
        if made != self.key:
            raise CannotSignError(f"`{self.path}` signs with another key than its .pub file says")
        return signature

    def _by(self, program: str, message: bytes) -> str:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "entry"
            file.write_bytes(message)
            command = [program, "-Y", "sign", "-n", NAMESPACE, "-f", str(self.path), str(file)]
            # Standard input stays the terminal's: a passphrase is typed to ssh-keygen, not to us.
            # What it asks of a hardware key's holder, to touch it, goes to standard error.
            shown = self.key.type.startswith("sk-")
            told = None if shown else subprocess.PIPE
            done = subprocess.run(command, stdout=subprocess.PIPE, stderr=told, check=False)
            if done.returncode:
                raise CannotSignError(f"`{self.path}` did not sign: {self._reason(done.stderr)}")
            try:
                return unarmoured((Path(folder) / "entry.sig").read_text(encoding="ascii"))
            except BadSignatureError as problem:
                raise CannotSignError(str(problem)) from None

    def _reason(self, told: bytes | None) -> str:
        lines = os.fsdecode(told or b"").strip().splitlines()
        reason = lines[-1].removeprefix("Enter passphrase: ") if lines else "ssh-keygen refused"
        if "passphrase" in reason:
            reason += f"; with `ssh-add {self.path}` an agent holds the key and asks no more"
        return reason

    def _by_library(self, message: bytes) -> str:
        import base64

        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptography.hazmat.primitives.serialization import load_ssh_private_key

        if self.path.suffix == ".pub" and not self.path.with_suffix("").exists():
            raise CannotSignError("an agent's key takes `ssh-keygen`, which is not installed")
        place = self.path.with_suffix("") if self.path.suffix == ".pub" else self.path
        try:
            private = load_ssh_private_key(place.read_bytes(), password=None)
        except (TypeError, ValueError, UnsupportedAlgorithm):
            raise CannotSignError(
                f"`{place}` cannot be used without `ssh-keygen`: only an unencrypted key can"
            ) from None
        if not isinstance(private, Ed25519PrivateKey):
            raise CannotSignError("without `ssh-keygen` only a key of type ssh-ed25519 can sign")
        raw = private.sign(signed_bytes(message))
        parts = put_string(b"ssh-ed25519") + put_string(raw)
        return base64.b64encode(make_blob(self.key, parts)).decode("ascii")


def signer_of(path: Path) -> Signer:
    """The signer of a key file, private or public. Raises CannotSignError.

    Of a private key's file only the name is used; its `.pub` file beside it is read.
    """
    public = path if path.suffix == ".pub" else path.with_name(path.name + ".pub")
    try:
        key = public_key(public.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        raise CannotSignError(
            f"`{public}` cannot be read: it holds the public half of the key"
        ) from None
    if isinstance(key, str):
        raise CannotSignError(f"`{public}`: {key}")
    # With a .pub file ssh-keygen asks the agent first, then the private key beside it.
    return Signer(key, path)
