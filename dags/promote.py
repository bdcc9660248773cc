"""Promote: one DAG a model, started by its night, or by hand to roll back or freeze.

**Purpose.** Change the champion, atomically: one ledger record is the promotion. It takes effect with the next night.

**Steps.** `approve` waits for a person when the model's YAML says `promotion.approval: true` (nobody answering is a
refusal); `promote` writes the record and projects it to MLflow. With `promotion.shadow_nights` or `canary_share` the
record only begins that stage; the night that sees its end starts this DAG once more, without asking again.

**By hand.** `roll_back` brings an earlier champion back within seconds, without training: give its version or the first
characters of its digest, or nothing for the one before. `refuse` ends the trial of a challenger, or the wait of a
candidate, for good. `freeze` keeps the champion whatever the policy says, until `thaw`. All need a reason, which the
ledger keeps with your name; `promote` with a reason skips shadow nights and canary. Where the
golden set and the newest nights disagree nothing is promoted by itself: `promote` with the candidate's digest and a
reason overrules the golden set.

**When it is red.** The champion did not change. A candidate whose parent is no longer champion is not promoted: the next
night judges it again.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime

from airflow.sdk import DAG, Param
from nightshift.defaults import catalog_for, champion_asset, default_args
from nightshift.operators.approve import ApproveOperator
from nightshift.operators.promote import PromoteOperator

from include.config.model import Model

FORM = "Change the champion"
ACTION = "{{ dag_run.conf.get('action', params.action) }}"
CANDIDATE = "{{ dag_run.conf.get('candidate', params.candidate) }}"


def promote_dag(model: Model) -> DAG:
    """Return the promotion DAG of one model."""
    with DAG(
        dag_id=f"promote_{model.name}",
        description=f"Change the champion of {model.name}",
        doc_md=__doc__,
        schedule=None,
        start_date=datetime(2000, 1, 1, tzinfo=UTC),
        max_active_runs=1,
        default_args=default_args(model.owner.name),
        tags={"nightshift", "model", "promote"},
        params={
            "action": Param(
                "promote", enum=["promote", "refuse", "roll_back", "freeze", "thaw"], title="What to do", section=FORM
            ),
            "candidate": Param(
                "",
                type="string",
                pattern=r"^[0-9a-f]{0,64}$",
                title="Version or digest",
                section=FORM,
                description="Of the candidate, or of the champion to bring back",
            ),
            "reason": Param(
                "", type="string", maxLength=500, title="Why", section=FORM, description="Kept in the ledger"
            ),
        },
    ) as dag:
        promote = PromoteOperator(
            task_id="promote",
            name=model.name,
            action=ACTION,
            candidate=CANDIDATE,
            reason="{{ dag_run.conf.get('reason', params.reason) }}",
            outlets=[champion_asset(model.name)],
        )
        if model.promotion.approval:
            approve = ApproveOperator(
                task_id="approve",
                name=model.name,
                action=ACTION,
                candidate=CANDIDATE,
                subject=f"Change the champion of {model.name}?",
                body=f"{ACTION} {CANDIDATE}. {{{{ params.reason }}}}",
                response_timeout=model.promotion.approval_timeout,
                retries=0,  # trying again would ask again
            )
            approve >> promote
    return dag


_catalog = catalog_for("promote_", "model", os.environ)
for _model in _catalog.models.values():
    globals()[f"promote_{_model.name}"] = promote_dag(_model)
