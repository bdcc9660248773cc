"""Airflow's connections, in the shape that ``include`` asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk import BaseHook

if TYPE_CHECKING:
    from include.sources.connections import Connection


class AirflowConnections:
    """Gives connections by id from Airflow's secrets backends."""

    def get(self, conn_id: str) -> Connection:
        """Return a connection; Airflow's own error says what to do when there is none."""
        from include.sources.connections import Connection

        found = BaseHook.get_connection(conn_id)
        return Connection(
            conn_id,
            found.conn_type or "",
            found.host,
            found.login,
            found.password,
            found.schema,
            found.port,
            dict(found.extra_dejson),
        )
