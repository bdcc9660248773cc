"""Encoded rows as xgboost's quantised matrix, in memory or on disk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import xgboost as xgb

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from include.registry.manifest import Feature
    from include.training.blocks import Block, Blocks


class _Iterator(xgb.DataIter):  # type: ignore[misc]  # xgboost's class is untyped
    def __init__(self, blocks: Sequence[Block], features: Sequence[Feature], cache_prefix: str | None) -> None:
        self._blocks = blocks
        self._names = [feature.name for feature in features]
        self._types = ["c" if feature.kind == "category" else "q" for feature in features]
        self._next = 0
        super().__init__(cache_prefix=cache_prefix)

    def next(self, input_data: Callable[..., Any]) -> bool:
        if self._next == len(self._blocks):
            return False
        block = self._blocks[self._next]
        self._next += 1
        input_data(
            data=block.matrix,
            label=block.label,
            weight=block.weight,
            feature_names=self._names,
            feature_types=self._types,
        )
        return True

    def reset(self) -> None:
        self._next = 0


def quantised(
    blocks: Blocks, chosen: Sequence[Block], *, nthread: int, max_bin: int | None, ref: Any = None
) -> xgb.QuantileDMatrix:
    """Return the matrix that xgboost trains on.

    Parameters
    ----------
    blocks : Blocks
        Where the rows are held; rows that went to disk are quantised on disk too.
    chosen : sequence of Block
        The rows taken.
    nthread : int
        Threads.
    max_bin : int, optional
        Bins of a feature; xgboost's default (256) when omitted.
    ref : QuantileDMatrix, optional
        Whose bins are used: that of the training rows when these are for validation.
    """
    if blocks.spilled:
        iterator = _Iterator(chosen, blocks.features, str(blocks.folder / f"cache-{len(chosen)}-{id(chosen)}"))
        return xgb.ExtMemQuantileDMatrix(iterator, max_bin=max_bin, ref=ref, nthread=nthread, enable_categorical=True)
    iterator = _Iterator(chosen, blocks.features, None)
    return xgb.QuantileDMatrix(iterator, max_bin=max_bin, ref=ref, nthread=nthread, enable_categorical=True)
