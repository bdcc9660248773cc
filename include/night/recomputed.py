"""Recompute what a night was decided on: its state, limits and verdicts, from the tables as they were then."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.errors import NightshiftError
from include.night.asked import asked, still_asked
from include.night.begun import Begun
from include.night.decide import policy_of_night
from include.night.gate import judged
from include.night.state import state_of
from include.policy.decide import others_again, settings_of
from include.policy.difference import differences

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from include.policy.difference import Found
    from include.project import Project
    from include.registry.ledger import Record

_OF_LEDGER = (
    "champion", "since_cut", "since_training", "gate_loss", "gate_standard_error", "health", "served", "trainings",
)  # fmt: skip
"""Fields of the state that the ledger alone gives, whatever has become of tables and configuration."""
_NOT_AGAIN = ("schema", "probes", "signals", "forced")
"""Fields of the state that are taken from the record: trainings, and a person's words."""
_SETTINGS = ("policy", "limits", "tried")
_OF_LOG = ("features", "labels")  # of these a state needs what the log says; of the others it needs rows
_VERDICT = (
    "champion", "anchor", "holdout", "path", "candidate_loss", "candidate_standard_error", "verdict", "report",
)  # fmt: skip
_MEASURED = "latency"  # another time each time


@dataclass(frozen=True)
class Recomputed:
    """What came of a record when it was recomputed.

    Attributes
    ----------
    partition, what : str
        The night, and what of it: ``state of decision/2024-02-12``.
    fields : int
        How many fields were recomputed and agree.
    difference : tuple or None
        The first field that differs, as recorded and as it is now.
    left : str
        What was taken from the record, and why; empty where nothing was.
    """

    partition: str
    what: str
    fields: int
    difference: Found | None = None
    left: str = ""


def recomputed(project: Project, name: str, partition: str | None = None) -> list[Recomputed]:
    """Return, for each decision and each verdict of a model, whether the tables give its numbers again.

    Parameters
    ----------
    project, name
        The installation and the model.
    partition : str, optional
        Only of this night.

    Notes
    -----
    Tables are read in the versions that the record names, the ledger up to the record. Cheap candidates are not trained
    again. Where a record names no versions (those of before), the configuration was changed since, or retention has removed
    what a night looked at, a field that agrees is confirmed, and one that does not is named as taken from the record;
    fields that the ledger alone gives must agree always.
    """
    records = project.model_ledger(name).records()
    found: list[Recomputed] = []
    for place, record in enumerate(records):
        if partition in (None, record.body.get("partition")):
            if record.kind == "decision":
                past = _Past(project, name, record, place)
                found.append(_together(past, [_state(past), _settings(past), _others(past)]))
            elif record.kind == "gate":
                found.append(_gate(_Past(project, name, record, place), records))
    return found


class _Past:
    """The installation as a record found it."""

    def __init__(self, project: Project, name: str, record: Record, place: int) -> None:
        model, self.record, self.body = project.catalog.model(name), record, record.body
        self.partition = str(record.body["partition"])
        self.ledger = project.model_ledger(name).until(place)
        self._project, self.tables = project, dict(record.body.get("tables", {}))
        start = self.ledger.find(f"night/{self.partition}")
        self.begun = Begun(model, project.night(model, self.partition), self.ledger, start.body if start else {})
        self.configured = self._as_configured(start)

    def project(self, *, only: Collection[str] | None = None) -> Project:
        """Return the installation with the tables of the record, all or some of them."""
        versions = {table: at for table, at in self.tables.items() if only is None or table in only}
        return self._project.as_of(versions, self.ledger)

    @property
    def why(self) -> str:
        """Return why a difference proves nothing; empty where it does."""
        if not self.tables:
            return "the record names no versions of tables"
        return "" if self.configured else "the configuration was changed since"

    def _as_configured(self, start: Record | None) -> bool:
        """Tell whether the configuration asks what it did: as the record says, or the night where no person forced anything."""
        model, told = self.begun.model, self.body.get("settings")
        forced = self.body.get("state", {}).get("forced")
        if start is not None and not forced and start.body["configuration"] == self._project.catalog.digest(model.name):
            return True
        return told is not None and still_asked(told, asked(self._project, model))


def _together(past: _Past, parts: Sequence[Recomputed]) -> Recomputed:
    """Return what came of the parts of a decision: the first that differs, else all of them."""
    different = next((part for part in parts if part.difference is not None), None)
    if different is not None:
        return different
    left = "; ".join(part.left for part in parts if part.left)
    what = f"state, limits and other policies of {past.record.key}"
    return Recomputed(past.partition, what, sum(part.fields for part in parts), None, left)


def _settings(past: _Past) -> Recomputed:
    told = {name: past.body[name] for name in _SETTINGS if name in past.body}
    again = settings_of(policy_of_night(past.begun))
    again["tried"] = {name: again["tried"][name] for name in told.get("tried", {})}
    found = [next(differences(name, told[name], again[name]), None) for name in told]
    what = f"limits of {past.record.key}"
    if past.configured:
        return _told(past, what, found)
    unlike = [one[0] for one in found if one]
    left = f"{', '.join(unlike)}: the configuration was changed since" if unlike else ""
    return Recomputed(past.partition, what, len(found) - len(unlike), None, left)


