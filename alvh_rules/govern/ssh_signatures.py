"""Signatures in the form of OpenSSH and git: reading and verifying them.

The format is OpenSSH's PROTOCOL.sshsig: a signature names its public key, a namespace and a hash,
and signs those with the hash of the message. The namespace here is `alvh-rules`, so that what a
member signed for git or for anything else is no vote. The cryptography is of the `cryptography`
library; verifying needs neither OpenSSH nor a process, so that every machine gives one answer.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import struct
from functools import lru_cache
from typing import Any, Final

from alvh_rules.govern.ssh_keys import PublicKey, put_string, take_string

NAMESPACE: Final = "alvh-rules"
MAGIC: Final = b"SSHSIG"
HARDWARE: Final = "sk-ssh-ed25519@openssh.com"
MOST_TEXT: Final = 16_384
_HASHES: Final = {b"sha256": hashlib.sha256, b"sha512": hashlib.sha512}
_BEGIN: Final = "-----BEGIN SSH SIGNATURE-----"
_END: Final = "-----END SSH SIGNATURE-----"
_USER_PRESENT: Final = 1


class BadSignatureError(Exception):
    """A signature that does not hold, with the reason in words."""


def signed_bytes(message: bytes, hash_name: bytes = b"sha512") -> bytes:
    """What a signature of the message is made over."""
    hashed = _HASHES[hash_name](message).digest()
    parts = (NAMESPACE.encode("ascii"), b"", hash_name, hashed)
    return MAGIC + b"".join(put_string(part) for part in parts)


def armoured(blob: bytes) -> str:
    """The signature as a file has it."""
    text = base64.b64encode(blob).decode("ascii")
    lines = [text[at : at + 70] for at in range(0, len(text), 70)]
    return "\n".join([_BEGIN, *lines, _END, ""])


def unarmoured(text: str) -> str:
    """The base64 of a signature file, on one line. Raises BadSignatureError."""
    lines = text.strip().splitlines()
    if len(lines) < 3 or lines[0] != _BEGIN or lines[-1] != _END:
        raise BadSignatureError("it is not an SSH signature")
    return "".join(lines[1:-1])


def make_blob(key: PublicKey, signature: bytes) -> bytes:
    """The bytes of a signature file, of a raw signature in SSH's wire format."""
    parts = (key.blob, NAMESPACE.encode("ascii"), b"", b"sha512", signature)
    return MAGIC + struct.pack(">I", 1) + b"".join(put_string(part) for part in parts)


def verify(signature: str, message: bytes) -> PublicKey:
    """The public key that signed the message, of a signature in base64.

    Whose key it is remains to be asked. Raises BadSignatureError where the signature is none, is
    for another message or for another namespace.
    """
    if len(signature) > MOST_TEXT:
        raise BadSignatureError("it is too long to be an SSH signature")
    try:
        blob = base64.b64decode(signature, validate=True)
        if blob[:6] != MAGIC or blob[6:10] != struct.pack(">I", 1):
            raise BadSignatureError("it is not an SSH signature")
        key_blob, rest = take_string(blob[10:])
        namespace, rest = take_string(rest)
        _, rest = take_string(rest)
        hash_name, rest = take_string(rest)
        raw, rest = take_string(rest)
        key_type, _ = take_string(key_blob)
    except (ValueError, binascii.Error):
        raise BadSignatureError("it is not an SSH signature") from None
    if rest:
        raise BadSignatureError("it is not an SSH signature")
    if namespace != NAMESPACE.encode("ascii"):
        said = namespace[:40].decode("ascii", "replace")
        raise BadSignatureError(f"it was made for `{said}`, not for `{NAMESPACE}`")
    if hash_name not in _HASHES:
        raise BadSignatureError("its hash is neither sha256 nor sha512")
    key = PublicKey(key_type.decode("ascii", "replace"), key_blob)
    _check(key, raw, signed_bytes(message, hash_name))
    return key


