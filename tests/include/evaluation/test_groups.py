from __future__ import annotations

import numpy as np

from include.evaluation.groups import grouped
from include.evaluation.nights import NightScores


def night(**slices):
    size = len(next(iter(slices.values())))
    return NightScores("n", np.zeros(size), np.zeros(size), np.zeros(size), slices=slices)


def groups(nights, first, column):
    return [n.slices[column].tolist() for n in grouped(nights, first)]


def test_texts_and_few_numbers_stay_as_they_are():
    found = grouped([night(carrier=np.array(["AA", None, "UA"], object), stops=np.array([0, 1, 2]))], 1)[0]
    assert found.slices["carrier"].tolist() == ["AA", "missing", "UA"]
    assert found.slices["stops"].tolist() == ["0", "1", "2"]


def test_later_nights_do_not_move_the_ranges():
    first = night(amount=np.arange(40.0))
    later = night(amount=np.array([-100.0, 500.0, np.nan]))
    assert groups([first, later], 1, "amount")[1] == ["below 9.75", "29.25 or more", "missing"]


def test_number_with_one_frequent_value_has_fewer_ranges():
    values = np.concatenate([np.zeros(300), np.arange(1.0, 31.0)])
    assert set(groups([night(amount=values)], 1, "amount")[0]) == {"0 or more"}


def test_booleans_are_two_groups():
    assert groups([night(web=np.array([True, False]))], 1, "web") == [["True", "False"]]


def test_no_nights_give_none():
    assert grouped([], 0) == []
