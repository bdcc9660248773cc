from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from include.registry.signing import Keys


@pytest.fixture
def key_text():
    return base64.b64encode(bytes(range(32))).decode()


@pytest.fixture
def keys(key_text):
    return Keys.of({"NIGHTSHIFT_SIGNING_KEY": key_text})


@pytest.fixture
def other_keys():
    private = Ed25519PrivateKey.from_private_bytes(b"\x01" * 32)
    return Keys(private, private.public_key())
