"""Where the embedded platform keeps things, and the environment its parts run in."""

from __future__ import annotations

import json
import os
import secrets
import socket
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from include.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).resolve().parents[2]
PARALLELISM = 4

_FIXED: Mapping[str, str] = {
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
    "AIRFLOW__CORE__PARALLELISM": str(PARALLELISM),
    "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
    "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": "admin:admin",
    "AIRFLOW__API__HOST": "127.0.0.1",
    "AIRFLOW__API__WORKERS": "1",
    "AIRFLOW__EXECUTION_API__JWT_EXPIRATION_TIME": "86400",
    "AIRFLOW__DATABASE__SQL_ALCHEMY_POOL_SIZE": "50",
    "AIRFLOW__DATABASE__SQL_ALCHEMY_MAX_OVERFLOW": "50",
    "AIRFLOW__WORKERS__EXECUTION_API_TIMEOUT": "60",
    "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
    "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.2",
    "AIRFLOW__SCHEDULER__ENABLE_HEALTH_CHECK": "False",
    "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "60",
    "AIRFLOW__LOGGING__LOGGING_LEVEL": "INFO",
    "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
    "OMP_NUM_THREADS": "1",
    "GX_ANALYTICS_ENABLED": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "1",
    "PYTHONWARNINGS": "ignore",
    "PYTHONUNBUFFERED": "1",
    "NO_PROXY": "localhost,127.0.0.1",
    "no_proxy": "localhost,127.0.0.1",
}
"""Settings that are the same everywhere."""


@dataclass(frozen=True)
class Platform:
    """The embedded platform of one folder.

    Attributes
    ----------
    home : Path
        ``NIGHTSHIFT_HOME``: tables, ledgers, reports, and the platform's own files.
    port : int
        Of Airflow's api-server.
    mlflow_port : int
        Of the MLflow server of ``make up``.
    """

    home: Path
    port: int
    mlflow_port: int

    @property
    def airflow_home(self) -> Path:
        """Return the folder of Airflow's database, logs and secrets."""
        return self.home / "airflow"

    @property
    def database(self) -> Path:
        """Return Airflow's database file."""
        return self.airflow_home / "airflow.db"

    @property
    def tracking_uri(self) -> str:
        """Return MLflow's database, which the runs write to directly."""
        return f"sqlite:///{self.home / 'mlflow' / 'mlflow.db'}"

    @property
    def password_file(self) -> Path:
        """Return the file with the password of the user ``admin``."""
        return self.airflow_home / "passwords.json"

    def environment(self, base: Mapping[str, str]) -> dict[str, str]:
        """Return the environment of every part: measured to work, each for a reason that docs/platform.md gives."""
        kept = {name: value for name, value in base.items() if not name.startswith("AIRFLOW__")}
        connections = {name: value for name, value in base.items() if name.startswith("AIRFLOW_CONN_")}
        return {**kept, **_FIXED, **self._own(), **connections}

    def _own(self) -> dict[str, str]:
        """Return the settings with this installation's places, ports and secrets."""
        secret = _secrets(self.airflow_home)
        url = f"http://localhost:{self.port}"
        logs = self.airflow_home / "logs"
        return {
            "NIGHTSHIFT_HOME": str(self.home),
            "MLFLOW_TRACKING_URI": self.tracking_uri,
            "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "config"))),
            "AIRFLOW_HOME": str(self.airflow_home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
            "AIRFLOW__CORE__FERNET_KEY": secret["fernet"],
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(self.password_file),
            "AIRFLOW__API__PORT": str(self.port),
            "AIRFLOW__API__BASE_URL": url,
            "AIRFLOW__API__SECRET_KEY": secret["api"],
            "AIRFLOW__API_AUTH__JWT_SECRET": secret["jwt"],
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{self.database}",
            "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(logs),
            "AIRFLOW__LOGGING__DAG_PROCESSOR_CHILD_PROCESS_LOG_DIRECTORY": str(logs / "dag_processor"),
        }

    def password(self) -> str:
        """Return the password of the user ``admin``, made once."""
        if not self.password_file.exists():
            self.airflow_home.mkdir(parents=True, exist_ok=True)
            self.password_file.write_text(json.dumps({"admin": secrets.token_urlsafe(12)}))
            self.password_file.chmod(0o600)
        return str(json.loads(self.password_file.read_text())["admin"])


def platform_of(environ: Mapping[str, str]) -> Platform:
    """Return the embedded platform that the environment names, on free ports.

    Raises
    ------
    ConfigError
        When ``NIGHTSHIFT_HOME`` is no local path: the embedded platform keeps its own database there.
    """
    home = environ.get("NIGHTSHIFT_HOME") or ".nightshift"
    if "://" in home:
        raise ConfigError.at(
            "NIGHTSHIFT_HOME",
            f"is {home}",
            "a local folder for the embedded platform",
            "use an Airflow of your own for s3://, see docs/platform.md",
        )
    return Platform(
        Path(home).resolve(), _port(environ, "NIGHTSHIFT_PORT", 8080), _port(environ, "NIGHTSHIFT_MLFLOW_PORT", 5000)
    )


def python() -> str:
    """Return the interpreter that runs this."""
    return sys.executable


def _port(environ: Mapping[str, str], name: str, usual: int) -> int:
    """Return the port asked for, else the usual one or, when that is taken, any free one."""
    if environ.get(name):
        text = environ[name]
        wanted = int(text) if text.isascii() and text.isdigit() else 0
        if not 0 < wanted < 65536:
            raise ConfigError.at(name, f"is {text!r}", "a port from 1 to 65535", f"correct it, or unset {name}")
        if not _free(wanted):
            raise ConfigError.at(name, f"port {wanted} is taken", "a free port", f"stop what uses it, or unset {name}")
        return wanted
    return usual if _free(usual) else _any_free()


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _any_free() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _secrets(folder: Path) -> dict[str, str]:
    """Return the installation's secrets, made once and readable by their owner only."""
    path = folder / "secrets.json"
    if not path.exists():
        import base64

        folder.mkdir(parents=True, exist_ok=True)
        made = {
            "jwt": secrets.token_urlsafe(48),
            "api": secrets.token_urlsafe(32),
            "fernet": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        }
        path.touch(mode=0o600)
        path.write_text(json.dumps(made))
    return dict(json.loads(path.read_text()))
