"""Bug or world: how many upstream faults are called defects, and how many genuine shifts are.

The generators of faults and of shifts (diagnosis_cases.py) were committed before the diagnosis was written and are
not tuned to it. Two kinds of world: a made table (amounts, temperatures, counts, categories), and the real flights of
2013 with their weather, reference January and February. Genuine shifts of the real world are later days of the year.

A second set (diagnosis_unseen_cases.py) was written when the diagnosis was finished: other tables, other laws, other
faults and shifts. What its first run taught was mended in general ways; a third set, on tables that nobody had looked at
by then, judged the result.

    python benchmarks/diagnosis.py --json /tmp/diagnosis.json
    python benchmarks/diagnosis.py --set second --seed 41
    python benchmarks/diagnosis.py --set third
    python benchmarks/diagnosis.py --calm
    python benchmarks/diagnosis.py --night --shifts 4
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

sys.path[:0] = [str(Path(__file__).resolve().parents[1]), str(Path(__file__).resolve().parent)]

from diagnosis_calm import calm_nights  # noqa: E402 - found through the path set above
from diagnosis_cases import Case, cases  # noqa: E402
from diagnosis_night import run_nights  # noqa: E402
from diagnosis_partial_cases import partial_cases  # noqa: E402
from diagnosis_unseen_cases import judging_cases, unseen_cases  # noqa: E402

DAILY = ("made-400", "made-5000", "flights", "sensors", "orders")
SETS = {"first": cases, "second": unseen_cases, "third": judging_cases, "partial": partial_cases}


def as_batches(rows: pd.DataFrame) -> list[pa.RecordBatch]:
    """Return the rows as Arrow record batches."""
    times = {name: rows[name].dt.tz_convert(None) for name in rows if isinstance(rows[name].dtype, pd.DatetimeTZDtype)}
    table = pa.Table.from_pandas(rows.assign(**times), preserve_index=False)
    return table.to_batches(max_chunksize=2000)


def _of_days(chosen: Iterator[Case]) -> Iterator[Case]:
    """Yield the cases whose partitions are single days with a clock: others do not fit the calendar."""
    return (case for case in chosen if case.world.name in DAILY)


def run(seed: int, chosen: str = "first") -> dict[str, Any]:
    """Return how many faults and shifts were called a defect, by kind, and the cases that went wrong."""
    from include.evidence.diagnose import diagnose
    from include.evidence.summary import summarise

    known: dict[str, list[Any]] = {}
    total: Counter[tuple[bool, str]] = Counter()
    right: Counter[tuple[bool, str]] = Counter()
    named = 0
    wrong: list[str] = []
    for case in SETS[chosen](seed):
        world = case.world
        parts = {"key": world.key, "event_time": world.time, "label": world.label}
        if world.name not in known:
            known[world.name] = [summarise(as_batches(rows), **parts) for rows in world.history]
        found = diagnose(summarise(as_batches(case.rows), **parts), known[world.name])
        defect = any(one.defect for one in found)
        total[case.fault, case.kind] += 1
        right[case.fault, case.kind] += defect == case.fault
        named += case.fault and any(one.cause == case.kind for one in found)
        if defect != case.fault:
            wrong.append(f"{world.name}: {case.kind}, {case.what} -> {'; '.join(one.sentence for one in found)}")
    share = {flag: sum(right[k] for k in total if k[0] == flag) / sum(total[k] for k in total if k[0] == flag)
             for flag in (True, False)}  # fmt: skip
    return {
        "faults": sum(v for k, v in total.items() if k[0]),
        "shifts": sum(v for k, v in total.items() if not k[0]),
        "faults_called_defect": share[True],
        "faults_named_rightly": named / sum(v for k, v in total.items() if k[0]),
        "shifts_called_defect": 1 - share[False],
        "by_kind": {f"{'fault' if k[0] else 'shift'}: {k[1]}": [right[k], total[k]] for k in total},
        "wrong": wrong,
    }


def main() -> None:
    """Print the table, and write it as JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--seed", type=int, default=20, help="seed of the generators")
    parser.add_argument("--set", choices=list(SETS), default="first", help="set of generators")
    parser.add_argument("--night", action="store_true", help="through whole nights: what keeps a fault from training")
    parser.add_argument("--shifts", type=int, default=1, help="with --night: run each so-manieth shift")
    parser.add_argument("--calm", action="store_true", help="nights on which nothing happened")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    arguments = parser.parse_args()
    if arguments.calm:
        result = calm_nights(arguments.seed, as_batches)
    elif arguments.night:
        result = run_nights(_of_days(SETS[arguments.set](arguments.seed)), arguments.shifts)
    else:
        result = run(arguments.seed, arguments.set)
    print(f"{'kind':45s} right  of")
    for kind, (right, total) in result["by_kind"].items():
        print(f"{kind:45s} {right:5d} {total:3d}")
    for name, value in result.items():
        if isinstance(value, (int, float)):
            print(f"{name:45s} {value:.4g}")
    print(*(f"{how}: {count}" for how, count in result.get("stopped_by", {}).items()), sep="\n")
    print(*result["wrong"], sep="\n")
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
