"""Places: a local folder or file, or an S3 prefix or object, by one name."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from include.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Mapping

_S3_OPTIONS = (
    "AWS_ENDPOINT_URL",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_REGION",
    "AWS_ALLOW_HTTP",
)


@dataclass(frozen=True)
class Location:
    """A local path or an ``s3://bucket/prefix``, with the options that reach it.

    Attributes
    ----------
    uri : str
        Absolute local path, or ``s3://bucket/key``.
    options : tuple of (str, str)
        ``AWS_*`` options of an S3 store; never printed.
    """

    uri: str
    options: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, uri: str | Path, environ: Mapping[str, str] | None = None) -> Location:
        """Return the location a user named.

        Parameters
        ----------
        uri : str or Path
            Path (made absolute) or ``s3://…``.
        environ : mapping, optional
            Where the ``AWS_*`` options are read; the environment of this interpreter when omitted.

        Raises
        ------
        StorageError
            For any other scheme.
        """
        text = str(uri).rstrip("/") or "/"
        if "://" not in text:
            return cls(str(Path(text).expanduser().resolve()))
        if not text.startswith("s3://"):
            raise StorageError.at(text, "is not a place Nightshift can write", "a local path or s3://bucket/prefix")
        found = os.environ if environ is None else environ
        options = {name: found[name] for name in _S3_OPTIONS if found.get(name)}
        if "AWS_REGION" not in options:
            options["AWS_REGION"] = found.get("AWS_DEFAULT_REGION") or "us-east-1"
        if options.get("AWS_ENDPOINT_URL", "").startswith("http://"):
            options["AWS_ALLOW_HTTP"] = "true"
        return cls(text, tuple(sorted(options.items())))

    def __repr__(self) -> str:
        """Show the place, never its credentials."""
        return f"Location({self.uri!r})"

    def __str__(self) -> str:
        """Return the place as a user writes it."""
        return self.uri

    def __truediv__(self, name: str) -> Location:
        """Return the place of this name inside."""
        return Location(f"{self.uri}/{name}", self.options)

    @property
    def name(self) -> str:
        """Return the last part."""
        return self.uri.rsplit("/", 1)[-1]

    @property
    def parent(self) -> Location:
        """Return the place this one is in."""
        return Location(self.uri.rsplit("/", 1)[0], self.options)

    @property
    def is_local(self) -> bool:
        """Tell whether it is on this machine's disk."""
        return not self.uri.startswith("s3://")

    @property
    def path(self) -> Path:
        """Return the local path."""
        if not self.is_local:
            raise StorageError.at(self.uri, "is not on the local disk", "a local path")
        return Path(self.uri)

    @property
    def bucket(self) -> str:
        """Return the bucket's name."""
        return urlsplit(self.uri).netloc

    @property
    def key(self) -> str:
        """Return the object's key (without a leading slash)."""
        return self.uri[len(f"s3://{self.bucket}") :].lstrip("/")

    @property
    def storage_options(self) -> dict[str, str]:
        """Return what the Delta library needs to reach it."""
        return dict(self.options)

    def filesystem(self) -> tuple[Any, str]:
        """Return ``(pyarrow filesystem, path within it)``."""
        from pyarrow import fs

        if self.is_local:
            return fs.LocalFileSystem(), self.uri
        options = self.storage_options
        endpoint = options.get("AWS_ENDPOINT_URL", "")
        found = fs.S3FileSystem(
            access_key=options.get("AWS_ACCESS_KEY_ID"),
            secret_key=options.get("AWS_SECRET_ACCESS_KEY"),
            session_token=options.get("AWS_SESSION_TOKEN"),
            region=options.get("AWS_REGION"),
            scheme="http" if endpoint.startswith("http://") else "https",
            endpoint_override=endpoint.split("://", 1)[-1] or None,
        )
        return found, f"{self.bucket}/{self.key}".rstrip("/")

    def s3_client(self) -> Any:
        """Return a boto3 client that retries what may be retried."""
        return _client(self.options)


_CLIENTS: dict[tuple[tuple[str, str], ...], Any] = {}


def _client(options: tuple[tuple[str, str], ...]) -> Any:
    if options not in _CLIENTS:
        import boto3
        from botocore.config import Config

        found = dict(options)
        _CLIENTS[options] = boto3.session.Session().client(
            "s3",
            endpoint_url=found.get("AWS_ENDPOINT_URL"),
            aws_access_key_id=found.get("AWS_ACCESS_KEY_ID"),
            aws_secret_access_key=found.get("AWS_SECRET_ACCESS_KEY"),
            aws_session_token=found.get("AWS_SESSION_TOKEN"),
            region_name=found.get("AWS_REGION"),
            config=Config(retries={"mode": "standard", "max_attempts": 4}, connect_timeout=5, read_timeout=30),
        )
    return _CLIENTS[options]


def quoted(value: str) -> str:
    """Return a partition's value as a folder name that every reader of Delta tables understands.

    Raises
    ------
    StorageError
        For an empty value, which would become a null and double the rows of a rerun.

    Examples
    --------
    >>> quoted("a b/c")
    'a%20b%2Fc'
    """
    if not value:
        raise StorageError.at("partition value ''", "is empty", "a key such as 2013-03-01")
    return quote(value, safe="")
