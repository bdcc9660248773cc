from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from include.errors import ModelError
from include.registry.signing import Keys


def test_no_key_signs_and_asks_nothing():
    keys = Keys.of({})
    assert keys.sign(b"x") == b""
    keys.verify(b"x", None, "here")


def test_own_signature_is_accepted(keys):
    keys.verify(b"x", keys.sign(b"x"), "here")


@pytest.mark.parametrize("signature", [b"", None])
def test_missing_signature_is_refused(keys, signature):
    with pytest.raises(ModelError, match="here: has no signature"):
        keys.verify(b"x", signature, "here")


@pytest.mark.parametrize("signed", [b"y", b""])
def test_signature_of_other_bytes_is_refused(keys, signed):
    with pytest.raises(ModelError, match="here: has a wrong signature"):
        keys.verify(b"x", keys.sign(signed), "here")


def test_verifying_key_cannot_sign(keys):
    text = keys.public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    reader = Keys.of({"NIGHTSHIFT_VERIFY_KEY": text})
    assert reader.sign(b"x") == b""
    reader.verify(b"x", keys.sign(b"x"), "here")


@pytest.mark.parametrize("form", ["pem", "raw", "base64"])
def test_key_may_be_a_file(tmp_path, keys, key_text, form):
    data = {
        "pem": keys.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        "raw": bytes(range(32)),
        "base64": f"{key_text}\n".encode(),
    }[form]
    (tmp_path / "key").write_bytes(data)
    found = Keys.of({"NIGHTSHIFT_SIGNING_KEY": str(tmp_path / "key")})
    assert found.sign(b"x") == keys.sign(b"x")


@pytest.mark.parametrize(
    "text", ["short", "!" * 44, "QUJD", "-----BEGIN PRIVATE KEY-----\nnone\n-----END PRIVATE KEY-----"]
)
def test_unreadable_key_is_refused(text):
    with pytest.raises(ModelError, match="NIGHTSHIFT_SIGNING_KEY: holds no Ed25519 key"):
        Keys.of({"NIGHTSHIFT_SIGNING_KEY": text})


def test_key_of_another_kind_is_refused():
    text = generate_private_key(65537, 2048).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    with pytest.raises(ModelError, match="holds no Ed25519 key"):
        Keys.of({"NIGHTSHIFT_SIGNING_KEY": text})
