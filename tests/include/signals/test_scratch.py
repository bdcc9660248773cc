"""Arrays that a thread reuses."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from include.signals.moments import Moments
from include.signals.scratch import LARGEST, scratch


def test_a_use_has_one_memory_in_a_thread_and_another_in_another():
    mine = scratch("test", 10)
    with ThreadPoolExecutor(1) as pool:
        theirs = pool.submit(scratch, "test", 10).result()
    assert np.shares_memory(mine, scratch("test", 5))
    assert not np.shares_memory(mine, theirs)
    assert not np.shares_memory(mine, scratch("other", 10))


def test_long_arrays_are_not_held():
    assert len(scratch("test", LARGEST + 1)) == LARGEST + 1
    assert not np.shares_memory(scratch("test", LARGEST + 1), scratch("test", LARGEST + 1))


def test_moments_do_not_depend_on_what_the_memory_held_before():
    values = np.random.default_rng(1).normal(size=1_000)
    first = Moments.of(values)
    Moments.of(np.full(2_000, 1e9))
    assert Moments.of(values) == first
    assert first.m4 == np.sum(((values - values.mean()) ** 2) ** 2)
