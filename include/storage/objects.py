"""Single objects, made once and for all or replaced whole; durable when the call returns.

Locally: temporary file, fsync, ``os.link`` (which fails when the name is taken) or ``os.replace``, fsync of the folder.
On S3: ``PutObject`` with ``If-None-Match: *``; a conflict is told by the HTTP status 412 or 409, never by an error's name.
"""

from __future__ import annotations

import os
import uuid
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from include.errors import StorageError

if TYPE_CHECKING:
    from include.storage.locations import Location

TEMPORARY = ".tmp-"
_TAKEN = (409, 412)


def create_if_absent(location: Location, data: bytes) -> bool:
    """Make an object unless there is one already.

    Returns
    -------
    bool
        True when this call made it. False when one was there: it is untouched. After an answer that says neither
        (a lost acknowledgement), the object is read back, and True is returned if it holds these very bytes.
    """
    if location.is_local:
        return _link(location.path, data)
    client = location.s3_client()
    try:
        client.put_object(Bucket=location.bucket, Key=location.key, Body=data, IfNoneMatch="*")
    except Exception as error:
        if _status(error) == 412 and not _retried(error):
            return False
        return _read_back(location, data, error)
    return True


def replace(location: Location, data: bytes) -> None:
    """Put an object in the place of whatever is there, at once."""
    if not location.is_local:
        location.s3_client().put_object(Bucket=location.bucket, Key=location.key, Body=data)
        return
    path = location.path
    temporary = _temporary(path, data)
    temporary.replace(path)
    sync_folder(path.parent)


def read_bytes(location: Location) -> bytes:
    """Return an object's bytes.

    Raises
    ------
    StorageError
        When there is none.
    """
    found = read_if_present(location)
    if found is None:
        raise StorageError.at(
            str(location), "is not there", "an object", "check the name, or run `python -m include doctor`"
        )
    return found


def read_if_present(location: Location) -> bytes | None:
    """Return an object's bytes, or None when there is none."""
    if location.is_local:
        try:
            return location.path.read_bytes()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None
    try:
        body = location.s3_client().get_object(Bucket=location.bucket, Key=location.key)["Body"]
        return bytes(body.read())
    except Exception as error:
        if _status(error) == 404:
            return None
        raise


def exists(location: Location) -> bool:
    """Tell whether an object is there."""
    if location.is_local:
        return location.path.exists()
    try:
        location.s3_client().head_object(Bucket=location.bucket, Key=location.key)
    except Exception as error:
        if _status(error) == 404:
            return False
        raise
    return True


def modified(location: Location) -> datetime:
    """Return when an object was last written, in UTC.

    Raises
    ------
    StorageError
        When there is none.
    """
    try:
        if location.is_local:
            return datetime.fromtimestamp(location.path.stat().st_mtime, UTC)
        found = location.s3_client().head_object(Bucket=location.bucket, Key=location.key)
    except Exception as error:
        if isinstance(error, FileNotFoundError) or _status(error) == 404:
            raise StorageError.at(str(location), "is not there", "an object") from None
        raise
    return found["LastModified"].astimezone(UTC)  # type: ignore[no-any-return]


def list_names(location: Location, after: str = "") -> list[str]:
    """Return the sorted names directly inside a place, those after a given name only; empty when it does not exist."""
    if location.is_local:
        folder = location.path
        if not folder.is_dir():
            return []
        with os.scandir(folder) as entries:
            return sorted(e.name for e in entries if e.name > after and not e.name.startswith(TEMPORARY))
    prefix = f"{location.key}/" if location.key else ""
    pages = (
        location.s3_client()
        .get_paginator("list_objects_v2")
        .paginate(Bucket=location.bucket, Prefix=prefix, Delimiter="/", StartAfter=prefix + after if after else prefix)
    )
    names: set[str] = set()
    for page in pages:
        names.update(item["Key"][len(prefix) :] for item in page.get("Contents", []))
        names.update(item["Prefix"][len(prefix) :].rstrip("/") for item in page.get("CommonPrefixes", []))
    return sorted(name for name in names if name and name > after)


