"""Encoded rows as xgboost's quantised matrix, in memory or on disk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import xgboost as xgb

from include.training.encode import texts_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from include.registry.manifest import Feature
    from include.training.blocks import Block, Blocks
    from include.training.encode import Matrix


class _Iterator(xgb.DataIter):  # type: ignore[misc]  # xgboost's class is untyped
    def __init__(self, blocks: Sequence[Block], features: Sequence[Feature], cache_prefix: str | None) -> None:
        self._blocks = blocks
        self._features = features
        self._next = 0
        super().__init__(cache_prefix=cache_prefix)

    def next(self, input_data: Callable[..., Any]) -> bool:
        if self._next == len(self._blocks):
            return False
        block = self._blocks[self._next]
        self._next += 1
        input_data(data=as_table(block.matrix, self._features), label=block.label, weight=block.weight)
        return True

    def reset(self) -> None:
        self._next = 0


def as_table(matrix: Matrix, features: Sequence[Feature]) -> pa.Table:
    """Return encoded rows as an Arrow table whose categories carry their texts, which xgboost keeps in the model."""
    columns = [_column(matrix[:, place], feature) for place, feature in enumerate(features)]
    return pa.table(columns, names=[feature.name for feature in features])


def _column(values: np.ndarray[Any, Any], feature: Feature) -> pa.Array:
    texts = texts_of(feature)
    if not texts:
        return pa.array(np.ascontiguousarray(values))
    missing = np.isnan(values)
    codes = pa.array(np.where(missing, 0, values).astype(np.int32), mask=missing)
    return pa.DictionaryArray.from_arrays(codes, pa.array(texts, pa.string()))


def quantised(
    blocks: Blocks, chosen: Sequence[Block], *, nthread: int, max_bin: int | None, ref: Any = None
) -> xgb.QuantileDMatrix:
    """Return the matrix that xgboost trains on.

    Parameters
    ----------
    blocks : Blocks
        Where the rows are held; when some went to disk, the quantised rows are kept on disk too.
    chosen : sequence of Block
        The rows taken.
    nthread : int
        Threads.
    max_bin : int, optional
        Bins of a feature; xgboost's default (256) when omitted.
    ref : QuantileDMatrix, optional
        Whose bins are used: that of the training rows when these are for validation.
    """
    settings = {"max_bin": max_bin, "ref": ref, "nthread": nthread, "enable_categorical": True}
    if blocks.spilled:
        prefix = str(blocks.new_path("quantised"))
        return xgb.ExtMemQuantileDMatrix(_Iterator(chosen, blocks.features, prefix), **settings)
    return xgb.QuantileDMatrix(_Iterator(chosen, blocks.features, None), **settings)
