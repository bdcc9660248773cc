from __future__ import annotations

import subprocess
import sys

import pytest

import include.signals


def test_every_public_name_can_be_had() -> None:
    assert sorted(include.signals.__all__) == sorted(include.signals._HOME)
    for name in include.signals.__all__:
        assert getattr(include.signals, name) is not None


def test_unknown_names_are_refused() -> None:
    with pytest.raises(AttributeError, match="no attribute 'profiles'"):
        _ = include.signals.profiles


def test_importing_the_package_costs_nothing() -> None:
    heavy = ("numpy", "pyarrow", "scipy", "xgboost", "pandas")
    program = f"import sys, include.signals; print([name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


def test_measuring_needs_no_scipy_stats_or_xgboost() -> None:
    program = (
        "import sys, include.signals.measure; print([n for n in ('scipy', 'xgboost', 'pandas') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"
