"""Where a database or a store is, and how one logs in; never printed."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import parse_qsl, unquote, urlsplit

from include.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Mapping

_ID = re.compile(r"^[A-Za-z0-9_.-]{1,200}$")


@dataclass(frozen=True)
class Connection:
    """What an Airflow connection says.

    Attributes
    ----------
    conn_id, conn_type : str
        Its id, and its type (``postgres``, ``sqlite``, ``aws``, …).
    host, login, password, schema : str or None
        As in Airflow; of a database, `schema` is the database's name.
    port : int or None
        Port of the host.
    extra : Mapping[str, Any]
        Further settings.
    """

    conn_id: str
    conn_type: str = ""
    host: str | None = None
    login: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    schema: str | None = None
    port: int | None = None
    extra: Mapping[str, Any] = field(default_factory=dict, repr=False)


class Connections(Protocol):
    """Finds connections by id."""

    def get(self, conn_id: str) -> Connection:
        """Return the connection; `SourceError` when there is none."""


@dataclass(frozen=True)
class EnvironmentConnections:
    """Connections from the variables ``AIRFLOW_CONN_<ID>``, read as Airflow reads them but without Airflow.

    Attributes
    ----------
    environment : Mapping[str, str]
        Usually `os.environ`.

    Examples
    --------
    >>> found = EnvironmentConnections({"AIRFLOW_CONN_SHOP": "postgres://ann:p%40ss@db:5432/shop"}).get("shop")
    >>> found.host, found.login, found.password, found.port, found.schema
    ('db', 'ann', 'p@ss', 5432, 'shop')
    """

    environment: Mapping[str, str] = field(repr=False)

    def get(self, conn_id: str) -> Connection:
        """Return the connection; `SourceError` when there is none or it cannot be read."""
        if not _ID.match(conn_id):
            raise SourceError.at(
                "connection", "its id is not one that Airflow allows", "letters, digits, _ . -", "correct the id"
            )
        variable = f"AIRFLOW_CONN_{conn_id.upper()}"
        text = self.environment.get(variable, "").strip()
        if not text:
            raise SourceError.at(
                f"connection {conn_id!r}",
                f"the variable {variable} is not set",
                "a connection URI or its JSON",
                f"set {variable}, or add the connection in Airflow (Admin, Connections)",
            )
        try:
            return _from_json(conn_id, text) if text.startswith("{") else _from_uri(conn_id, text)
        except (ValueError, TypeError):  # its text may hold the password, so nothing of it is shown
            raise SourceError.at(
                f"connection {conn_id!r}",
                f"the variable {variable} cannot be read",
                "a URI such as postgres://login:password@host:5432/database, or JSON with conn_type, host, login",
                "correct it; special characters of a URI are percent-encoded",
            ) from None


def _from_json(conn_id: str, text: str) -> Connection:
    said = json.loads(text)
    extra = said.get("extra") or {}
    if isinstance(extra, str):
        extra = json.loads(extra)
    port = said.get("port")
    return Connection(
        conn_id,
        str(said.get("conn_type") or ""),
        said.get("host"),
        said.get("login"),
        said.get("password"),
        said.get("schema"),
        int(port) if port not in (None, "") else None,
        dict(extra),
    )


def _from_uri(conn_id: str, text: str) -> Connection:
    parts = urlsplit(text)
    if not parts.scheme:
        message = "a URI begins with its type"
        raise ValueError(message)
    extra: dict[str, Any] = dict(parse_qsl(parts.query, keep_blank_values=True))
    if "__extra__" in extra:
        extra = dict(json.loads(extra["__extra__"]))
    return Connection(
        conn_id,
        parts.scheme.replace("-", "_"),
        unquote(parts.hostname) if parts.hostname else None,
        unquote(parts.username) if parts.username else None,
        unquote(parts.password) if parts.password else None,
        unquote(parts.path[1:]) or None,
        parts.port,
        extra,
    )
