from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from unittest.mock import patch

import pytest

from include.errors import StorageError
from include.storage import objects
from include.storage.locations import Location


def test_created_once_and_never_changed(place: Location) -> None:
    assert objects.create_if_absent(place / "a", b"first") is True
    assert objects.create_if_absent(place / "a", b"second") is False
    assert objects.read_bytes(place / "a") == b"first"


def test_replace_puts_new_bytes_in_place(place: Location) -> None:
    objects.replace(place / "a", b"first")
    objects.replace(place / "a", b"second")

    assert objects.read_bytes(place / "a") == b"second"


def test_names_are_sorted_and_direct_only(place: Location) -> None:
    for name in ("b", "a", "c/d", "e/f/g"):
        objects.create_if_absent(place / name, b"x")

    assert objects.list_names(place) == ["a", "b", "c", "e"]
    assert objects.list_names(place, after="b") == ["c", "e"]
    assert objects.list_names(place / "nothing") == []


def test_absent_object_says_what_to_do(place: Location) -> None:
    assert objects.read_if_present(place / "a") is None
    with pytest.raises(StorageError, match="is not there. Expected an object"):
        objects.read_bytes(place / "a")


def test_removed_object_is_gone(place: Location) -> None:
    objects.replace(place / "a", b"x")
    objects.remove(place / "a")
    objects.remove(place / "a")

    assert not objects.exists(place / "a")


def test_one_of_many_writers_wins(place: Location) -> None:
    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(lambda i: objects.create_if_absent(place / "raced", f"{i}".encode()), range(16)))

    assert sum(won) == 1
    assert objects.read_bytes(place / "raced") == f"{won.index(True)}".encode()


def test_lost_acknowledgement_is_read_back(bucket: Location) -> None:
    client = bucket.s3_client()
    real = client.put_object

    def lose_the_answer(**arguments: object) -> None:
        real(**arguments)
        raise ConnectionError("the answer was lost")

    with patch.object(client, "put_object", lose_the_answer):
        assert objects.create_if_absent(bucket / "a", b"mine") is True
    assert objects.read_bytes(bucket / "a") == b"mine"


def test_refused_write_is_an_error(bucket: Location) -> None:
    client = bucket.s3_client()

    def refuse(**_: object) -> None:
        error = PermissionError("denied")
        error.response = {"ResponseMetadata": {"HTTPStatusCode": 403}}  # type: ignore[attr-defined]
        raise error

    with patch.object(client, "put_object", refuse), pytest.raises(StorageError, match="cannot be written"):
        objects.create_if_absent(bucket / "a", b"x")


def test_probe_accepts_a_store_with_conditional_writes(place: Location) -> None:
    objects.probe(place)

    assert objects.list_names(place) == []


def test_probe_refuses_a_store_that_ignores_conditions(bucket: Location) -> None:
    client = bucket.s3_client()
    real = client.put_object

    def ignore_condition(**arguments: object) -> object:
        arguments.pop("IfNoneMatch", None)
        return real(**arguments)

    with (
        patch.object(client, "put_object", ignore_condition),
        pytest.raises(StorageError, match="ignores conditional writes"),
    ):
        objects.probe(bucket)


def test_probe_names_a_store_that_cannot_be_reached() -> None:
    environ = {
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "testtest",
    }
    with pytest.raises(StorageError, match="cannot be"):
        objects.probe(Location.of("s3://none/x", environ))


def test_other_schemes_are_refused() -> None:
    with pytest.raises(StorageError, match="a local path or s3://"):
        Location.of("gs://bucket/x")


def test_credentials_are_never_shown(bucket: Location) -> None:
    assert "testtest" not in repr(bucket)
    assert "testtest" not in str(bucket)
