"""Two-sample tests of scipy on all values of both sides, by the names under which other tools report them.

They answer whether two samples may come from one law, which with enough rows they never do; alarms rest on none of them.
A study with ``--exact`` lists them beside the distances, for people who compare with another tool's numbers, for up to
100,000 rows a side: beyond that any of them finds any difference.

Notes
-----
Nulls are left out; a side without a value gives nan. A text column has at least two categories on both sides together, or
nan; `fisher_exact_pvalue` and `z_test_pvalue` are for exactly two.

References
----------
scipy.stats: ttest_ind, mannwhitneyu, cramervonmises_2samp, anderson_ksamp, epps_singleton_2samp, energy_distance,
power_divergence, fisher_exact.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from include.signals.columns import Kind
from include.signals.statistic import as_column, finite

FloatArray = NDArray[np.float64]
MOST_ROWS = 100_000


def t_test_pvalue(reference: Any, current: Any) -> float:
    """Return the two-sided p-value of Student's t-test of equal means, equal variances assumed.

    >>> round(t_test_pvalue([1.0, 2.0, 3.0], [2.0, 3.0, 4.0]), 4)
    0.2879
    """
    return _of_numbers(reference, current, lambda s, left, right: s.ttest_ind(left, right).pvalue, least=2)


def welch_t_statistic(reference: Any, current: Any) -> float:
    """Return Welch's t of the reference's mean less the current one.

    >>> round(welch_t_statistic([1.0, 2.0, 3.0], [2.0, 3.0, 4.0]), 4)
    -1.2247
    """
    return _of_numbers(
        reference, current, lambda s, left, right: s.ttest_ind(left, right, equal_var=False).statistic, least=2
    )


def mannwhitney_pvalue(reference: Any, current: Any) -> float:
    """Return the two-sided p-value of the rank-sum test, ties corrected.

    >>> mannwhitney_pvalue([1.0, 2.0, 3.0], [1.0, 2.0, 3.0])
    1.0
    """
    return _of_numbers(reference, current, lambda s, left, right: s.mannwhitneyu(left, right).pvalue)


def cramer_von_mises_statistic(reference: Any, current: Any) -> float:
    """Return the two-sample Cramér-von Mises T.

    >>> round(cramer_von_mises_statistic([1.0, 2.0], [1.5, 2.5]), 4)
    0.125
    """
    return _of_numbers(
        reference, current, lambda s, left, right: s.cramervonmises_2samp(left, right).statistic, least=2
    )


def cramer_von_mises_pvalue(reference: Any, current: Any) -> float:
    """Return its p-value, exact for few values.

    >>> cramer_von_mises_pvalue([1.0, 2.0, 3.0], [1.0, 2.0, 3.0])
    1.0
    """
    return _of_numbers(reference, current, lambda s, left, right: s.cramervonmises_2samp(left, right).pvalue, least=2)


def anderson_ksamp_statistic(reference: Any, current: Any) -> float:
    """Return the normalised two-sample Anderson-Darling statistic, with midranks.

    >>> anderson_ksamp_statistic([1.0, 2.0, 3.0, 4.0], [11.0, 12.0, 13.0, 14.0]) > 3
    True
    """
    return _of_numbers(reference, current, _anderson("statistic"), least=2)


def anderson_ksamp_pvalue(reference: Any, current: Any) -> float:
    """Return its p-value, which scipy cuts to [0.001, 0.25].

    >>> anderson_ksamp_pvalue([1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 3.0, 4.0])
    0.25
    """
    return _of_numbers(reference, current, _anderson("pvalue"), least=2)


def energy_distance(reference: Any, current: Any) -> float:
    """Return the energy distance, in the square root of the column's unit.

    >>> round(energy_distance([-5.0], [5.0]), 6)
    4.472136
    """
    return _of_numbers(reference, current, lambda s, left, right: s.energy_distance(left, right))


def epps_singleton_pvalue(reference: Any, current: Any) -> float:
    """Return the p-value of the test of equal characteristic functions; nan below five values a side.

    >>> epps_singleton_pvalue([1.0, 2.0], [1.0, 2.0])
    nan
    """
    return _of_numbers(reference, current, lambda s, left, right: s.epps_singleton_2samp(left, right).pvalue, least=5)


def g_test_pvalue(reference: Any, current: Any) -> float:
    """Return the likelihood-ratio test's p-value of the current counts against the reference's shares.

    A category that the reference does not have gives 0.

    >>> round(g_test_pvalue(list("aab"), list("abb")), 4)
    0.239
    """
    counts = _counts(reference, current)
    if counts is None:
        return math.nan
    if (counts[0] == 0).any():
        return 0.0
    from scipy.stats import power_divergence

    wanted = counts[0] * counts[1].sum() / counts[0].sum()
    return float(power_divergence(counts[1], wanted, lambda_="log-likelihood").pvalue)


def fisher_exact_pvalue(reference: Any, current: Any) -> float:
    """Return the exact two-sided p-value of two categories on two sides; nan for more.

    >>> fisher_exact_pvalue(list("ab"), list("ab"))
    1.0
    """
    counts = _counts(reference, current)
    if counts is None or counts.shape[1] != 2:
        return math.nan
    from scipy.stats import fisher_exact

    return float(fisher_exact(counts).pvalue)


def z_test_pvalue(reference: Any, current: Any) -> float:
    """Return the two-sided p-value of equal shares of two categories, pooled variance; nan for more.

    >>> z_test_pvalue(list("ab"), list("ab"))
    1.0
    """
    from scipy.special import ndtr

    counts = _counts(reference, current)
    if counts is None or counts.shape[1] != 2:
        return math.nan
    rows = counts.sum(axis=1)
    share, pooled = counts[:, 0] / rows, float(counts[:, 0].sum() / rows.sum())
    error = math.sqrt(pooled * (1 - pooled) * float((1 / rows).sum()))
    return float(2 * ndtr(-abs(share[0] - share[1]) / error)) if error else 1.0


TESTS: Mapping[str, tuple[tuple[Kind, ...], Callable[[Any, Any], float]]] = {
    "t_test_pvalue": (("numeric",), t_test_pvalue),
    "welch_t_statistic": (("numeric",), welch_t_statistic),
    "mannwhitney_pvalue": (("numeric",), mannwhitney_pvalue),
    "cramer_von_mises_statistic": (("numeric",), cramer_von_mises_statistic),
    "cramer_von_mises_pvalue": (("numeric",), cramer_von_mises_pvalue),
    "anderson_ksamp_statistic": (("numeric",), anderson_ksamp_statistic),
    "anderson_ksamp_pvalue": (("numeric",), anderson_ksamp_pvalue),
    "energy_distance": (("numeric",), energy_distance),
    "epps_singleton_pvalue": (("numeric",), epps_singleton_pvalue),
    "g_test_pvalue": (("categorical",), g_test_pvalue),
    "fisher_exact_pvalue": (("categorical",), fisher_exact_pvalue),
    "z_test_pvalue": (("categorical",), z_test_pvalue),
}
"""The tests: the kinds of column they are defined for, and the function of two arrays."""


def _anderson(field: str) -> Callable[[Any, FloatArray, FloatArray], float]:
    def ask(stats: Any, left: FloatArray, right: FloatArray) -> float:
        return float(getattr(stats.anderson_ksamp([left, right]), field))

    return ask


def _of_numbers(
    reference: Any, current: Any, ask: Callable[[Any, FloatArray, FloatArray], float], least: int = 1
) -> float:
    """Return scipy's answer for the finite values of both sides; nan where it has none (too few values, a constant)."""
    from scipy import stats

    left, right = finite(as_column(reference)), finite(as_column(current))
    if min(len(left), len(right)) < least:
        return math.nan
    with warnings.catch_warnings():  # p-values cut to a table's range, constant samples: said in the docstrings
        warnings.simplefilter("ignore")
        try:
            return float(ask(stats, left, right))
        except (ValueError, np.linalg.LinAlgError):
            return math.nan


def _counts(reference: Any, current: Any) -> FloatArray | None:
    """Return both sides' counts of every category, (2, n_categories); None where a side is empty or there is only one."""
    import pyarrow as pa
    import pyarrow.compute as pc

    sides = [as_column(side).cast(pa.string()).drop_null() for side in (reference, current)]
    if not len(sides[0]) or not len(sides[1]):
        return None
    found = [{row["values"]: row["counts"] for row in pc.value_counts(side).to_pylist()} for side in sides]
    names = sorted(set(found[0]) | set(found[1]))
    return (
        np.array([[side.get(name, 0) for name in names] for side in found], dtype=np.float64)
        if len(names) > 1
        else None
    )
