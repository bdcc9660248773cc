from __future__ import annotations

from typing import get_args

import pyarrow as pa
import pytest

from include.config.dataset import ColumnType
from include.contracts.types import matches, name_of


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (pa.bool_(), "bool"),
        (pa.uint8(), "uint8"),
        (pa.float32(), "float32"),
        (pa.date32(), "date"),
        (pa.timestamp("ns", tz="UTC"), "timestamp"),
        (pa.timestamp("us"), "timestamp[us]"),
        (pa.decimal128(5, 2), "decimal"),
        (pa.dictionary(pa.int32(), pa.string()), "string"),
        (pa.large_string(), "string"),
        (pa.list_(pa.int64()), "list<item: int64>"),
    ],
)
def test_arrow_type_has_one_name(kind, name):
    assert name_of(kind) == name


@pytest.mark.parametrize("name", get_args(ColumnType))
def test_no_type_matches_another(name):
    kinds = [
        pa.bool_(),
        pa.int8(),
        pa.int16(),
        pa.int32(),
        pa.int64(),
        pa.uint8(),
        pa.float32(),
        pa.float64(),
        pa.string(),
    ]
    kinds += [pa.date32(), pa.timestamp("us", tz="UTC"), pa.decimal128(9, 2)]
    assert [name_of(kind) for kind in kinds if matches(name, kind)] == [name]
