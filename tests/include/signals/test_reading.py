from __future__ import annotations

import gzip
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from include.signals.errors import SignalError
from include.signals.reading import Side, parquet_batches


def write(path: Path, **columns: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), path)
    return path


def test_parquet_gives_only_the_columns_asked_for(tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", x=[1, 2], c=["a", "b"], unused=[[1], [2]])
    (batch,) = parquet_batches(path, ["c", "x"])
    assert batch.schema.names == ["x", "c"] or batch.schema.names == ["c", "x"]
    assert pa.types.is_dictionary(batch.schema.field("c").type)
    assert sum(one.num_rows for one in parquet_batches(path)) == 2


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz"])
def test_csv_is_read_with_its_types(tmp_path: Path, name: str) -> None:
    text = "x,c,n\n1,a,\n2.5,b,\n"
    path = tmp_path / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith("gz") else text.encode())
    side = Side.open(path)
    assert side.kinds == {"x": "numeric", "c": "categorical", "n": "numeric"}
    assert side.is_null("n")
    assert side.column("x").to_pylist() == [1.0, 2.5]


def test_keyed_folders_split_a_side(tmp_path: Path) -> None:
    write(tmp_path / "period=2024-02" / "part-0.parquet", x=[3])
    write(tmp_path / "period=2024-01" / "part-0.parquet", x=[1])
    write(tmp_path / "period=2024-01" / "part-1.parquet", x=[2.5])
    side = Side.open(tmp_path)
    assert side.key == "period"
    assert [part.key for part in side.parts] == ["2024-01", "2024-01", "2024-02"]
    assert side.column("x").to_pylist() == [1.0, 2.5, 3.0]
    assert side.column("x", "2024-02").to_pylist() == [3]


def test_plain_folders_are_one_side(tmp_path: Path) -> None:
    write(tmp_path / "b.parquet", x=pa.array([2]), c=pa.nulls(1))
    write(tmp_path / "a.parquet", x=pa.array([1]), c=pa.array(["u"]))
    side = Side.open(tmp_path)
    assert side.key is None
    assert side.column("x").to_pylist() == [1, 2]
    assert side.kinds == {"x": "numeric", "c": "categorical"}
    assert side.column("c").to_pylist() == ["u", None]


def test_an_empty_parquet_gives_an_empty_batch(tmp_path: Path) -> None:
    side = Side.open(write(tmp_path / "a.parquet", x=pa.array([], pa.int8())))
    assert [batch.num_rows for batch in side.batches(["x"])] == [0]
    assert Side.open(_csv(tmp_path, "x,c\n")).column("x").to_pylist() == []


def _csv(folder: Path, text: str) -> Path:
    path = folder / "made.csv"
    path.write_text(text)
    return path


def test_clocks_are_told(tmp_path: Path) -> None:
    side = Side.open(
        write(tmp_path / "a.parquet", t=pa.array([0], pa.timestamp("us")), d=pa.array([0], pa.date32()), x=[1])
    )
    assert [name for name in side.kinds if side.is_clock(name)] == ["t", "d"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("missing.parquet", None, r"missing\.parquet: it does not exist\. Expected a file or folder"),
        ("a.xlsx", b"x", r"a\.xlsx: not a file that can be read\. Expected \.parquet or \.csv"),
        ("a.parquet", b"", r"a\.parquet: it cannot be read as Parquet \("),
        ("a.parquet", b"PAR1 cut off", r"a\.parquet: it cannot be read as Parquet \(.*To do: write it again"),
        ("a.csv", b"", r"a\.csv: it is empty\. Expected a header and rows"),
        ("a.csv", b"x,y\n1,2\n1,2,3\n", r"a\.csv: it cannot be read as CSV \("),
        ("a.csv.gz", b"x\n1\n", r"a\.csv\.gz: it cannot be read as CSV \("),
    ],
)
def test_bad_files_are_explained(tmp_path: Path, name: str, content: bytes | None, message: str) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(SignalError, match=message):
        _ = Side.open(tmp_path / name).kinds


def test_a_truncated_file_is_explained(tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", x=list(range(100_000)))
    content = path.read_bytes()
    path.write_bytes(content[:1000] + b"\0" * (len(content) - 2000) + content[-1000:])
    with pytest.raises(SignalError, match="it cannot be read as Parquet"):
        list(Side.open(path).batches(["x"]))


def test_a_folder_without_files_is_explained(tmp_path: Path) -> None:
    with pytest.raises(SignalError, match=r"no file in it\. Expected files ending in \.parquet, \.csv, \.csv\.gz"):
        Side.open(tmp_path)


def test_two_keys_are_explained(tmp_path: Path) -> None:
    write(tmp_path / "period=1" / "a.parquet", x=[1])
    write(tmp_path / "b.parquet", x=[1])
    with pytest.raises(SignalError, match="Expected one key for all"):
        Side.open(tmp_path)


@pytest.mark.parametrize(
    ("second", "message"),
    [
        ({"x": ["a"]}, r"b\.parquet, column x: type string\. Expected numeric values, as in a\.parquet"),
        ({"y": [1]}, r"b\.parquet: column x is not in all files"),
    ],
)
def test_files_that_disagree_are_explained(tmp_path: Path, second: dict[str, list[object]], message: str) -> None:
    write(tmp_path / "a.parquet", x=[1])
    write(tmp_path / "b.parquet", **second)
    with pytest.raises(SignalError, match=message):
        _ = Side.open(tmp_path).kinds


def test_two_columns_of_one_name_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x,x\n1,2\n")
    with pytest.raises(SignalError, match="two columns are named 'x'"):
        _ = Side.open(tmp_path / "a.csv").kinds
