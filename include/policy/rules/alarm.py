"""The rule that looks at alarms: ``on_alarm``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.policy.rules.base import Cheap
from include.policy.state import Answer

if TYPE_CHECKING:
    from include.policy.state import State


@dataclass(frozen=True)
class OnAlarm(Cheap):
    """Retrain when an alarm is open that no training has answered yet."""

    @property
    def text(self) -> str:
        """The rule as it is written in YAML."""
        return "on_alarm"

    def answer(self, state: State) -> Answer:
        """Return yes when any alarm is open.

        Examples
        --------
        >>> from include.policy.state import Alarm, State
        >>> OnAlarm().answer(State("m", "p", alarms=(Alarm("temp", "2013-05-17"),))).reason
        'temp has alarmed since 2013-05-17'
        """
        if not state.alarms:
            return Answer(False, "no alarm is open")
        first = state.alarms[0]
        more = f" and {len(state.alarms) - 1} more" if len(state.alarms) > 1 else ""
        return Answer(
            True,
            f"{first.subject} has alarmed since {first.since}{more}",
            {"subjects": [alarm.subject for alarm in state.alarms]},
        )
