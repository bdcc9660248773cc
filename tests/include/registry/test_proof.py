from __future__ import annotations

import json
import random

import pytest
import xgboost as xgb

from include.errors import ModelError
from include.registry import proof
from include.registry.artifact import sha256
from include.registry.proof import prove
from tests.include.training.made import FEATURES, model


def edited(change):
    """Return the small model's file after a change of its trees, as UBJSON that xgboost wrote."""
    booster = model().booster()
    described = json.loads(bytes(booster.save_raw("json")))
    change(described["learner"]["gradient_booster"]["model"]["trees"][3])
    return json.dumps(described).encode()


def tried(data, tmp_path):
    prove(data, sha256(data), len(FEATURES), "m/model.ubj", tmp_path)


def test_sound_model_is_remembered(tmp_path):
    tried(model().model, tmp_path)
    (mark,) = (tmp_path / "proven").iterdir()
    assert mark.name == f"{model().manifest.model_sha256}-4-xgboost-{xgb.__version__}"


def set_child(tree):
    tree["left_children"][0] = 9_999


def set_cycle(tree):
    tree["left_children"][1] = 0


def set_feature(tree):
    tree["split_indices"][0] = 777


def set_orphan(tree):
    tree["left_children"][0] = tree["right_children"][0] = -1


@pytest.mark.parametrize("change", [set_child, set_cycle, set_feature, set_orphan])
def test_edited_trees_are_refused(tmp_path, change):
    with pytest.raises(ModelError, match=r"m/model.ubj: cannot be loaded by a child interpreter \("):
        tried(edited(change), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_unedited_json_is_sound(tmp_path):
    tried(edited(lambda tree: None), tmp_path)


def test_random_damage_never_reaches_this_interpreter(tmp_path, monkeypatch):
    monkeypatch.setattr(proof, "SECONDS", 1.0)
    source, refused = random.Random(4), 0
    for _ in range(12):
        data = bytearray(model().model)
        for _ in range(3):
            data[source.randrange(len(data))] = source.randrange(256)
        try:
            tried(bytes(data), tmp_path)
        except ModelError:
            refused += 1
    assert refused >= 3


def test_other_number_of_features_is_refused(tmp_path):
    with pytest.raises(ModelError, match="it expects 4 features, its manifest has 7"):
        prove(model().model, model().manifest.model_sha256, 7, "m", tmp_path)


@pytest.mark.filterwarnings("ignore")  # xgboost: gblinear is deprecated
def test_linear_booster_is_refused(tmp_path):
    booster = xgb.train({"booster": "gblinear"}, xgb.DMatrix([[1.0], [2.0]], label=[0.0, 1.0]), 1)
    data = bytes(booster.save_raw("ubj"))
    with pytest.raises(ModelError, match="it holds no trees"):
        prove(data, sha256(data), 1, "m", tmp_path)


def test_child_that_hangs_is_given_up(tmp_path, monkeypatch):
    hanging = tmp_path / "hang.py"
    hanging.write_text("import time; time.sleep(60)")
    monkeypatch.setattr(proof, "_CHILD", hanging)
    monkeypatch.setattr(proof, "SECONDS", 0.2)
    with pytest.raises(ModelError, match=r"was not loaded within 0.2 s by a child interpreter"):
        proof._child(b"x", 1, "m")


def test_child_that_crashes_is_reported(tmp_path, monkeypatch):
    crashing = tmp_path / "crash.py"
    crashing.write_text("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")
    monkeypatch.setattr(proof, "_CHILD", crashing)
    with pytest.raises(ModelError, match=r"it ended with signal 11"):
        proof._child(b"x", 1, "m")


def test_child_has_a_memory_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(proof, "MEMORY_BYTES", 64 * 2**20)
    with pytest.raises(ModelError, match="cannot be loaded by a child interpreter"):
        tried(model().model, tmp_path)


def test_child_sees_no_secrets(tmp_path, monkeypatch):
    showing = tmp_path / "show.py"
    showing.write_text("import os, sys; sys.stderr.write(','.join(sorted(os.environ))); sys.exit(3)")
    monkeypatch.setattr(proof, "_CHILD", showing)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    with pytest.raises(ModelError, match=r"\((LC_CTYPE,)?OMP_NUM_THREADS,PATH\)"):
        proof._child(b"x", 1, "m")
