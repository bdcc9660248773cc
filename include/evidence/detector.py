"""Shiryaev-Roberts e-detectors on streams of p-values.

Every night a new hypothesis *the change happened tonight* starts with one unit and bets from then on. The detector is
the sum of all that the hypotheses hold. While nights are exchangeable each bet is fair, so the sum less the number of
nights is a martingale, and the chance that it reaches ``b`` within ``T`` nights is at most ``T / b``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from include.evidence.bets import AGE_LENGTHS, ANY_CHANGE, Change, bets, bins_of

Floats = NDArray[np.float64]

# Evidence beyond this is cut off, so that a stream nobody acknowledges for years does not overflow.
_CEILING = 1e250
_LEAVING = (1.0 / np.array(AGE_LENGTHS))[:, np.newaxis]


def fresh(n_streams: int, changes: tuple[Change, ...] = ANY_CHANGE) -> Floats:
    """Return the empty state of detectors that have seen no night, shape (n_streams, n_ages, n_changes)."""
    return np.zeros((n_streams, len(AGE_LENGTHS), len(changes)))


def advance(state: Floats, p_values: Floats, pool: int, changes: tuple[Change, ...] = ANY_CHANGE) -> Floats:
    """Return the state of the detectors after one more night.

    Parameters
    ----------
    state : numpy.ndarray of shape (n_streams, n_ages, n_changes)
        What the hypotheses hold, by nights since their change and by kind of change.
    p_values : numpy.ndarray of shape (n_streams,)
        Tonight's p-values, in [0, 1].
    pool : int
        Nights in the pool, tonight included.
    changes : tuple of Change
        Hypothesised changes; a new start spreads one unit over them equally.

    Returns
    -------
    numpy.ndarray of shape (n_streams, n_ages, n_changes)

    Notes
    -----
    ``R_t = sum over starts s <= t of the product over i = s..t of f(p_i)``, with a bet f that depends on the age of
    the hypothesis; with one bet for all ages this is ``R_t = (R_{t-1} + 1) f(p_t)``. Ages move on by chance (see
    `bets.AGE_LENGTHS`), a mixture over paths, so ``sum(state) - nights`` is a martingale under exchangeability.

    References
    ----------
    Gordon, Pollak, *An efficient sequential nonparametric scheme for detecting a change of distribution*, Annals of
    Statistics 22 (1994). Vovk et al., *Retrain or not retrain: conformal test martingales for change-point
    detection*, COPA 2021. Shin, Ramdas, Rinaldo, *E-detectors*, 2024.
    """
    after = np.array(state)
    _advance_in_place(after, np.empty_like(after), p_values, pool, changes)
    return after


def _advance_in_place(state: Floats, scratch: Floats, p_values: Floats, pool: int, changes: tuple[Change, ...]) -> None:
    """Let every hypothesis grow older by a night, add one new start, and let all of them bet."""
    np.multiply(state, _LEAVING, out=scratch)
    state -= scratch
    state[:, 1:] += scratch[:, :-1]
    state[:, 0] += 1.0 / len(changes)
    np.take(bets(pool, changes), bins_of(p_values), axis=0, out=scratch, mode="clip")
    state *= scratch
    if state.max(initial=0.0) > _CEILING:
        np.minimum(state, _CEILING, out=state)


def log_evidence(state: Floats) -> Floats:
    """Return the log of each detector's evidence, minus infinity before the first night, shape (n_streams,)."""
    with np.errstate(divide="ignore"):
        logs: Floats = np.log(state.reshape(len(state), -1).sum(axis=1))
    return logs


def path(p_values: Floats, first_pool: int, changes: tuple[Change, ...] = ANY_CHANGE) -> Floats:
    """Return the log evidence after every night of many streams.

    Parameters
    ----------
    p_values : numpy.ndarray of shape (n_nights, n_streams)
        P-values in the order of the nights; NaN where the night could not tell, which changes nothing.
    first_pool : int
        Nights in the pool at the first p-value, that night included.

    Returns
    -------
    numpy.ndarray of shape (n_nights, n_streams)

    Examples
    --------
    >>> calm, changed = np.full((20, 1), 0.5), np.full((20, 1), 0.01)
    >>> bool(path(calm, 61)[-1, 0] < 5 < path(changed, 61)[-1, 0])
    True
    """
    state = fresh(p_values.shape[1], changes)
    scratch = np.empty_like(state)
    result = np.empty(p_values.shape)
    for night, tonight in enumerate(p_values):
        told = np.isfinite(tonight)
        kept = state[~told]
        _advance_in_place(state, scratch, np.where(told, tonight, 1.0), first_pool + night, changes)
        state[~told] = kept
        result[night] = log_evidence(state)
    return result


def start_of_change(p_values: Floats, pools: NDArray[np.int64], changes: tuple[Change, ...] = ANY_CHANGE) -> int:
    """Return the index of the night whose start contributes most to the evidence: *since when*.

    Parameters
    ----------
    p_values : numpy.ndarray of shape (n_nights,)
        P-values since the detector started, finite.
    pools : numpy.ndarray of shape (n_nights,)
        Nights in the pool at each of them, that night included.

    Returns
    -------
    int
        Position in ``p_values``; 0 for a single night.
    """
    held = np.zeros((p_values.size, len(AGE_LENGTHS), len(changes)))
    for night, (tonight, pool) in enumerate(zip(p_values, pools, strict=True)):
        live = held[: night + 1]
        aged = live * (1.0 - _LEAVING)
        aged[:, 1:] += live[:, :-1] * _LEAVING[:-1]
        aged[night, 0] = 1.0 / len(changes)
        live[:] = np.minimum(aged * bets(int(pool), changes)[bins_of(np.array([tonight]))[0]], _CEILING)
    return int(held.sum(axis=(1, 2)).argmax())
