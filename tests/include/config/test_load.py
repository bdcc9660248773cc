from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from include.config.load import config_root, digest, load_catalog, load_dataset, load_model, load_one
from include.errors import ConfigError

ROOT = Path(__file__).resolve().parents[3]


def test_a_model_of_six_lines_works(folder):
    folder.dataset()
    folder.model()

    model = load_catalog(folder.root).model("fares")

    assert model.policy.rule == "auto"
    assert model.all_datasets == ("trips",)
    assert model.gate.confidence == 0.95


def test_the_example_of_the_project_loads():
    catalog = load_catalog(ROOT / "include")

    assert catalog.broken == {}
    assert list(catalog.datasets) == ["airports", "flights", "planes", "weather"]
    assert list(catalog.models) == ["flight_delay"]
    assert catalog.model("flight_delay").all_datasets == ("flights", "weather", "planes", "airports")
    assert "ASOF LEFT JOIN weather" in (catalog.features_sql("flight_delay") or "")


def test_a_broken_file_harms_no_other(folder):
    folder.dataset()
    folder.model()
    folder.write("datasets/bad.yaml", "name: [")
    folder.write("models/Bad Model.yaml", "nothing")

    catalog = load_catalog(folder.root)

    assert list(catalog.models) == ["fares"]
    assert sorted(catalog.broken) == ["dataset/bad", "model/Bad_Model"]


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("datasets/x.yaml", b"", "include/datasets/x.yaml:1: the file is empty; a dataset begins with name: x"),
        ("models/x.yaml", b"- a", "include/models/x.yaml:1: the file is not a mapping of keys to values; a model begins with name: x"),
        ("models/x.yaml", b"name: \xe9", "include/models/x.yaml:1: the file is not UTF-8: byte 6 cannot be read; save it as UTF-8"),
        ("datasets/x.yml", b"name: x", "include/datasets/x.yml:1: the file's name ends in '.yml'; it must end in '.yaml'"),
        ("datasets/x.yaml", b"name: y", "include/datasets/x.yaml:1: name is 'y', but the file is called 'x.yaml'; they must be equal."),
    ],
)  # fmt: skip
def test_files_that_are_no_configuration(folder, name, content, expected):
    folder.write(name, "").write_bytes(content)

    errors = next(iter(load_catalog(folder.root).broken.values())).errors

    assert expected in [error.splitlines()[0] for error in errors]


def test_a_byte_order_mark_is_no_harm(folder):
    path = folder.dataset()
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())

    assert load_catalog(folder.root).broken == {}


def test_unknown_names_offer_the_nearest(folder):
    folder.dataset()
    catalog = load_catalog(folder.root)

    with pytest.raises(ConfigError, match=r"^include/datasets: there is no dataset 'trip'\. Did you mean 'trips'\?$"):
        catalog.dataset("trip")
    with pytest.raises(ConfigError, match=r"^include/models: there is no model 'fares'\. Known models: none\.$"):
        catalog.model("fares")


def test_asking_for_a_broken_one_gives_its_errors(folder):
    folder.dataset("kind: files", "kind: file")

    with pytest.raises(ConfigError) as caught:
        load_catalog(folder.root).dataset("trips")

    assert str(caught.value).startswith("include/datasets/trips.yaml:4: source.kind is 'file'")
    assert str(caught.value).endswith("Check it with: python -m include lint trips")


def test_loading_one_model_opens_only_its_datasets(folder):
    folder.dataset()
    folder.model()
    folder.write("datasets/other.yaml", "name: [")
    folder.write("models/other.yaml", "name: [")

    catalog = load_one(folder.root, "model", "fares")

    assert (list(catalog.datasets), list(catalog.models), dict(catalog.broken)) == (["trips"], ["fares"], {})


@pytest.mark.parametrize("name", ["none", "../datasets/trips", "a/b"])
def test_loading_one_that_is_not_there_gives_nothing(folder, name):
    folder.dataset()

    catalog = load_one(folder.root, "model", name)

    assert (dict(catalog.models), dict(catalog.broken)) == ({}, {})


def test_a_missing_folder_is_an_empty_catalog(tmp_path):
    catalog = load_catalog(tmp_path / "nowhere")

    assert (dict(catalog.datasets), dict(catalog.models), dict(catalog.broken)) == ({}, {}, {})


def test_single_files_raise_all_their_errors(folder):
    good, bad = folder.dataset(), folder.model("task: regression", "task: x")

    assert load_dataset(good).name == "trips"
    with pytest.raises(ConfigError, match="task is 'x', expected one of: binary, regression, multiclass"):
        load_model(bad)


def test_the_digest_follows_meaning_not_writing(folder):
    folder.dataset()
    plain = load_model(folder.model())
    rewritten = load_model(folder.model("task: regression", "task:   'regression'  # same", more="lead: 0s\n"))
    changed = load_model(folder.model(more="lead: 2h\n"))

    assert digest(plain) == digest(rewritten)
    assert digest(plain) != digest(changed)
    assert digest(plain, sql="SELECT 1") != digest(plain, sql="SELECT 2")


def test_the_digest_of_a_model_covers_its_datasets(folder):
    folder.dataset()
    folder.model()
    before = load_catalog(folder.root).digest("fares")
    folder.dataset("{type: string}", "{type: string, unique: true}")

    assert load_catalog(folder.root).digest("fares") != before


def test_the_folder_can_be_elsewhere(tmp_path):
    assert config_root({"NIGHTSHIFT_CONFIG": str(tmp_path)}) == tmp_path
    assert config_root({}) == ROOT / "include"


def test_loading_imports_no_heavy_library():
    program = (
        "import sys; from pathlib import Path; from include.config.load import load_catalog; "
        f"assert load_catalog(Path({str(ROOT / 'include')!r})).models; "
        "heavy = {'numpy', 'pandas', 'pyarrow', 'duckdb', 'scipy', 'sqlalchemy', 'boto3', 'airflow'}; "
        "print(sorted(heavy & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)

    assert found.stdout.strip() == "[]"


def test_two_hundred_models_load_in_seconds(folder):
    folder.dataset()
    text = folder.model().read_text(encoding="utf-8")
    for number in range(200):
        name = f"fares_{number}"
        folder.write(f"models/{name}.yaml", text.replace("name: fares", f"name: {name}"))

    begun = time.process_time()
    catalog = load_catalog(folder.root)

    assert len(catalog.models) == 201
    assert time.process_time() - begun < 2