def _check(key: PublicKey, raw: bytes, data: bytes) -> None:
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

    try:
        algorithm, rest = take_string(raw)
        value, rest = take_string(rest)
        if key.type == HARDWARE:
            _check_hardware(key, algorithm, value, rest, data)
        elif rest:
            raise BadSignatureError("it is not an SSH signature")
        else:
            _check_plain(key, algorithm.decode("ascii", "replace"), value, data)
    except InvalidSignature:
        raise BadSignatureError("it is not a signature of this entry") from None
    except (ValueError, UnsupportedAlgorithm):
        raise BadSignatureError("its key or its form cannot be read") from None


LEAST_RSA: Final = 2048
"""Bits of an RSA key that may sign."""


@lru_cache(maxsize=1024)
def unsound_key(key: PublicKey) -> str:
    """Why no signature of a key could hold; empty where one could.

    A key that can be written in two ways would be two keys to whoever compares them.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    try:
        if key.type == HARDWARE:
            named, point, application = _hardware_fields(key)
            return (
                "" if put_string(named) + put_string(point) + application == key.blob else _UNSOUND
            )
        public = _loaded(key)
        written = public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).split()[1]
    except (ValueError, UnsupportedAlgorithm):
        return _UNSOUND
    if base64.b64decode(written) != key.blob:
        return _UNSOUND
    if isinstance(public, rsa.RSAPublicKey) and public.key_size < LEAST_RSA:
        return (
            f"an RSA key of {public.key_size} bits is too short, and {LEAST_RSA} are the least;"
            " `ssh-keygen -t ed25519` makes a better one"
        )
    return ""


_UNSOUND: Final = "its bytes are not those of a whole key, as `ssh-keygen` writes them"


@lru_cache(maxsize=256)
def _loaded(key: PublicKey) -> Any:
    """A key as the library has it: a few members sign thousands of entries."""
    from cryptography.hazmat.primitives.serialization import load_ssh_public_key

    return load_ssh_public_key(str(key).encode("ascii"))


def _check_plain(key: PublicKey, algorithm: str, value: bytes, data: bytes) -> None:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils

    public = _loaded(key)
    if isinstance(public, ed25519.Ed25519PublicKey) and algorithm == key.type:
        public.verify(value, data)
    elif isinstance(public, ec.EllipticCurvePublicKey) and algorithm == key.type:
        r, rest = take_string(value)
        s, rest = take_string(rest)
        if rest:
            raise ValueError("cut wrong")
        by_curve = {256: hashes.SHA256(), 384: hashes.SHA384(), 521: hashes.SHA512()}
        encoded = utils.encode_dss_signature(
            int.from_bytes(r, "big", signed=True), int.from_bytes(s, "big", signed=True)
        )
        public.verify(encoded, data, ec.ECDSA(by_curve[public.curve.key_size]))
    elif isinstance(public, rsa.RSAPublicKey) and public.key_size >= LEAST_RSA:
        # `ssh-rsa`, which hashes with SHA-1, is what PROTOCOL.sshsig forbids.
        by_name = {"rsa-sha2-256": hashes.SHA256(), "rsa-sha2-512": hashes.SHA512()}
        if algorithm not in by_name:
            raise ValueError("another algorithm")
        public.verify(value, data, padding.PKCS1v15(), by_name[algorithm])
    else:
        raise ValueError("another algorithm")


def _hardware_fields(key: PublicKey) -> tuple[bytes, bytes, bytes]:
    """Of a hardware key's bytes the type, the point, and the application as it is written."""
    named, fields = take_string(key.blob)
    point, written = take_string(fields)
    _, rest = take_string(written)
    if rest or len(point) != 32:
        raise ValueError("cut wrong")
    return named, point, written


def _check_hardware(
    key: PublicKey, algorithm: bytes, value: bytes, rest: bytes, data: bytes
) -> None:
    """A signature of a hardware key: over the application, the flags, a counter and the data."""
    from cryptography.hazmat.primitives.asymmetric import ed25519

    _, point, written = _hardware_fields(key)
    application, _ = take_string(written)
    if len(rest) != 5 or algorithm != key.type.encode("ascii"):
        raise ValueError("cut wrong")
    if not rest[0] & _USER_PRESENT:
        raise BadSignatureError("nobody touched the hardware key when it was made")
    over = hashlib.sha256(application).digest() + rest + hashlib.sha256(data).digest()
    ed25519.Ed25519PublicKey.from_public_bytes(point).verify(value, over)
