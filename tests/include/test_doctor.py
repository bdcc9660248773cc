from __future__ import annotations

from pathlib import Path

from include.doctor import examine
from include.project import Project


def _states(environ: dict[str, str]) -> dict[str, str]:
    return {line.what: line.state for line in examine(Project.open(environ=environ), environ)}


def test_healthy_local_installation(tmp_path: Path) -> None:
    found = _states({"NIGHTSHIFT_HOME": str(tmp_path)})

    assert found["store"] == "pass"
    assert found["configuration"] == "pass"
    assert found["MLflow"] == "warn"
    assert found["connection nightshift_slack"] == "warn"


def test_broken_file_and_missing_connection_are_told(tmp_path: Path) -> None:
    (tmp_path / "config" / "datasets").mkdir(parents=True)
    (tmp_path / "config" / "datasets" / "shop.yaml").write_text(
        "name: shop\ndescription: x\nowner: {name: a}\nevent_time: t\n"
        "source: {kind: sql, connection: shop_db, query: select 1}\n"
    )
    (tmp_path / "config" / "datasets" / "bad.yaml").write_text("name: bad\n")
    found = _states({"NIGHTSHIFT_HOME": str(tmp_path / "home"), "NIGHTSHIFT_CONFIG": str(tmp_path / "config")})

    assert found["configuration"] == "fail"
    assert found["connection shop_db"] == "fail"


def test_unreachable_mlflow_is_told(tmp_path: Path) -> None:
    environ = {"NIGHTSHIFT_HOME": str(tmp_path), "MLFLOW_TRACKING_URI": "http://127.0.0.1:9"}

    assert _states(environ)["MLflow"] == "fail"
