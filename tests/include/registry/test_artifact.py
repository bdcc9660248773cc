from __future__ import annotations

import pytest

from include.errors import ConflictError, ModelError
from include.registry import proof
from include.registry.artifact import MANIFEST, MODEL, SIGNATURE, Artifact, load, save
from include.registry.signing import Keys
from include.scoring.batch import scores
from include.storage.locations import Location
from include.training.fit import fit_constant
from tests.include.training.made import flights, model, rows_of

NO_KEYS = Keys()


@pytest.fixture
def store(tmp_path):
    return Location.of(tmp_path / "artifacts")


@pytest.fixture
def saved(store):
    return save(model(), store, NO_KEYS)


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache"


def test_saved_model_loads_and_scores_the_same(store, saved, cache):
    batch = flights(100).combine_chunks().to_batches()[0]
    found = load(store, saved, keys=NO_KEYS, cache=cache)
    assert found == model()
    assert scores(found, batch).tolist() == scores(model(), batch).tolist()
    assert sorted(p.name for p in (store / saved).path.iterdir()) == [MANIFEST, MODEL]


def test_saving_twice_changes_nothing(store, saved):
    before = (store / saved / MODEL).path.stat().st_mtime_ns
    assert save(model(), store, NO_KEYS) == saved
    assert (store / saved / MODEL).path.stat().st_mtime_ns == before


def test_other_bytes_under_the_name_are_a_conflict(store, saved):
    (store / saved / MODEL).path.write_bytes(b"other")
    with pytest.raises(ConflictError, match=r"model.ubj: holds other bytes. Expected those of this model"):
        save(model(), store, NO_KEYS)


def test_constant_model_loads_without_a_child(store, cache, monkeypatch):
    monkeypatch.setattr("subprocess.run", None)
    artifact = fit_constant(rows_of(flights()), task="binary")
    digest = save(artifact, store, NO_KEYS)
    assert load(store, digest, keys=NO_KEYS, cache=cache) == artifact


def test_constant_model_has_no_booster():
    with pytest.raises(ModelError, match=r"is a constant. Expected a trained model"):
        fit_constant(rows_of(flights()), task="binary").booster()


@pytest.mark.parametrize("name", [MODEL, MANIFEST])
def test_one_changed_byte_is_refused(store, saved, cache, name):
    path = (store / saved / name).path
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(ModelError, match=rf"{name}: was altered \(its SHA-256 is .*restore the file, or roll back"):
        load(store, saved, keys=NO_KEYS, cache=cache)


@pytest.mark.parametrize("name", [MODEL, MANIFEST])
def test_missing_file_is_named(store, saved, cache, name):
    (store / saved / name).path.unlink()
    with pytest.raises(ModelError, match=rf"{name}: is not there"):
        load(store, saved, keys=NO_KEYS, cache=cache)


def test_truncated_model_is_refused(store, saved, cache):
    path = (store / saved / MODEL).path
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ModelError, match="was altered"):
        load(store, saved, keys=NO_KEYS, cache=cache)


def test_swapped_manifest_is_refused(store, saved, cache):
    forged = model().manifest.model_copy(update={"model_bytes": 1})
    (store / saved / MANIFEST).path.write_bytes(forged.json_bytes)
    with pytest.raises(ModelError, match=r"manifest.json: was altered"):
        load(store, saved, keys=NO_KEYS, cache=cache)


def test_second_load_needs_no_child(store, saved, cache, monkeypatch):
    load(store, saved, keys=NO_KEYS, cache=cache)
    monkeypatch.setattr("subprocess.run", None)
    assert load(store, saved, keys=NO_KEYS, cache=cache).digest == saved


def test_model_that_breaks_the_child_is_refused(store, cache):
    broken = b"not a model"
    manifest = model().manifest.model_copy(update={"model_sha256": proof_hash(broken)})
    digest = save(Artifact(manifest, broken), store, NO_KEYS)
    with pytest.raises(ModelError, match="cannot be loaded by a child interpreter"):
        load(store, digest, keys=NO_KEYS, cache=cache)
    assert not (cache / "proven").exists()


def test_signed_model_loads_with_the_key(store, cache, keys):
    digest = save(model(), store, keys)
    assert len((store / digest / SIGNATURE).path.read_bytes()) == 64
    assert load(store, digest, keys=Keys(None, keys.public), cache=cache).digest == digest


def test_unsigned_model_is_refused_where_a_key_is_set(store, saved, cache, keys):
    with pytest.raises(ModelError, match=r"has no signature. Expected one made with this installation's key"):
        load(store, saved, keys=keys, cache=cache)


def test_foreign_signature_is_refused(store, cache, keys, other_keys):
    digest = save(model(), store, other_keys)
    with pytest.raises(ModelError, match="has a wrong signature"):
        load(store, digest, keys=keys, cache=cache)


def test_environment_names_the_key(store, cache, monkeypatch, key_text):
    monkeypatch.setenv("NIGHTSHIFT_SIGNING_KEY", key_text)
    digest = save(model(), store)
    assert (store / digest / SIGNATURE).path.exists()
    assert load(store, digest, cache=cache).digest == digest
    (store / digest / SIGNATURE).path.unlink()
    with pytest.raises(ModelError, match="has no signature"):
        load(store, digest, cache=cache)


def test_cache_folder_follows_the_user(monkeypatch, tmp_path):
    proof.default_cache.cache_clear()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert proof.default_cache() == tmp_path / "nightshift"
    proof.default_cache.cache_clear()


def proof_hash(data):
    from include.registry.artifact import sha256

    return sha256(data)
