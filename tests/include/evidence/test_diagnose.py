"""Upstream faults are named; a changed world is not called a fault."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pytest

from include.evidence.diagnose import WORLD, diagnose, is_defect
from include.evidence.summary import Summary, summarise

Columns = dict[str, np.ndarray]
HOURS = np.repeat(
    np.arange(24), [0, 0, 0, 0, 0, 5, 25, 30, 28, 22, 20, 18, 18, 20, 22, 24, 28, 32, 26, 20, 14, 8, 4, 0]
)


def day(seed: int) -> Columns:
    rng = np.random.default_rng(seed)
    hours = rng.choice(HOURS, 400)
    label = rng.integers(0, 2, 400)
    return {
        "id": seed * 1000 + np.arange(400),
        "at": np.datetime64("2024-01-01", "us") + seed * np.timedelta64(1, "D") + hours * np.timedelta64(1, "h"),
        "amount": np.exp(rng.normal(3, 0.7, 400)),
        "degrees": rng.normal(8, 5, 400).round(1),
        "shop": rng.choice(["north", "south", "east", "west"], 400, p=[0.4, 0.3, 0.2, 0.1]).astype(object),
        "late": label,
    }


def summary(columns: Columns) -> Summary:
    table = pa.table({name: pa.array(values, from_pandas=True) for name, values in columns.items()})
    return summarise(table.to_batches(), key=("id",), event_time="at", label="late")


HISTORY = [summary(day(seed)) for seed in range(20)]


def changed(**columns: Callable[[Columns], np.ndarray]) -> Columns:
    tonight = day(50)
    return {**tonight, **{name: change(tonight) for name, change in columns.items()}}


def each(columns: Columns, kept: np.ndarray) -> Columns:
    return {name: values[kept] for name, values in columns.items()}


def with_nulls(values: np.ndarray, share: float) -> np.ndarray:
    return np.where(np.arange(len(values)) < share * len(values), None, values.astype(object))


def copied() -> Columns:
    old = day(17)
    return {**old, "at": old["at"] + np.timedelta64(33, "D"), "id": old["id"] + 7_000_000}


FAULTS = {
    "unit change": [
        (changed(amount=lambda day: day["amount"] * 100), "amount looks like 100 times its usual values"),
        (changed(degrees=lambda day: day["degrees"] * 1.8 + 32), "Celsius to Fahrenheit"),
        (changed(degrees=lambda day: day["degrees"] + 273.15), "Celsius to kelvin"),
    ],
    "null burst": [
        (changed(amount=lambda day: with_nulls(day["amount"], 0.3)), "30% of amount is null"),
        (changed(shop=lambda day: with_nulls(day["shop"], 1.0)), "100% of shop is null"),
        ({k: v for k, v in day(50).items() if k != "amount"}, "The column amount is missing."),
    ],
    "constant column": [
        (changed(amount=lambda day: np.full(400, 7.5)), "amount is 7.5 in every row"),
        (changed(degrees=lambda day: np.where(np.arange(400) < 240, -999.0, day["degrees"])), "the one value -999"),
    ],
    "renamed category": [
        (changed(shop=lambda day: np.where(day["shop"] == "north", "NORTH", day["shop"])), "'north' to 'NORTH'"),
        (changed(shop=lambda day: np.where(day["shop"] == "south", "s2", day["shop"])), "'south' to 's2'"),
        (changed(shop=lambda day: np.array([f"{len(name)}{name[0]}" for name in day["shop"]])), "look renamed"),
    ],
    "new category": [
        (changed(shop=lambda day: np.where(np.arange(400) % 4 == 0, "?", day["shop"])), "'?' is new in shop"),
    ],
    "vanished category": [(each(day(50), day(50)["shop"] != "south"), "'south' vanished from shop")],
    "duplicate rows": [(each(day(50), np.repeat(np.arange(400), 2)), "50% of the rows repeat a key")],
    "copy of an earlier partition": [(copied(), "100% of the rows repeat the partition 3 before")],
    "truncated partition": [(each(day(50), (day(50)["at"].astype("M8[h]").astype(int) % 24) < 12), "The last 12 hours")],
    "shifted hours": [
        (changed(at=lambda day: day["at"].astype("M8[D]") + (day["at"] - day["at"].astype("M8[D]") + np.timedelta64(29, "h")) % np.timedelta64(24, "h")), "+5 h"),
    ],
    "label leakage": [(changed(amount=lambda day: day["late"] * 30.0 + day["degrees"]), "amount alone now tells")],
}  # fmt: skip


@pytest.mark.parametrize(
    ("cause", "columns", "words"), [(cause, *case) for cause, cases in FAULTS.items() for case in cases]
)
def test_fault_is_named(cause, columns, words):
    found = diagnose(summary(columns), HISTORY)
    named = [one for one in found if one.cause == cause]
    assert named, [one.sentence for one in found]
    assert named[0].defect
    assert words in named[0].sentence
    assert is_defect(found)


@pytest.mark.parametrize(
    "columns",
    [
        day(51),
        changed(degrees=lambda day: day["degrees"] + 6.0),
        changed(amount=lambda day: day["amount"] * 1.5),
        changed(shop=lambda day: np.where(np.arange(400) % 50 == 0, "fifth", day["shop"])),
        each(day(50), np.arange(400) % 2 == 0),
        changed(shop=lambda day: np.where(np.arange(400) % 3 == 0, "west", day["shop"])),
    ],
    ids=["calm", "warmer", "dearer", "new small shop", "half the rows", "another mix"],
)
def test_changed_world_is_no_fault(columns):
    found = diagnose(summary(columns), HISTORY)
    assert not is_defect(found)
    assert found[-1].cause == WORLD
    assert found[-1].sentence == "No fault of the data explains it: the world changed."


def test_short_history_cannot_tell():
    found = diagnose(summary(day(50)), HISTORY[:4])
    assert [(one.cause, one.defect) for one in found] == [("cannot tell", False)]
    assert "4 calm partitions to compare, at least 5 needed" in found[0].sentence


def test_empty_partition_cannot_tell():
    assert diagnose(summarise([]), HISTORY)[0].cause == "cannot tell"


def test_only_the_asked_columns_are_looked_at():
    broken = summary(changed(amount=lambda day: day["amount"] * 100))
    assert not is_defect(diagnose(broken, HISTORY, subjects=["degrees"]))


def test_habitual_gaps_are_no_burst():
    gappy = [summary({**day(s), "amount": with_nulls(day(s)["amount"], 0.3 + 0.01 * (s % 5))}) for s in range(8)]
    tonight = summary(changed(amount=lambda day: with_nulls(day["amount"], 0.33)))
    assert not is_defect(diagnose(tonight, gappy))


def test_missing_rows_without_times_are_told_by_their_number():
    def timeless(columns: Columns) -> Summary:
        return summarise(pa.table({"amount": columns["amount"]}).to_batches())

    tonight = timeless(each(day(50), np.arange(400) < 80))
    found = diagnose(tonight, [timeless(day(seed)) for seed in range(8)])
    assert [one.cause for one in found if one.defect] == ["truncated partition"]


def test_defects_come_first():
    found = diagnose(summary(changed(amount=lambda day: day["amount"] * 100,
                                     shop=lambda day: np.where(np.arange(400) == 0, "x", day["shop"]))), HISTORY)  # fmt: skip
    assert [one.defect for one in found] == sorted((one.defect for one in found), reverse=True)
    assert {one.cause for one in found} == {"unit change", "new category"}
