"""A night in plain words: what happened, why, and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.report.words import count, ended, listed, number, plural, sentence, with_interval, word

if TYPE_CHECKING:
    from include.report.facts import AlarmFact, DataFact, GateFact, MetricFact, NightReport, Point

_MOST_SENTENCES = 12
NOTHING_TO_DO = "Nothing. The night needs nobody."


def what_happened(night: NightReport) -> list[str]:
    """Return the night's events as sentences, in their order."""
    return [
        sentence
        for sentence in (
            _failed(night),
            _data(night),
            _scored(night),
            _retrained(night),
            _judged(night),
            *_measured(night),
        )
        if sentence
    ]


def why(night: NightReport) -> list[str]:
    """Return the reasons as sentences: of the data, the decision, the gate and the alarms."""
    names = {fact.dataset for fact in night.data}
    found = [f"{fact.dataset}: {ended(fact.reason)}" for fact in night.data if fact.reason and fact.health != "pass"]
    if night.reason:
        found.append(sentence(night.reason, names))
    if night.gate:
        found.append(sentence(night.gate.sentence))
    if night.refit:
        found.append(sentence(night.refit))
    found += [f"{alarm.subject}: {ended(alarm.diagnosis)}" for alarm in night.alarms if alarm.diagnosis]
    found += [f"{step}: {ended(text)}" for step, text in night.failures]
    return _first(found) or ["No reason was recorded."]


def what_to_do(night: NightReport) -> list[str]:
    """Return what a person should do, most urgent first; one sentence that says so when it is nothing."""
    found = []
    if night.failures:
        steps = listed([step for step, _ in night.failures])
        found.append(
            f"Correct what made {steps} fail (the reason is beside this), then clear it in Airflow: what was done before is kept."
        )
    found += [_data_todo(fact, night) for fact in night.blocked_data]
    found += [_alarm_todo(alarm) for alarm in night.alarms if alarm.todo or alarm.kind == "alarm"]
    found += map(sentence, night.todo)
    if night.gate and night.gate.verdict == "wait":
        found.append(
            f"Nothing about the candidate: the same one is judged again on later nights.{_awaited(night.gate)}"
        )
    return _first(list(dict.fromkeys(found))) or [NOTHING_TO_DO]


def _awaited(gate: GateFact) -> str:
    """Return how long a waiting gate takes: until it can tell, or until the wait ends."""
    needed, left = gate.nights_needed, gate.nights_left
    if needed and (left is None or needed <= left):
        return f" About {plural(needed, 'more labelled night')} should do."
    return f" The wait ends after {plural(left, 'more labelled night')}." if left else ""


def _first(found: list[str]) -> list[str]:
    rest = len(found) - _MOST_SENTENCES
    return found if rest <= 0 else [*found[:_MOST_SENTENCES], f"And {rest} more, below."]


def newest(metric: MetricFact) -> Point | None:
    """Return the newest realised point that has a value."""
    known = [point for point in metric.points if point.kind == "realised" and point.value is not None]
    return known[-1] if known else None


def _failed(night: NightReport) -> str:
    if not night.failures:
        return ""
    return f"{listed([step for step, _ in night.failures])} failed; the night is not complete."


def _data(night: NightReport) -> str:
    if not night.data:
        return "No dataset has a verdict yet."
    bad = night.blocked_data
    good = [fact for fact in night.data if fact not in bad]
    parts = []
    if good:
        contracts = "its contract" if len(good) == 1 else "their contracts"
        parts.append(f"{listed([_named(fact) for fact in good])} passed {contracts}")
    if bad:
        parts.append(listed([f"{fact.dataset} {_trouble(fact)}" for fact in bad]))
    return f"Data: {'; '.join(parts)}."


def _named(fact: DataFact) -> str:
    rows = f" ({plural(fact.rows, 'row')})" if fact.rows is not None else ""
    return f"{fact.dataset}{rows}" + (" with warnings" if fact.health == "warn" else "")


