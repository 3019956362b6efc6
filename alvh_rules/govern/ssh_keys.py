"""SSH public keys as they stand in `.pub` files and in `allowed_signers`.

The wire format is RFC 4253, section 6.6, and RFC 8709 for Ed25519; the `sk-` types of hardware keys
are OpenSSH's PROTOCOL.u2f. Keys are compared by their bytes: comments and options are not part of one.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import struct
from dataclasses import dataclass

ACCEPTED = (
    "ssh-ed25519",
    "sk-ssh-ed25519@openssh.com",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "ssh-rsa",
)
"""The types that a member may have. DSA is left out: it is broken."""

MOST_BYTES = 4_096
"""Of one public key: an RSA key of 16,384 bits has half as many."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public key: its type and its bytes."""

    type: str
    blob: bytes

    def __str__(self) -> str:
        return f"{self.type} {base64.b64encode(self.blob).decode('ascii')}"

    @property
    def fingerprint(self) -> str:
        """As `ssh-keygen -l` shows it."""
        raw = hashlib.sha256(self.blob).digest()
        return "SHA256:" + base64.b64encode(raw).decode("ascii").rstrip("=")


def public_key(text: str) -> PublicKey | str:
    """The key that a line of a `.pub` file holds, or why it is none."""
    if "PRIVATE KEY" in text:
        return "this is a private key: keep it to yourself, and give the line of its .pub file"
    words = text.removeprefix("key::").split()
    if len(words) < 2:
        return "a public key is written `ssh-ed25519 AAAA…`, as in its .pub file"
    kind, encoded = words[0], words[1]
    if kind not in ACCEPTED:
        return (
            f"keys of type `{kind[:40]}` are not taken; `ssh-keygen -t ed25519` makes one that is"
        )
    if len(encoded) > MOST_BYTES * 2:
        return "this key is too long"
    try:
        blob = base64.b64decode(encoded, validate=True)
        named, _ = take_string(blob)
    except (ValueError, binascii.Error):
        return "its second word is not the base64 of a key"
    if named != kind.encode("ascii"):
        return f"it says `{kind}` and holds another type of key"
    return PublicKey(kind, blob)


def take_string(data: bytes) -> tuple[bytes, bytes]:
    """The first string of RFC 4251's wire format, and what follows it. Raises ValueError."""
    if len(data) < 4:
        raise ValueError("cut short")
    (length,) = struct.unpack(">I", data[:4])
    if len(data) < 4 + length:
        raise ValueError("cut short")
    return data[4 : 4 + length], data[4 + length :]


def put_string(data: bytes) -> bytes:
    """A string in RFC 4251's wire format."""
    return struct.pack(">I", len(data)) + data
