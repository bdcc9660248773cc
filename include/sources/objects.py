"""Objects on S3: listed with their ETags, fetched whole as they were when they were listed."""

from __future__ import annotations

import fnmatch
import re
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from include.errors import SourceError
from include.sources.periods import period_of_folder
from include.sources.places import has_format, is_glob

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from include.sources.connections import Connections

_PERIOD = re.compile(r"(?:^|/)period=([^/]+)(?:/(\d{4}[^/]*))?/[^/]+$")
_GLOB_START = re.compile(r"[*?\[]")


@dataclass(frozen=True)
class S3Object:
    """One object, as it was when it was listed."""

    bucket: str
    key: str
    etag: str
    size: int
    client: Any = field(repr=False, compare=False)
    period: tuple[datetime, datetime] | None = None

    @property
    def shown(self) -> str:
        """Its name in messages."""
        return f"s3://{self.bucket}/{self.key}"

    @contextmanager
    def local(self) -> Iterator[Path]:
        """Fetch it into a temporary file and yield that; `SourceError` when it has changed since it was listed."""
        with tempfile.TemporaryDirectory(prefix="nightshift-") as folder:
            place = Path(folder) / "object"
            with explained(self.shown), place.open("wb") as stream:
                answer = self.client.get_object(Bucket=self.bucket, Key=self.key, IfMatch=self.etag)
                for chunk in answer["Body"].iter_chunks(1024 * 1024):
                    stream.write(chunk)
            yield place


def s3_client(connections: Connections, conn_id: str | None) -> Any:
    """Return a boto3 client with the credentials of a connection, or of the environment when there is none."""
    settings: dict[str, Any] = {"config": Config(retries={"mode": "standard", "max_attempts": 5})}
    if conn_id is not None:
        said = connections.get(conn_id)
        settings |= {
            "aws_access_key_id": said.login or said.extra.get("aws_access_key_id"),
            "aws_secret_access_key": said.password or said.extra.get("aws_secret_access_key"),
            "aws_session_token": said.extra.get("aws_session_token"),
            "endpoint_url": said.extra.get("endpoint_url") or said.extra.get("host"),
            "region_name": said.extra.get("region_name"),
        }
    with explained(f"connection {conn_id!r}" if conn_id else "S3"):
        return boto3.client("s3", **{name: value for name, value in settings.items() if value is not None})


def objects_under(client: Any, bucket: str, prefix: str, timezone: str, page: int = 1000) -> list[S3Object]:
    """Return the objects whose keys start with a prefix, sorted by key; their periods are local to a zone.

    They are asked for in pages of so many.
    """
    found = []
    with explained(f"s3://{bucket}/{prefix}"):
        listing = client.get_paginator("list_objects_v2")
        for answer in listing.paginate(Bucket=bucket, Prefix=prefix, PaginationConfig={"PageSize": page}):
            found += [_object(bucket, said, client, timezone) for said in answer.get("Contents", [])]
    return sorted(found, key=lambda item: item.key)


def objects_at(path: str, conn_id: str | None, connections: Connections, timezone: str) -> list[S3Object]:
    """Return the objects behind ``s3://bucket/key``: that object, what a pattern matches, or what is below a folder.

    Raises
    ------
    SourceError
        When there is none.
    """
    parts = urlsplit(path.replace("?", "%3F"))
    bucket, key = parts.netloc, parts.path.lstrip("/").replace("%3F", "?")
    client = s3_client(connections, conn_id)
    prefix = key[: _GLOB_START.search(key).start()] if is_glob(key) else key  # type: ignore[union-attr]
    listed = objects_under(client, bucket, prefix, timezone)
    if is_glob(key):
        found = [item for item in listed if fnmatch.fnmatchcase(item.key, key)]
    else:
        folder = key.rstrip("/") + "/" if key else ""
        exact = [item for item in listed if item.key == key]
        found = exact or [i for i in listed if i.key.startswith(folder) and has_format(i.key.rsplit("/", 1)[-1])]
    if not found:
        raise SourceError.at(path, "there is no such object", "an object that is there", "correct source.path")
    return found


@contextmanager
def explained(shown: str) -> Iterator[None]:
    """Turn what boto3 raises into a `SourceError` that names the object."""
    try:
        yield
    except ClientError as error:
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
        if status == 412:
            raise SourceError.at(
                shown, "was replaced while it was read", "objects that stay as they are", "run the task again"
            ) from None
        code = error.response.get("Error", {}).get("Code", status)
        raise SourceError.at(shown, f"S3 answers {code}", "an object that may be read", _advice(code)) from None
    except (BotoCoreError, ValueError) as error:
        raise SourceError.at(shown, f"S3 cannot be reached ({error})", "an answer", "check the connection") from None


def _advice(code: Any) -> str:
    advice = {
        "NoSuchBucket": "correct the bucket's name",
        "NoSuchKey": "correct the key",
        "404": "correct the key",
        "AccessDenied": "check the rights of the connection",
        "403": "check the rights of the connection",
    }
    return advice.get(str(code), "check the connection")


def _object(bucket: str, said: dict[str, Any], client: Any, timezone: str) -> S3Object:
    key = said["Key"]
    found = _PERIOD.search(key)
    period = None
    if found:
        text = f"{found[1]}/{found[2]}" if found[2] else found[1]
        period = period_of_folder(text, timezone, f"s3://{bucket}/{key}")
    return S3Object(bucket, key, said["ETag"].strip('"'), int(said["Size"]), client, period)
