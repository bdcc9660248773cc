"""Cheap candidates of nights, one night after another."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from include.policy.cells import losses_kept
from include.policy.example import straight_history
from include.policy.live import Champion, live_probes
from tests.include.policy.conftest import made_up_model


def test_a_night_finds_the_candidates_of_the_nights_before_however_long_the_history(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from include.policy import cells

    trained: list[Any] = []
    train = cells._train

    def counted(bench: cells.Bench, cell: cells.Cell, *rest: Any) -> Any:
        trained.append(cell)
        return train(bench, cell, *rest)

    monkeypatch.setattr(cells, "_train", counted)
    history = straight_history(142, rows=3)
    assert losses_kept(history.between(0, 138)) > losses_kept(
        history.between(0, 139)
    )  # a backtest keeps fewer from 140 on
    champion = Champion(history.partitions[100].key, "all", 300)

    def night(count: int) -> int:
        trained.clear()
        return len(
            live_probes(
                made_up_model(learner={"rounds": 2}), history.between(0, count - 1), champion, ["all"], tmp_path
            )
        )

    for count in range(130, 139):  # the first nights catch up, some stretches a night
        night(count)
    usual, found = len(trained), night(139)
    assert found
    assert night(140) == found
    assert len(trained) <= max(usual, 1)
