"""Signatures of manifests (Ed25519), for stores that others can write to."""

from __future__ import annotations

import base64
import binascii
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from include.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

SIGNING_KEY = "NIGHTSHIFT_SIGNING_KEY"
VERIFY_KEY = "NIGHTSHIFT_VERIFY_KEY"


@dataclass(frozen=True)
class Keys:
    """The keys of this installation; without any, nothing is signed and no signature is asked for."""

    private: Any = None
    public: Any = None

    @classmethod
    def of(cls, environ: Mapping[str, str] | None = None) -> Keys:
        """Return the keys that the environment names.

        ``NIGHTSHIFT_SIGNING_KEY`` signs and verifies, ``NIGHTSHIFT_VERIFY_KEY`` only verifies. Each is the 32 raw bytes
        of the key in base64, or the path of a file with them (or with a PEM).

        Raises
        ------
        ModelError
            When a key cannot be read: an installation that means to verify must not go on without.
        """
        found = os.environ if environ is None else environ
        signing, verifying = found.get(SIGNING_KEY), found.get(VERIFY_KEY)
        if signing:
            private = _private(signing)
            return cls(private, private.public_key())
        return cls(None, _public(verifying)) if verifying else cls()

    def sign(self, manifest: bytes) -> bytes:
        """Return the signature, 64 bytes; empty without a private key."""
        return bytes(self.private.sign(manifest)) if self.private else b""

    def verify(self, manifest: bytes, signature: bytes | None, where: str) -> None:
        """Refuse a manifest without a signature by our key; nothing happens without a key."""
        if self.public is None:
            return
        from cryptography.exceptions import InvalidSignature

        expected, do = "one made with this installation's key", "sign it again there, or roll back to another version"
        if not signature:
            raise ModelError.at(where, "has no signature", expected, do)
        try:
            self.public.verify(signature, manifest)
        except InvalidSignature as error:
            raise ModelError.at(where, "has a wrong signature", expected, do) from error


def _private(value: str) -> Any:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    data = _key_bytes(value, SIGNING_KEY)
    if not data.startswith(b"-----"):
        return Ed25519PrivateKey.from_private_bytes(data)
    return _of_type(lambda: load_pem_private_key(data, None), Ed25519PrivateKey, SIGNING_KEY)


def _public(value: str) -> Any:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    data = _key_bytes(value, VERIFY_KEY)
    if not data.startswith(b"-----"):
        return Ed25519PublicKey.from_public_bytes(data)
    return _of_type(lambda: load_pem_public_key(data), Ed25519PublicKey, VERIFY_KEY)


def _of_type(read: Callable[[], Any], kind: type, name: str) -> Any:
    try:
        key = read()
    except (ValueError, TypeError) as error:  # TypeError: the PEM has a password
        raise _unreadable(name) from error
    if not isinstance(key, kind):
        raise _unreadable(name)
    return key


def _key_bytes(value: str, name: str) -> bytes:
    data = value.encode()
    try:
        if len(value) < 1024 and Path(value).is_file():
            data = Path(value).read_bytes()
    except OSError as error:
        raise _unreadable(name) from error
    if data.startswith(b"-----"):
        return data
    if len(data) != 32:
        try:
            data = base64.b64decode(data.strip(), validate=True)
        except binascii.Error as error:
            raise _unreadable(name) from error
    if len(data) != 32:
        raise _unreadable(name)
    return data


def _unreadable(name: str) -> ModelError:
    return ModelError.at(
        name, "holds no Ed25519 key", "32 raw bytes in base64, or the path of a file with them or a PEM", "set it again"
    )