def _trouble(fact: DataFact) -> str:
    return {
        "block": "is blocked",
        "cannot_tell": "is blocked, because its contract cannot tell",
        "missing": "is missing",
        "late": "came too late",
    }.get(fact.health, f"is {word(fact.health)}")


def _scored(night: NightReport) -> str:
    if night.rows_scored is None or not (night.rows_scored or night.scored_by):
        return "Nothing was scored" + (": there is no champion yet." if not night.champion_before else ".")
    by = f" by champion {night.scored_by}" if night.scored_by else ""
    past = ", as of their prediction time (the past was replayed)" if night.replayed else ""
    verb = "was" if night.rows_scored == 1 else "were"
    return f"{plural(night.rows_scored, 'row')} {verb} scored{by}{past}."


def _retrained(night: NightReport) -> str:
    if night.decision is None:
        return "No decision was taken."
    if night.decision == "retrain":
        name = f" {night.candidate}" if night.candidate else ""
        on = f" ({night.trained_on.rstrip('.')})" if night.trained_on else ""
        return f"A candidate{name} was trained{on}." if night.candidate else "A candidate is to be trained."
    if night.decision == "blocked":
        return "Nothing was retrained, because the night does not allow it."
    return "Nothing was retrained: the policy says hold."


def _judged(night: NightReport) -> str:
    before, after = night.champion_before, night.champion_after
    if after and after != before:
        passed = night.gate is not None and night.gate.verdict == "pass"
        change = f"takes over from version {before}." if before else "is the first champion."
        if night.refit and passed:
            change = f"{change[:-1]}, as it was judged: its refit was refused."
        return f"It passed the gate: version {after} {change}" if passed else _changed(night, change)
    stays = f"Version {before} stays champion." if before else "There is no champion yet."
    if night.gate is None:
        return " ".join(filter(None, (stays, sentence(night.promotion))))
    if night.gate.verdict == "pass":
        refit = "Its refit was refused, so it goes on as it was judged. " if night.refit else ""
        return f"The candidate passed the gate. {refit}{sentence(night.promotion) or stays}"
    said = "The candidate failed at the gate." if night.gate.verdict == "fail" else "The gate cannot decide yet."
    return f"{said} {stays}"


def _changed(night: NightReport, change: str) -> str:
    """Return how the champion changed without a verdict of this night: after a trial, or back."""
    return " ".join(filter(None, (f"Version {night.champion_after} {change}", sentence(night.promotion))))


def _measured(night: NightReport) -> list[str]:
    found = []
    point = newest(night.metrics[0]) if night.metrics else None
    if point:
        name = night.metrics[0].name
        rows = f" over {count(point.rows)} rows" if point.rows else ""
        value = with_interval(point.value, point.low, point.high)
        level = night.metrics[0].expected
        gate = f"; at the gate it was {number(level)}" if level is not None else ""
        found.append(f"On {point.partition}, the newest night whose labels are known, {name} was {value}{rows}{gate}.")
    else:
        found.append("No labels are known yet, so nothing can be said about how good the predictions were.")
    alarms = [alarm.subject for alarm in night.alarms if alarm.kind == "alarm"]
    notices = [alarm.subject for alarm in night.alarms if alarm.kind != "alarm"]
    if alarms:
        found.append(f"{plural(len(alarms), 'alarm')} open: {listed(alarms)}.")
    if notices:
        found.append(f"{plural(len(notices), 'notice')}: {listed(notices)}.")
    return found


def _alarm_todo(alarm: AlarmFact) -> str:
    return (
        sentence(alarm.todo)
        or f"Look at what changed in {alarm.subject}, below, and acknowledge the alarm once you know why."
    )


def _data_todo(fact: DataFact, night: NightReport) -> str:
    load = f"`python -m include ingest {fact.dataset} --partition {fact.partition}`"
    again = f"`python -m include night {night.model} --partition {night.partition}`"
    if fact.health in {"missing", "late"}:
        return f"Find out why {fact.dataset} did not come. When it is there, load it {load} and redo the night {again}"
    return (
        f"Ask the owner of {fact.dataset} to correct partition {fact.partition} at its source, "
        f"then load it again {load} and redo the night {again}"
    )
