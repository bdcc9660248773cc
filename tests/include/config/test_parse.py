from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from include.config.dataset import Dataset
from include.config.model import Model
from include.config.parse import parse_file
from tests.include.config.conftest import DATASET, MODEL

PIECES = st.one_of(
    st.text(max_size=6),
    st.sampled_from(
        ["{", "}", "[", "]", ": ", "\n", "\n  ", "- ", "&a ", "*a", "!!x ", "null", "'", '"', "#", "|", "---\n", "? "]
    ),
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.floats(0, 1), cut=st.integers(0, 20), piece=PIECES, model=st.booleans())
def test_whatever_is_written_is_answered_in_words(folder, place, cut, piece, model):
    whole = MODEL if model else DATASET
    at = int(place * len(whole))
    path = folder.root / "x.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes((whole[:at] + piece + whole[at + cut :]).encode("utf-8", "surrogatepass"))

    parsed = parse_file(path, Model if model else Dataset)

    assert parsed.item is not None or parsed.flaws
    assert all(message.startswith("include/x.yaml:") for message in parsed.messages())


def test_stand_ins_are_never_complained_about(folder):
    path = folder.write("datasets/trips.yaml", "name: trips\npartition: daily\n")

    parsed = parse_file(path, Dataset)

    assert parsed.item is None
    assert sorted({str(flaw.path[0]) for flaw in parsed.flaws}) == ["description", "owner", "partition", "source"]
    assert parsed.rest is not None
    assert parsed.rest.name == "trips"
