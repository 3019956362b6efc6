"""SSH signatures: what OpenSSH makes we verify, what we make it verifies, and nothing else holds."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from hypothesis import given, settings
from hypothesis import strategies as st

from alvh_rules.govern import signing
from alvh_rules.govern.signing import CannotSignError, signer_of
from alvh_rules.govern.ssh_keys import PublicKey, public_key, put_string
from alvh_rules.govern.ssh_signatures import (
    BadSignatureError,
    armoured,
    make_blob,
    signed_bytes,
    unarmoured,
    verify,
)
from tests.govern.desks import Bench, make_key
from tests.govern.test_attacks import charter_text, flat

HAS_OPENSSH = shutil.which("ssh-keygen") is not None
openssh = pytest.mark.skipif(not HAS_OPENSSH, reason="ssh-keygen is not installed")
MESSAGE = b"a vote"


@pytest.fixture
def no_openssh(monkeypatch) -> None:
    monkeypatch.setattr(signing.shutil, "which", lambda name: None)


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> tuple[str, PublicKey]:
    """A signature, made without OpenSSH, and its key."""
    path = make_key(tmp_path_factory.mktemp("keys") / "ana")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(signing.shutil, "which", lambda name: None)
        signer = signer_of(path)
        return signer.sign(MESSAGE), signer.key


def test_a_signature_names_its_key(made) -> None:
    signature, key = made
    assert verify(signature, MESSAGE) == key


@settings(max_examples=60)
@given(at=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_no_bit_of_it_can_change(made, at: int, bit: int) -> None:
    signature, key = made
    raw = bytearray(base64.b64decode(signature))
    raw[at % len(raw)] ^= 1 << bit
    try:
        found = verify(base64.b64encode(bytes(raw)).decode(), MESSAGE)
    except BadSignatureError:
        return
    # A key whose bytes were changed cannot have signed; only what is not signed may vary: nothing is.
    assert found == key
    assert bytes(raw) == base64.b64decode(signature)


@settings(max_examples=60)
@given(
    st.one_of(
        st.text(max_size=200), st.binary(max_size=200).map(lambda b: base64.b64encode(b).decode())
    )
)
def test_no_text_makes_it_raise(text: str) -> None:
    with pytest.raises(BadSignatureError):
        verify(text, MESSAGE)


def test_another_message_is_refused(made) -> None:
    with pytest.raises(BadSignatureError, match="not a signature of this entry"):
        verify(made[0], b"another vote")


@openssh
def test_openssh_verifies_what_the_library_signs(tmp_path, no_openssh) -> None:
    signer = signer_of(make_key(tmp_path / "ana"))
    signature = signer.sign(MESSAGE)
    (tmp_path / "sig").write_text(armoured(base64.b64decode(signature)))
    (tmp_path / "allowed").write_text(f'ana namespaces="alvh-rules" {signer.key}\n')
    words = [
        "ssh-keygen",
        "-Y",
        "verify",
        "-f",
        "allowed",
        "-I",
        "ana",
        "-n",
        "alvh-rules",
        "-s",
        "sig",
    ]
    done = subprocess.run(words, cwd=tmp_path, input=MESSAGE, capture_output=True)
    assert done.returncode == 0, done.stderr


@openssh
@pytest.mark.parametrize(
    "kind", [["ed25519"], ["ecdsa", "-b", "256"], ["ecdsa", "-b", "521"], ["rsa", "-b", "2048"]]
)
def test_what_openssh_signs_is_verified(kind, tmp_path) -> None:
    path = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", *kind, "-N", "", "-f", str(path)], check=True)
    signer = signer_of(path)
    assert verify(signer.sign(MESSAGE), MESSAGE) == signer.key


@contextlib.contextmanager
def agent(folder: Path, monkeypatch) -> Iterator[None]:
    """An `ssh-agent` that commands find; it ends with the block."""
    socket = folder / "agent"
    running = subprocess.Popen(["ssh-agent", "-D", "-a", str(socket)], stdout=subprocess.DEVNULL)
    monkeypatch.setenv("SSH_AUTH_SOCK", str(socket))
    try:
        for _ in range(200):
            if socket.exists():
                break
            time.sleep(0.02)
        yield
    finally:
        running.terminate()
        running.wait()


@openssh
def test_an_agent_signs_for_an_encrypted_key(tmp_path, monkeypatch) -> None:
    if shutil.which("ssh-agent") is None or shutil.which("ssh-add") is None:
        pytest.skip("ssh-agent is not installed")
    path = tmp_path / "key"
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "secret", "-f", str(path)], check=True
    )
    ask = tmp_path / "ask"
    ask.write_text("#!/bin/sh\necho secret\n")
    ask.chmod(0o700)
    monkeypatch.setenv("SSH_ASKPASS", str(ask))
    monkeypatch.setenv("SSH_ASKPASS_REQUIRE", "force")
    with agent(tmp_path, monkeypatch):
        subprocess.run(["ssh-add", "-q", str(path)], check=True, capture_output=True)
        # With the private key's file gone, the agent alone can sign.
        path.unlink()
        monkeypatch.setenv("SSH_ASKPASS_REQUIRE", "never")
        signer = signer_of(path.with_name("key.pub"))
        assert verify(signer.sign(MESSAGE), MESSAGE) == signer.key


def test_a_hardware_key_must_have_been_touched() -> None:
    private = ed25519.Ed25519PrivateKey.generate()
    raw = private.public_key().public_bytes(
        serialization.Encoding.Raw, serialization.PublicFormat.Raw
    )
    name = "sk-ssh-ed25519@openssh.com"
    key = PublicKey(name, put_string(name.encode()) + put_string(raw) + put_string(b"ssh:"))

    def signature(flags: int) -> str:
        rest = bytes([flags]) + b"\0\0\0\7"
        over = hashlib.sha256(b"ssh:").digest() + rest
        over += hashlib.sha256(signed_bytes(MESSAGE)).digest()
        made = put_string(name.encode()) + put_string(private.sign(over)) + rest
        return base64.b64encode(make_blob(key, made)).decode()

    assert verify(signature(1), MESSAGE) == key
    with pytest.raises(BadSignatureError, match="nobody touched"):
        verify(signature(0), MESSAGE)
    with pytest.raises(BadSignatureError, match="not a signature of this entry"):
        verify(signature(1), b"another")


def test_sha1_and_short_rsa_keys_are_refused() -> None:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding

    for size, algorithm in ((1024, b"rsa-sha2-512"), (2048, b"ssh-rsa")):
        private = rsa.generate_private_key(65537, size)
        text = private.public_key().public_bytes(
            serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
        )
        key = public_key(text.decode())
        assert isinstance(key, PublicKey)
        hash = hashes.SHA512() if size == 1024 else hashes.SHA1()
        raw = private.sign(signed_bytes(MESSAGE), padding.PKCS1v15(), hash)
        blob = make_blob(key, put_string(algorithm) + put_string(raw))
        with pytest.raises(BadSignatureError, match="cannot be read"):
            verify(base64.b64encode(blob).decode(), MESSAGE)


def test_the_library_signs_with_ed25519_keys_alone(tmp_path, no_openssh) -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    path = tmp_path / "key"
    path.write_bytes(
        private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.OpenSSH,
            serialization.NoEncryption(),
        )
    )
    path.with_name("key.pub").write_bytes(
        private.public_key().public_bytes(
            serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
        )
    )
    with pytest.raises(CannotSignError, match="only a key of type ssh-ed25519"):
        signer_of(path).sign(MESSAGE)


@openssh
def test_the_library_does_not_sign_with_an_encrypted_key(tmp_path, monkeypatch) -> None:
    path = tmp_path / "key"
    words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "secret", "-f", str(path)]
    subprocess.run(words, check=True)
    monkeypatch.setattr(signing.shutil, "which", lambda name: None)
    with pytest.raises(CannotSignError, match="only an unencrypted key can"):
        signer_of(path).sign(MESSAGE)


def test_a_key_whose_pub_file_is_another_ones_does_not_sign(tmp_path) -> None:
    ana, ben = make_key(tmp_path / "ana"), make_key(tmp_path / "ben")
    shutil.copy(tmp_path / "ben.pub", tmp_path / "ana.pub")
    with pytest.raises(CannotSignError):
        signer_of(ana).sign(MESSAGE)
    assert signer_of(ben).sign(MESSAGE)


def test_a_private_key_is_no_public_key(tmp_path) -> None:
    path = make_key(tmp_path / "ana")
    found = public_key(path.read_text())
    assert isinstance(found, str)
    assert found.startswith("this is a private key: keep it to yourself")
    shutil.copy(path, tmp_path / "ana.pub")
    with pytest.raises(CannotSignError, match="keep it to yourself"):
        signer_of(path)


@pytest.mark.parametrize(
    "text", ["", "ssh-ed25519", "ssh-dss AAAA", "ssh-ed25519 !!!", "ssh-rsa AAAAC3NzaC1lZDI1NTE5"]
)
def test_what_is_no_key(text: str) -> None:
    assert isinstance(public_key(text), str)


def test_a_signature_file_is_read_back(made) -> None:
    assert unarmoured(armoured(base64.b64decode(made[0]))) == made[0]
    with pytest.raises(BadSignatureError):
        unarmoured("nothing of the kind")


@openssh
def test_members_with_keys_of_every_kind_from_proposal_to_openssh(
    founded: Bench, tmp_path, monkeypatch
) -> None:
    """An encrypted key that an agent holds, ECDSA and RSA: what they sign OpenSSH verifies by the file
    of allowed signers, on the day it was signed on, and not after the key's term."""
    if shutil.which("ssh-agent") is None or shutil.which("ssh-add") is None:
        pytest.skip("ssh-agent is not installed")
    for name, words in (
        ("held", ["-t", "ed25519", "-N", "secret"]),
        ("curve", ["-t", "ecdsa", "-b", "384", "-N", ""]),
        ("old", ["-t", "rsa", "-b", "2048", "-N", ""]),
    ):
        founded.keys[name] = tmp_path / name
        subprocess.run(
            ["ssh-keygen", "-q", *words, "-C", "comment", "-f", str(tmp_path / name)], check=True
        )
    charter_text(founded, members={"ana": "held", "ben": "curve", "cem": "old"})
    founded.govern("propose", "--charter", by="ben", on="2015-01-06")
    for name in ("ana", "ben"):
        founded.govern("vote", "yes", by=name, on="2015-01-06")
    founded.govern("ratify", by="ben", on="2015-01-08")
    founded.commit("other keys")
    monkeypatch.setenv("SSH_ASKPASS_REQUIRE", "force")
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    ask = tmp_path / "ask"
    ask.write_text("#!/bin/sh\necho wrong\n")
    ask.chmod(0o700)
    monkeypatch.setenv("SSH_ASKPASS", str(ask))
    code, printed = founded.try_govern("propose", by="held", on="2015-01-09")
    assert code == 1
    assert "incorrect passphrase" in flat(printed)
    assert f"with `ssh-add {tmp_path / 'held'}` an agent holds the key" in flat(printed)
    ask.write_text("#!/bin/sh\necho secret\n")
    with agent(tmp_path, monkeypatch):
        subprocess.run(["ssh-add", "-q", str(tmp_path / "held")], check=True, capture_output=True)
        monkeypatch.setenv("SSH_ASKPASS_REQUIRE", "never")
        founded.govern("propose", by="held", on="2015-01-09")
        for name in ("held", "curve"):
            founded.govern("vote", "yes", by=name, on="2015-01-09")
        founded.govern("ratify", by="old", on="2015-01-13")
    founded.commit("adopted")
    assert founded.try_govern("verify", on="2015-01-20")[0] == 0
    allowed = founded.root / "governance" / "allowed_signers"
    for entry in founded.desk().record.ledger.entries[-4:]:
        (tmp_path / "sig").write_text(armoured(base64.b64decode(entry.signature)))
        words = ["ssh-keygen", "-Y", "verify", "-f", str(allowed), "-I", entry.by]
        words += ["-n", "alvh-rules", "-s", str(tmp_path / "sig")]
        for day, holds in (("20150109", True), ("20160109", False)):
            done = subprocess.run(
                [*words, f"-Overify-time={day}"], input=entry.payload.encode(), capture_output=True
            )
            assert (done.returncode == 0) is holds, done.stderr


def test_what_a_hardware_key_asks_is_not_hidden(tmp_path, monkeypatch) -> None:
    """`ssh-keygen` tells the holder to touch the key on standard error, which is the terminal's then."""
    seen = []

    def run(command, **options):
        seen.append(options["stderr"])
        return subprocess.CompletedProcess(command, 1, b"", b"Enter passphrase: no")

    monkeypatch.setattr(signing.subprocess, "run", run)
    monkeypatch.setattr(signing.shutil, "which", lambda name: "ssh-keygen")
    for kind in ("sk-ssh-ed25519@openssh.com", "ssh-ed25519"):
        with pytest.raises(CannotSignError):
            signing.Signer(PublicKey(kind, b""), tmp_path / "key").sign(MESSAGE)
    assert seen == [None, subprocess.PIPE]
