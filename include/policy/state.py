"""What a policy may know on a night, and what it answers; plain values that go to JSON and back."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal

from include.errors import PolicyError

SCHEMA = 2
"""Of the state in decision records; 1 had no stretches and no ageing."""
_READABLE = (1, 2)
Verdict = Literal["retrain", "hold", "blocked"]
Health = Literal["pass", "warn", "block", "cannot_tell"]


@dataclass(frozen=True)
class Loss:
    """Realised loss of the champion on one labelled partition after its training cut.

    Attributes
    ----------
    partition : str
        Key of the partition.
    age : int
        Partitions from it to tonight's (1: the one before tonight's).
    mean, standard_error : float
        Of the loss of a row; the error is that of sampling rows, not of nights.
    rows : int
        Labelled rows.
    """

    partition: str
    age: int
    mean: float
    standard_error: float
    rows: int


@dataclass(frozen=True)
class Alarm:
    """An alarm that is open tonight."""

    subject: str
    since: str
    kind: str = "data"


@dataclass(frozen=True)
class Pair:
    """A cheap candidate of one window on the labelled partitions that followed it, until the next candidate.

    Attributes
    ----------
    partition : str
        Key of the newest of them.
    age : int
        Partitions from it to tonight's.
    candidate : float
        Mean loss of a row.
    edge, edge_error : float
        By how much candidates of this window, fresh and older ones, lose less than those of all history and the same age, and
        the standard error over rows.
    gain, gain_error : float or None
        By how much what a training would have brought is better than the champion, each by its cheap twin, and the
        standard error over rows; None where the champion knew these partitions, or no candidate was newer than it.
    share : float
        How much of the stretch until the next candidate the gain was measured on (1: all of it).
    """

    partition: str
    age: int
    candidate: float
    edge: float
    edge_error: float
    gain: float | None = None
    gain_error: float | None = None
    share: float = 1.0


@dataclass(frozen=True)
class Probe:
    """Cheap candidates of one window, on the partitions that followed them.

    Attributes
    ----------
    window : str
        Which labelled rows they were trained on (`include.policy.windows`).
    pairs : tuple of Pair
        One a candidate, oldest first.
    cpu_seconds : float
        What tonight's training and scoring cost.
    ageing : float
        Extra loss of a row for each stretch by which a candidate of this window is older than the freshest, lately.
    long_ageing, long_ageing_error : float
        The same over a longer past, each candidate weighing alike, and its standard error over rows.
    """

    window: str
    pairs: tuple[Pair, ...]
    cpu_seconds: float = 0.0
    ageing: float = 0.0
    long_ageing: float = 0.0
    long_ageing_error: float = 0.0


@dataclass(frozen=True)
class State:
    """Everything a policy may look at: only what was known when the night ended.

    Attributes
    ----------
    model, partition : str
        Whose night, and its key.
    champion : str or None
        Its version; None before the first.
    since_cut : int or None
        Partitions since the champion's training cut.
    since_training : int or None
        Partitions since a training was last started, whatever became of it, or since the champion was refitted.
    history : int
        Labelled partitions there are.
    new_labels : int
        Labels that have matured since the champion's training cut; beside one that was refitted, without the hold-out that a
        training of tonight would leave to the gate.
    gate_loss, gate_standard_error : float or None
        The champion's mean loss when it was judged, and its standard error.
    losses : tuple of Loss
        The champion's realised losses after its training cut, oldest first.
    alarms : tuple of Alarm
        Open tonight.
    signals : dict
        Signals of tonight's partition by name, for the rules that libraries ship (``psi``, ``drift_share``, ``adwin``).
    health : str
        Worst verdict of the data the night used: ``pass``, ``warn``, ``block`` or ``cannot_tell``; the last two block.
    defects : tuple of str
        Sentences of diagnosis: what is wrong with the data. Any of them blocks.
    pending : str or None
        Candidate whose verdict is awaited.
    cpu_minutes_week : float
        CPU minutes of trainings and their gates in the last 7 days.
    training_cpu_minutes : float or None
        What one more training is expected to cost.
    forced : str or None
        A person's reason to retrain now.
    served : int
        Nights decided since the first champion, tonight's among them.
    trainings : tuple of int
        How many nights ago each training after the first champion's was started, oldest first.
    probes : tuple of Probe
        Cheap candidates, where a rule asked for them.
    """

    model: str
    partition: str
    champion: str | None = None
    since_cut: int | None = None
    since_training: int | None = None
    history: int = 0
    new_labels: int = 0
    gate_loss: float | None = None
    gate_standard_error: float | None = None
    losses: tuple[Loss, ...] = ()
    alarms: tuple[Alarm, ...] = ()
    signals: dict[str, float] = field(default_factory=dict)
    health: Health = "pass"
    defects: tuple[str, ...] = ()
    pending: str | None = None
    cpu_minutes_week: float = 0.0
    training_cpu_minutes: float | None = None
    forced: str | None = None
    served: int = 0
    trainings: tuple[int, ...] = ()
    probes: tuple[Probe, ...] = ()

    @property
    def clock(self) -> int | None:
        """Partitions since the last training or, when that is unknown, since the champion's training cut."""
        return self.since_cut if self.since_training is None else self.since_training

    def as_json(self) -> dict[str, Any]:
        """Return plain values that `from_json` reads back unchanged."""
        return {"schema": SCHEMA, **_listed(asdict(self))}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> State:
        """Return the state that `as_json` wrote.

        Raises
        ------
        PolicyError
            When it was written by a newer version or has fields this one does not know.

        Examples
        --------
        >>> state = State("flight_delay", "2013-03-08", losses=(Loss("2013-03-07", 1, 0.5, 0.01, 900),))
        >>> State.from_json(state.as_json()) == state
        True
        """
        found = dict(value)
        schema = found.pop("schema", None)
        unknown = sorted(set(found) - {item.name for item in fields(cls)})
        if schema not in _READABLE or unknown:
            what = f"schema {schema!r}" + (f" and unknown fields {', '.join(unknown)}" if unknown else "")
            raise PolicyError.at("decision record", what, f"schema {SCHEMA}", "read it with the version that wrote it")
        found["losses"] = tuple(Loss(**item) for item in found.get("losses", ()))
        found["alarms"] = tuple(Alarm(**item) for item in found.get("alarms", ()))
        found["defects"] = tuple(found.get("defects", ()))
        found["trainings"] = tuple(found.get("trainings", ()))
        found["probes"] = tuple(_probe(item) for item in found.get("probes", ()))
        return cls(**found)


@dataclass(frozen=True)
class Answer:
    """What a rule alone says: whether to retrain and why."""

    retrain: bool
    reason: str
    evidence: dict[str, Any] = field(default_factory=dict)
    window: str | None = None


@dataclass(frozen=True)
class Decision:
    """What the night does about retraining, and why.

    Attributes
    ----------
    verdict : str
        ``retrain``, ``hold`` or ``blocked``.
    reason : str
        A sentence for people.
    rule : str
        The rule that spoke, as it would be written in YAML.
    evidence : dict
        The numbers behind it (JSON values).
    window : str or None
        The training window to use, where the rule chose one.
    """

    verdict: Verdict
    reason: str
    rule: str
    evidence: dict[str, Any] = field(default_factory=dict)
    window: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return plain values for the ledger."""
        return dict(_listed(asdict(self)))


def _probe(value: dict[str, Any]) -> Probe:
    return Probe(**{**value, "pairs": tuple(Pair(**pair) for pair in value.get("pairs", ()))})


def _listed(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _listed(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_listed(item) for item in value]
    return value
