"""Finished trials of a search for parameters, one object each: a search that was killed goes on where it stopped."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from include.errors import ModelError
from include.storage.objects import create_if_absent, list_names, read_bytes

if TYPE_CHECKING:
    import optuna

    from include.storage.locations import Location


def restore_trials(study: optuna.Study, place: Location) -> float:
    """Add the trials that were finished before to a study, in their order; return the seconds they took.

    Raises
    ------
    ModelError
        When one of them cannot be read.
    """
    from optuna.distributions import json_to_distribution
    from optuna.trial import TrialState, create_trial

    seconds = 0.0
    for name in list_names(place):
        try:
            told = json.loads(read_bytes(place / name))
            trial = create_trial(
                state=TrialState[told["state"]],
                value=told["value"],
                params=told["params"],
                distributions={key: json_to_distribution(text) for key, text in told["distributions"].items()},
                user_attrs=told["attributes"],
                intermediate_values={int(step): value for step, value in told["losses"].items()},
            )
        except (KeyError, ValueError) as error:
            raise ModelError.at(
                str(place / name), f"is not a finished trial ({error})", "what a search wrote", "remove that folder"
            ) from error
        study.add_trial(trial)
        seconds += told["seconds"]
    return seconds


def keep_trial(trial: optuna.trial.FrozenTrial, seconds: float, place: Location) -> None:
    """Write a finished trial, once: of two searches at the same time both find the same, and the first one's stays."""
    from optuna.distributions import distribution_to_json

    told: dict[str, Any] = {
        "state": trial.state.name,
        "value": trial.value,
        "params": trial.params,
        "distributions": {name: distribution_to_json(each) for name, each in trial.distributions.items()},
        "attributes": trial.user_attrs,
        "losses": trial.intermediate_values,
        "seconds": seconds,
    }
    create_if_absent(place / f"{trial.number:05d}.json", json.dumps(told, sort_keys=True).encode())