def _others(past: _Past) -> Recomputed:
    told, again = past.body.get("others", {}), others_again(dict(past.body))
    verdicts = {rule: said["verdict"] for rule, said in told.items()}
    return _told(past, f"other policies of {past.record.key}", [next(differences("others", verdicts, again), None)])


def _told(past: _Past, what: str, found: Sequence[Found | None]) -> Recomputed:
    first = next((one for one in found if one is not None), None)
    return Recomputed(past.partition, what, sum(one is None for one in found), first)


def _state(past: _Past) -> Recomputed:
    told, what = past.body["state"], f"state of {past.record.key}"
    probes = ["probes: nothing is trained again"] if told.get("probes") else []
    for only in (None, _OF_LOG):
        try:
            again = state_of(past.project(only=only), past.begun, told.get("forced")).as_json()
        except (NightshiftError, OSError, KeyError) as error:
            failed = f"all of it: {_words(error)}"
            continue
        why = past.why or ("rows of that night's tables were removed since" if only else "")
        soft = () if not why else set(again) - set(_OF_LEDGER)
        return _compared(past, what, _fields("state", told, again), {f"state.{one}" for one in soft}, why, probes)
    return Recomputed(past.partition, what, 0, None, failed)


def _fields(
    prefix: str, told: Mapping[str, Any], again: Mapping[str, Any], left_out: Collection[str] = _NOT_AGAIN
) -> Iterator[tuple[str, Found | None]]:
    """Yield the name of each field that both have, and where it differs first."""
    for field in again:
        if field in told and field not in left_out:
            name = f"{prefix}.{field}" if prefix else field
            yield name, next(differences(name, told[field], again[field]), None)


def _compared(
    past: _Past,
    what: str,
    fields: Iterator[tuple[str, Found | None]],
    soft: Collection[str],
    why: str,
    left: Sequence[str] = (),
) -> Recomputed:
    """Return what came of some fields, of which those in `soft` prove nothing where they differ, and why."""
    every = list(fields)
    unlike = [(name, one) for name, one in every if one is not None]
    hard = next((one for name, one in unlike if name not in soft), None)
    said = [name.split(".", 1)[-1] for name, _ in unlike if name in soft]
    told = [f"{', '.join(said)}: {why}"] if said else []
    return Recomputed(past.partition, what, len(every) - len(unlike), hard, "; ".join([*told, *left]))


def _gate(past: _Past, records: Sequence[Record]) -> Recomputed:
    body, what = past.body, f"verdict {past.record.key}"
    refit_of = body.get("refit_of")
    if refit_of is not None:
        return _refit(past, what, refit_of, records)
    timed = any(p["name"] == _MEASURED and p["finding"] != "unset" for p in body["report"]["parts"])
    try:
        again = judged(past.project(), past.begun, str(body["candidate"]))
    except (NightshiftError, OSError, KeyError, StopIteration) as error:
        return Recomputed(past.partition, what, 0, None, f"all of it: {_words(error)}")
    told = _numbers(body, timed=timed)
    now = _like(told, _numbers(again, timed=timed))
    left = [f"verdict and {_MEASURED}: measured anew each time"] if timed else []
    erased = any(r.kind == "erasure" and r.number > past.record.number for r in records)
    why = past.why or ("a person's rows were erased since" if erased else "")
    return _compared(past, what, _fields("", told, now), set(now) if why else (), why, left)


def _refit(past: _Past, what: str, candidate: str, records: Sequence[Record]) -> Recomputed:
    """Hold the verdict on a refit against that on the candidate which passed: its numbers are those."""
    key = f"gate/{candidate}/{past.partition}"
    first = next((r for r in records if r.key == key), None)
    if first is None:
        return Recomputed(past.partition, what, 0, (f"record {key}", "none", "the candidate that was refitted"))
    told = _numbers(first.body, timed=False)
    fields = _fields("", _like(told, _numbers(past.body, timed=False)), told)
    return _compared(past, what, fields, (), "", ["checks of the refit: they are not repeated"])


def _numbers(body: Mapping[str, Any], *, timed: bool) -> dict[str, Any]:
    """Return what a verdict says without its words, and without what hangs on how long something took."""
    report = _wordless(body["report"])
    report["parts"] = {part["name"]: part for part in report["parts"]}
    if timed:
        report = {name: value for name, value in report.items() if name not in ("verdict", "ask_person")}
        report["parts"].pop(_MEASURED)
    left_out = ("report", "verdict") if timed else ("report",)
    return {name: body.get(name) for name in _VERDICT if name not in left_out} | {"report": report}


def _wordless(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _wordless(item) for name, item in value.items() if name != "reason"}
    return [_wordless(item) for item in value] if isinstance(value, list) else value


def _like(told: Any, again: Any) -> Any:
    """Return a value without the names that another does not have: a later version may say more."""
    if isinstance(told, dict) and isinstance(again, dict):
        return {name: _like(told[name], again[name]) for name in told if name in again}
    return again


def _words(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
