"""Upstream faults are named; a changed world is not called a fault."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pytest

from include.evidence.column_faults import leaks
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


def again() -> Columns:
    """Return a day of which 21 rows were delivered twice, the second time under ids of their own."""
    twice = each(day(50), np.r_[np.arange(400), np.arange(0, 400, 19)[:21]])
    return {**twice, "id": np.r_[twice["id"][:400], 8_000_000 + np.arange(21)]}


FAULTS = {
    "unit change": [
        (changed(amount=lambda day: day["amount"] * 100), "amount looks like 100 times its usual values"),
        (changed(degrees=lambda day: day["degrees"] * 1.8 + 32), "Celsius to Fahrenheit"),
        (changed(degrees=lambda day: day["degrees"] + 273.15), "Celsius to kelvin"),
        (changed(amount=lambda day: -day["amount"]), "another unit (opposite signs)?"),
    ],
    "null burst": [
        (changed(amount=lambda day: with_nulls(day["amount"], 0.3)), "30% of amount is null"),
        (changed(shop=lambda day: with_nulls(day["shop"], 1.0)), "100% of shop is null"),
        ({k: v for k, v in day(50).items() if k != "amount"}, "The column amount is missing."),
    ],
    "constant column": [
        (changed(amount=lambda day: np.full(400, 7.5)), "amount is 7.5 in every row"),
        (changed(degrees=lambda day: np.where(np.arange(400) < 240, -999.0, day["degrees"])), "60% of degrees is -999"),
        (changed(degrees=lambda day: np.where(np.arange(400) < 60, 9999.0, day["degrees"])), "15% of degrees is 9999"),
        (changed(degrees=lambda day: np.where(np.arange(400) < 160, day["degrees"][0], day["degrees"])), "or stuck?"),
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
    "duplicate rows": [
        (each(day(50), np.repeat(np.arange(400), 2)), "50% of the rows repeat a key"),
        (again(), "5% of the rows repeat another one under a new key, where at most"),
    ],
    "copy of an earlier partition": [(copied(), "100% of the rows repeat the partition 3 before")],
    "truncated partition": [
        (each(day(50), (day(50)["at"].astype("M8[h]").astype(int) % 24) < 12), "The last 12 hours"),
        (each(day(50), np.arange(400) == 7), "1 row, where there were at least 400: cut off?"),
    ],
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
        changed(amount=lambda day: day["amount"] * 2.20462),
        changed(degrees=lambda day: np.where(np.arange(400) < 80, 10.0, day["degrees"])),
    ],
    ids=[
        "calm",
        "warmer",
        "dearer",
        "new small shop",
        "half the rows",
        "another mix",
        "twice as dear",
        "a group booking",
    ],
)
def test_changed_world_is_no_fault(columns):
    found = diagnose(summary(columns), HISTORY)
    assert not is_defect(found)
    assert found[-1].cause == WORLD
    assert found[-1].sentence == "No fault of the data explains it: the world changed."


@pytest.mark.parametrize("nights", [5, 6, 7, 8])
def test_copy_is_told_from_a_short_history(nights):
    found = diagnose(summary(copied()), HISTORY[18 - nights : 18])
    assert "copy of an earlier partition" in [one.cause for one in found]


def test_renaming_is_told_once():
    """`north` is spelt anew and vanished at once: two reasons, one renaming."""
    tonight = summary(changed(shop=lambda day: np.where(day["shop"] == "north", "NORTH", day["shop"])))
    (found,) = [one for one in diagnose(tonight, HISTORY) if one.defect]
    assert found.sentence == "Categories of shop look renamed: 'north' to 'NORTH'."


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


def agents(seed: int, fresh: int) -> Summary:
    """Return a night in which some rows have an agent that no night before had."""
    names = np.where(np.arange(400) < fresh, f"agent {seed}", "house").astype(object)
    return summary({**day(seed), "agent": names})


def test_growing_column_may_bring_much_that_is_new():
    growing = [agents(seed, fresh=20) for seed in range(10)]
    assert not is_defect(diagnose(agents(50, fresh=120), growing))
    assert is_defect(diagnose(agents(50, fresh=280), growing))


def test_same_novelty_in_a_settled_column_is_a_fault():
    settled = [agents(0, fresh=0) for _ in range(10)]
    assert is_defect(diagnose(agents(50, fresh=120), settled))


def test_number_that_is_one_each_night_says_nothing():
    weeks = [summary({**day(seed), "week": np.full(400, seed // 7)}) for seed in range(20)]
    assert not is_defect(diagnose(summary({**day(50), "week": np.full(400, 30)}), weeks))


def week(hours: int) -> Summary:
    at = np.datetime64("2024-01-01", "us") + np.arange(hours) * np.timedelta64(1, "h")
    return summarise(
        pa.table({"at": at, "x": np.random.default_rng(hours).normal(size=hours)}).to_batches(), event_time="at"
    )


def test_week_that_ends_early_is_truncated():
    calm = [week(168 - step) for step in range(6)]
    found = [one for one in diagnose(week(110), calm) if one.defect]
    assert [one.cause for one in found] == ["truncated partition"]
    assert found[0].sentence == "The rows span 109 hours, where they spanned at least 162: cut off?"
    assert not is_defect(diagnose(week(155), calm))


def test_mild_factor_on_a_fine_grid_is_no_unit():
    def readings(seed: int, factor: float) -> Summary:
        values = np.random.default_rng(seed).normal(280, 4, 4000).round(2)
        return summarise(pa.table({"kelvin": values * factor}).to_batches())

    assert not is_defect(diagnose(readings(50, 1.15), [readings(seed, 1.0) for seed in range(12)]))


def test_defects_come_first():
    found = diagnose(summary(changed(amount=lambda day: day["amount"] * 100,
                                     shop=lambda day: np.where(np.arange(400) == 0, "x", day["shop"]))), HISTORY)  # fmt: skip
    assert [one.defect for one in found] == sorted((one.defect for one in found), reverse=True)
    assert {one.cause for one in found} == {"unit change", "new category"}


def gaps(seed: int, share: float) -> Summary:
    columns = day(seed)
    return summary({**columns, "amount": with_nulls(columns["amount"], share)})


@pytest.mark.parametrize(("share", "defect"), [(0.31, False), (0.36, False), (0.5, True)])
def test_more_of_the_usual_gaps_are_no_fault(share: float, defect: bool) -> None:
    """A storm cancels flights, and cancelled ones have no aircraft; a feed that fails leaves half of them without."""
    usual = [gaps(seed, 0.15 + 0.01 * (seed % 4)) for seed in range(20)]
    assert is_defect(diagnose(gaps(50, share), usual)) is defect


def test_column_that_hardly_varies_may_be_constant_once() -> None:
    def rare(seed: int, share: float) -> Summary:
        return summary({**day(seed), "shop": np.where(np.arange(400) < share * 400, "south", "north").astype(object)})

    assert not is_defect(diagnose(rare(50, 0.0), [rare(seed, 0.05) for seed in range(20)]))
    assert is_defect(diagnose(rare(50, 0.0), [rare(seed, 0.3) for seed in range(20)]))


def test_a_class_that_has_just_appeared_is_no_leak():
    history = [{("width", "narrow"): 0.5, ("width", "broad"): 0.6}] * 30
    tonight = {("width", "narrow"): 0.5, ("width", "broad"): 0.6, ("width", "huge"): 1.0}

    assert list(leaks(tonight, history)) == []
    (found,) = leaks({**tonight, ("width", "broad"): 0.95}, history)
    assert (found.subject, found.sentence) == (
        "width",
        "width alone now tells the class broad (strength 0.95, at most 0.60 before): "
        "it holds the outcome, unless the world has made it that telling.",
    )


@pytest.mark.parametrize(
    ("strength", "classes", "leak"),
    [(0.95, True, False), (0.97, True, True), (0.88, False, False), (0.92, False, True)],
)
def test_of_classes_only_a_nearly_perfect_column_is_a_leak(strength: float, classes: bool, leak: bool):
    found = list(leaks({("dose", ""): strength}, [{("dose", ""): 0.5}] * 30, classes=classes))
    assert bool(found) is leak


def test_a_column_that_becomes_telling_step_by_step_is_no_leak():
    history: list[dict[tuple[str, str], float]] = [{("dose", ""): 0.5}] * 30
    for strength in (0.65, 0.8, 0.95, 0.99):
        tonight = {("dose", ""): strength}
        assert list(leaks(tonight, history[-30:], classes=True)) == []
        history.append(tonight)


def thinned(seed: int, rows: int, nulls: int) -> Summary:
    """Return a night of few rows, whose first amounts are missing."""
    columns = each(day(seed), np.arange(400) < rows)
    return summary({**columns, "amount": with_nulls(columns["amount"], nulls / rows)})


@pytest.mark.parametrize(
    ("rows", "nulls", "defect"),
    [(25, 3, False), (25, 10, True), (5, 1, False), (10, 8, True)],
)
def test_a_few_gaps_among_few_rows_are_chance(rows: int, nulls: int, defect: bool) -> None:
    """A Sunday of 25 rows has three of the gaps that 2 % of all rows have once in 80 times."""
    usual = [gaps(seed, 0.02) for seed in range(20)]
    found = [one.cause for one in diagnose(thinned(50, rows, nulls), usual) if one.cause == "null burst"]
    assert bool(found) is defect


def test_infinities_are_told_as_such() -> None:
    tonight = changed(amount=lambda day: np.where(np.arange(400) < 40, np.inf, day["amount"]))
    (found,) = [one for one in diagnose(summary(tonight), HISTORY) if one.cause == "null burst"]
    assert found.sentence == "10% of amount is null or infinite (10% is), where hardly ever more than 0.0% was."
    assert found.evidence["infinite_share"] == pytest.approx(0.1)


def first_of(shop: str, name: str, count: int) -> Columns:
    """Return a day on which the first orders of a shop name it otherwise."""
    tonight = day(50)
    places = np.flatnonzero(tonight["shop"] == shop)[:count]
    return {**tonight, "shop": np.where(np.isin(np.arange(400), places), name, tonight["shop"])}


@pytest.mark.parametrize(("count", "defect"), [(1, False), (20, False), (60, True)])
def test_a_typing_error_is_no_renaming(count: int, defect: bool) -> None:
    found = diagnose(summary(first_of("north", "North ", count)), HISTORY)
    assert is_defect(found) is defect
    assert ("renamed category" in [one.cause for one in found]) is defect


def test_a_rare_category_may_be_renamed_whole() -> None:
    def rare(seed: int, name: str) -> Summary:
        return summary({**day(seed), "shop": np.where(np.arange(400) < 12, name, "north").astype(object)})

    (found,) = diagnose(rare(50, "South"), [rare(seed, "south") for seed in range(20)])
    assert found.sentence == "Categories of shop look renamed: 'south' to 'South'."


@pytest.mark.parametrize(("rows", "fresh", "defect"), [(25, 3, False), (25, 12, True), (400, 48, True)])
def test_a_few_new_values_among_few_rows_are_chance(rows: int, fresh: int, defect: bool) -> None:
    """A column that brings a value never seen on every second night brings three at once on a quiet one."""
    usual = [agents(seed, fresh=seed % 2) for seed in range(40)]
    names = np.where(np.arange(rows) < fresh, "newcomer", "house").astype(object)
    tonight = summary({**each(day(50), np.arange(400) < rows), "agent": names})
    assert is_defect([one for one in diagnose(tonight, usual) if one.subject == "agent"]) is defect


@pytest.mark.parametrize(("rows", "cut"), [(30, False), (300, True)])
def test_a_quiet_day_may_have_no_row_at_its_end(rows: int, cut: bool) -> None:
    columns = day(50)
    early = each(columns, (columns["at"].astype("M8[h]").astype(int) % 24) < 20)
    found = diagnose(summary(each(early, np.arange(len(early["late"])) < rows)), HISTORY)
    assert ("truncated partition" in [one.cause for one in found]) is cut


@pytest.mark.parametrize(("rows", "zeros", "told"), [(30, 0.8, False), (30, 0.0, True), (400, 0.8, True)])
def test_unit_of_mostly_zeros_needs_enough_others(rows: int, zeros: float, told: bool) -> None:
    def discounts(seed: int, count: int, factor: float) -> Summary:
        rng = np.random.default_rng(seed)
        values = np.where(np.arange(count) < zeros * count, 0.0, rng.lognormal(2, 1, count) * factor)
        return summarise(pa.table({"discount": values}).to_batches())

    found = diagnose(discounts(50, rows, 1000.0), [discounts(seed, rows, 1.0) for seed in range(12)])
    assert ("unit change" in [one.cause for one in found]) is told


@pytest.mark.parametrize(("rows", "stuck"), [(25, False), (200, True)])
def test_a_quiet_day_may_bring_the_usual_value_only(rows: int, stuck: bool) -> None:
    """Of 25 orders at 85 % each, all have it once in 60 times; of 200, never."""

    def paid(seed: int, count: int, share: float) -> Summary:
        chosen = np.random.default_rng(seed).random(count) < share
        return summarise(pa.table({"paid": np.where(chosen, "card", "cash"), "express": chosen * 1.0}).to_batches())

    found = diagnose(paid(50, rows, 1.1), [paid(seed, 400, 0.85) for seed in range(12)])
    assert [one.subject for one in found if one.cause == "constant column"] == ["paid", "express"] * stuck


@pytest.mark.parametrize(("rows", "repeated", "stuck"), [(20, 12, False), (20, 19, True), (400, 260, True)])
def test_a_value_repeats_by_chance_among_few_rows(rows: int, repeated: int, stuck: bool) -> None:
    def items(seed: int, count: int, fixed: int) -> Summary:
        values = np.random.default_rng(seed).integers(0, 4, count).astype(float)
        return summarise(pa.table({"items": np.where(np.arange(count) < fixed, 2.0, values)}).to_batches())

    found = diagnose(items(50, rows, repeated - 2), [items(seed, 400, 0) for seed in range(12)])
    assert ("constant column" in [one.cause for one in found]) is stuck


@pytest.mark.parametrize("cause", ["truncated partition", "shifted hours"])
def test_quiet_sundays_hide_no_missing_or_shifted_hours(cause: str) -> None:
    def sunday(seed: int) -> Columns:
        return each(day(seed), np.arange(400) < 25)

    weeks = [summary(sunday(seed) if seed % 7 == 6 else day(seed)) for seed in range(28)]
    columns, words = FAULTS[cause][0]
    assert [(one.cause, words in one.sentence) for one in diagnose(summary(columns), weeks) if one.defect] == [
        (cause, True)
    ]
    assert not is_defect(diagnose(summary(sunday(60)), weeks))
    assert not is_defect(diagnose(summary(day(61)), weeks))


def test_a_late_morning_of_few_rows_is_no_time_zone() -> None:
    rng = np.random.default_rng(4)
    usual, later = np.repeat(np.arange(6, 22), 3), np.repeat(np.arange(8, 24), 3)

    def times(hours: np.ndarray) -> Summary:
        at = np.datetime64("2024-01-01", "us") + hours * np.timedelta64(1, "h")
        return summarise(pa.table({"at": at}).to_batches(), event_time="at")

    weeks = [times(rng.choice(usual, 400)) for _ in range(20)]
    found = [diagnose(times(rng.choice(later, count)), weeks)[0].cause for count in (30, 400)]
    assert found == [WORLD, "shifted hours"]