def list_written(location: Location) -> dict[str, tuple[int, float]]:
    """Return the size in bytes and the time of the last change (seconds since 1970) of each object directly inside a place.

    Locally the time at which the file system changed anything of the file, which no program can set back.
    """
    if location.is_local:
        with suppress(FileNotFoundError), os.scandir(location.path) as entries:
            found = [(e.name, e.stat()) for e in entries if e.is_file() and not e.name.startswith(TEMPORARY)]
            return {name: (told.st_size, told.st_ctime) for name, told in found}
        return {}
    prefix = f"{location.key}/" if location.key else ""
    pages = (
        location.s3_client()
        .get_paginator("list_objects_v2")
        .paginate(Bucket=location.bucket, Prefix=prefix, Delimiter="/")
    )
    return {
        item["Key"][len(prefix) :]: (int(item["Size"]), item["LastModified"].timestamp())
        for page in pages
        for item in page.get("Contents", [])
    }


def remove(location: Location) -> None:
    """Remove an object; nothing happens when there is none."""
    if location.is_local:
        location.path.unlink(missing_ok=True)
        return
    location.s3_client().delete_object(Bucket=location.bucket, Key=location.key)


def probe(location: Location) -> None:
    """Prove that a store refuses to make an object twice and shows at once what was made.

    Raises
    ------
    StorageError
        When it cannot be reached, or ignores conditional writes: two writers would lose each other's records there.
    """
    place = location / f"probe-{uuid.uuid4().hex}"
    try:
        first, second = create_if_absent(place, b"1"), create_if_absent(place, b"2")
        shown = read_if_present(place)
        listed = place.name in list_names(location)
        remove(place)
    except StorageError:
        raise
    except Exception as error:
        raise StorageError.at(
            str(location),
            f"cannot be used ({_plain(error)})",
            "a store that can be read and written",
            "check its address and credentials",
        ) from error
    if not (first and not second and shown == b"1" and listed):
        raise StorageError.at(
            str(location),
            "ignores conditional writes (If-None-Match), so that two writers would lose each other's records",
            "a store that answers 412 to the second of two such writes",
            "use another store; AWS S3, Google Cloud Storage, R2, MinIO, SeaweedFS and local disks honour them",
        )


def sync_folder(folder: Path) -> None:
    """Make the names in a folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_file(path: Path) -> None:
    """Make a file and its name survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    sync_folder(path.parent)


def _temporary(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.parent / f"{TEMPORARY}{uuid.uuid4().hex}"
    with temporary.open("xb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    return temporary


def _link(path: Path, data: bytes) -> bool:
    if path.exists():
        return False
    temporary = _temporary(path, data)
    try:
        os.link(temporary, path)
    except FileExistsError:
        return False
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(path.parent)
    return True


def _status(error: BaseException) -> int | None:
    answer: Any = getattr(error, "response", None)
    if not isinstance(answer, dict):
        return None
    status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode")
    return int(status) if status else None


def _retried(error: BaseException) -> bool:
    """Tell whether the client sent it more than once: then the first may be what stands in the way."""
    answer: Any = getattr(error, "response", None) or {}
    return int(answer.get("ResponseMetadata", {}).get("RetryAttempts", 0)) > 0


def _read_back(location: Location, data: bytes, error: Exception) -> bool:
    """Decide a doubtful write by what is there now; try once more when nothing is."""
    found = read_if_present(location)
    if found is not None:
        return found == data
    if _status(error) not in _TAKEN and _status(error) is not None:
        raise StorageError.at(str(location), f"cannot be written ({_plain(error)})", "an accepted write") from error
    try:
        location.s3_client().put_object(Bucket=location.bucket, Key=location.key, Body=data, IfNoneMatch="*")
    except Exception as again:
        found = read_if_present(location)
        if found is None:
            raise StorageError.at(str(location), f"cannot be written ({_plain(again)})", "an accepted write") from again
        return found == data
    return True


def _plain(error: BaseException) -> str:
    return f"{type(error).__name__}: {str(error).splitlines()[0][:200] if str(error) else 'no text'}"
