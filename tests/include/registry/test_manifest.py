from __future__ import annotations

import json

import pytest
from pydantic import ValidationError

from include.errors import ModelError
from include.registry.manifest import Feature, Lineage, Manifest, parse_manifest
from tests.include.training.made import model

SMALL = Manifest(
    task="binary", model_sha256="ab", model_bytes=2, features=(Feature(name="é", kind="number", arrow="double"),)
)


def test_manifest_reads_back_the_same():
    manifest = model().manifest
    assert parse_manifest(manifest.json_bytes, "m") == manifest
    assert parse_manifest(manifest.json_bytes, "m").digest == manifest.digest


def test_digest_is_pinned():
    assert SMALL.digest == "e6381b3c71d35eb391f837c31065cadedfc5ea99f2fe3d092342271337dccbdc"


def test_defaults_are_left_out_of_the_text():
    assert (
        SMALL.json_bytes
        == (
            '{"features":[{"arrow":"double","kind":"number","name":"é"}],"kind":"xgboost","model_bytes":2,'
            '"model_sha256":"ab","schema_version":1,"task":"binary"}'
        ).encode()
    )


def test_digest_does_not_depend_on_key_order():
    mixed = json.dumps(dict(reversed(json.loads(SMALL.json_bytes).items()))).encode()
    assert parse_manifest(mixed, "m").digest == SMALL.digest


def test_every_change_changes_the_digest():
    other = SMALL.model_copy(update={"lineage": Lineage(parent="x")})
    assert other.digest != SMALL.digest


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"{", "m: is not a manifest"),
        (b"[]", "m: is not a manifest"),
        (b'{"schema_version": 1}', "m: is not a manifest"),
        (
            b'{"schema_version": 2, "what": "is new"}',
            "m: has schema 2. Expected at most 1. To do: update Nightshift here",
        ),
        (b"\xff\xfe", "m: is not a manifest"),
    ],
)
def test_what_is_no_manifest_is_refused(data, message):
    with pytest.raises(ModelError, match=message):
        parse_manifest(data, "m")


def test_unknown_keys_are_refused():
    data = json.loads(SMALL.json_bytes) | {"python": "os.system('x')"}
    with pytest.raises(ModelError, match="is not a manifest"):
        parse_manifest(json.dumps(data).encode(), "m")


def test_manifest_cannot_be_changed():
    with pytest.raises(ValidationError):
        SMALL.task = "regression"
