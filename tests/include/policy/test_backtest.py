from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from include.errors import PolicyError
from include.evaluation.bootstrap import partition_counts
from include.policy.advice import recommendation
from include.policy.backtest import BASELINES, backtest
from include.policy.example import straight_history
from include.policy.hindsight import Board
from include.policy.options import Options
from include.policy.page import backtest_page
from include.policy.standing import Judge, block_of
from tests.include.policy.conftest import made_up_model

WINDOWS = ("all", "last(3)")
FIGURES = {
    "mean_loss", "low", "high", "retrains", "retrain_share", "promotions", "cpu_seconds", "probe_seconds",
    "gain_captured", "gain_low", "gain_high", "timing_skill", "against_never", "against_calendar",
}  # fmt: skip


def _run(tmp_path, policies=("auto", "every(3)"), history=None, model=None, **options):
    history = history or straight_history(16, rows=60, turn=8)
    told = {"windows": WINDOWS, "workers": 0, "label_delay": 0, **options}
    return backtest(
        model or made_up_model(task=history.task), history, policies, Options(**told), tmp_path, tmp_path / "history"
    )


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    return _run(tmp_path_factory.mktemp("backtest"))


def test_result_goes_to_json(result) -> None:
    assert json.loads(json.dumps(result, allow_nan=False)) == result


def test_result_keeps_its_schema(result) -> None:
    text = (Path(__file__).parents[3] / "docs" / "schema" / "backtest.json").read_text()
    jsonschema.Draft202012Validator(json.loads(text)).validate(result)


def test_every_policy_has_every_figure(result) -> None:
    for name, policy in result["policies"].items():
        if not name.startswith(("random", "hindsight")):
            assert set(policy) == FIGURES | {"losses", "calendar_losses", "path", "gates"}
            assert set(policy["gates"]) == {"superior", "non_inferior", "expected"}
            assert all(set(gate) == FIGURES for gate in policy["gates"].values())
        else:
            assert set(policy) == FIGURES - {"probe_seconds", "against_never", "against_calendar"} | {"path"}
            assert policy["path"] is policy["cpu_seconds"] is None


def test_baselines_are_always_in(result) -> None:
    assert set(BASELINES) <= set(result["policies"])
    assert result["asked"] == ["auto", "every(3)"]
    count = result["policies"]["auto"]["retrains"]
    assert {f"random({count})", f"hindsight({count})"} <= set(result["policies"])
    nearest = max(2, round(result["nights"]["decisions"] / count))
    assert f"every({nearest})" in result["policies"]


def test_ends_of_the_scale_are_never_and_always(result) -> None:
    policies = result["policies"]
    assert policies["never"]["gain_captured"] == 0.0
    assert policies["always"]["gain_captured"] == 1.0
    assert policies["always"]["retrain_share"] == 1.0
    assert policies["never"]["retrains"] == 0


def test_hindsight_bounds_every_policy(result) -> None:
    best = {point["retrains"]: point["hindsight"] for point in result["frontier"]}
    for name, policy in result["policies"].items():
        if not name.startswith(("random", "hindsight")):
            assert policy["mean_loss"] >= best[policy["retrains"]] - 1e-12, name


def test_interval_holds_the_mean(result) -> None:
    for policy in result["policies"].values():
        if policy["low"] is not None:
            assert policy["low"] <= policy["mean_loss"] <= policy["high"]


def test_path_tells_every_night(result) -> None:
    path = result["policies"]["every(3)"]["path"]
    assert len(path) == result["nights"]["decisions"] == 11
    assert [step["partition"] for step in path if step["verdict"] == "retrain"] == [
        "2020-01-12",
        "2020-01-15",
        "2020-01-18",
    ]


def test_mean_is_over_partitions(result) -> None:
    auto = result["policies"]["auto"]
    assert auto["mean_loss"] == pytest.approx(np.mean(auto["losses"]))
    assert len(auto["losses"]) == len(result["partitions"]) == 12


def test_recommendation_says_how_sure(tmp_path) -> None:
    longer = straight_history(30, rows=60, turn=8)
    told = _run(tmp_path, ("every(2)", "every(3)"), longer, gates=False)["recommendation"]
    assert told["policy"] in ("every(2)", "every(3)")
    assert told["sentence"].startswith(f"Use {told['policy']}: it captures ")
    assert "95 % interval" in told["sentence"]


def test_gain_of_few_partitions_counts_only_outside_the_widened_interval() -> None:
    never = np.array([0.9, -0.2, 1.0, -0.1, 0.2, 0.6, 0.3, -0.2, 0.5]) - 0.08
    judge = Judge(
        never, np.zeros(9), Board(np.zeros((2, 1, 9)), ("all",), 0), partition_counts(9, 2000, 3, 0), never, 0
    )
    plain = np.quantile(judge.draws @ never / 9, 0.025)
    assert plain > 0 > judge.interval(never)[0]
    share, low, high = judge.captured(np.zeros(9))
    assert (share, low, high) == (1.0, None, None)


def test_recommendation_tells_what_the_models_gate_leaves() -> None:
    result = _told(always=(1.0, 20), auto=(1.0, 5))
    result["policies"]["auto"]["gates"] = {"expected": {"gain_captured": 0.25, "promotions": 1, "retrains": 3}}
    sentence = recommendation(result, "expected")["sentence"]
    assert sentence.endswith(" Under the model's gate (expected) it captures 25%, with 1 of 3 trainings promoted.")
    assert "gate" not in recommendation(result, "superior")["sentence"]


def test_second_run_computes_nothing(tmp_path) -> None:
    first, second = _run(tmp_path, gates=False), _run(tmp_path, gates=False)
    assert first["cells_computed"] > 0
    assert second["cells_computed"] == 0
    assert second["policies"]["auto"]["losses"] == first["policies"]["auto"]["losses"]


def test_delay_reuses_the_matrix(tmp_path) -> None:
    _run(tmp_path, gates=False)
    delayed = _run(tmp_path, gates=False, label_delay=timedelta(days=1))
    assert delayed["label_delay_partitions"] == 1
    assert delayed["cells_computed"] <= 4


def test_first_night_divides_history(tmp_path) -> None:
    found = _run(tmp_path, gates=False, first="2020-01-14")
    assert found["history"] == {"first": "2020-01-06", "last": "2020-01-13", "partitions": 8}
    assert found["nights"]["first"] == "2020-01-14"


def test_unknown_first_night_is_explained(tmp_path) -> None:
    with pytest.raises(PolicyError, match="one from 2020-01-06 to 2020-01-21"):
        _run(tmp_path, first="2019-01-01")


def test_short_past_is_explained(tmp_path) -> None:
    with pytest.raises(PolicyError, match=r"has 2 partitions with labelled rows\. .* 3 partitions at least"):
        _run(tmp_path, history=straight_history(2, rows=20))


def test_a_delay_without_any_label_is_explained(tmp_path) -> None:
    with pytest.raises(PolicyError, match=r"of none of which a label is known.*shorten --label-delay"):
        _run(tmp_path, history=straight_history(5, rows=20), label_delay=9)


def test_three_partitions_give_one_decision(tmp_path) -> None:
    found = _run(tmp_path, ("every(1)",), straight_history(3, rows=20))
    assert found["nights"] == {"first": "2020-01-07", "last": "2020-01-07", "decisions": 1}
    assert found["policies"]["always"]["retrains"] == 1


def test_labels_later_than_the_past_are_explained(tmp_path) -> None:
    with pytest.raises(PolicyError, match=r"can be trained at 2020-01-10 at the earliest\."):
        _run(tmp_path, history=straight_history(5, rows=20), label_delay=4)


def test_first_night_that_leaves_no_past_is_explained(tmp_path) -> None:
    with pytest.raises(PolicyError, match=r"at 2020-01-06 at the earliest, and --from leaves it to 2020-01-20\."):
        _run(tmp_path, first="2020-01-21")


def test_latency_longer_than_the_past_is_explained(tmp_path) -> None:
    with pytest.raises(PolicyError, match="--latency: is 1000, and 12 partitions follow the first champion"):
        _run(tmp_path, latency=1000)


def test_first_champion_has_learned_from_both_classes(tmp_path) -> None:
    history = straight_history(16, rows=60)
    label = (history.label > np.median(history.label)).astype(np.float32)
    label[: history.offsets[6]] = 0
    found = _run(tmp_path, history=replace(history, task="binary", label=label), gates=False)
    assert found["history"]["last"] == history.partitions[6].key
    one = replace(history, task="binary", label=np.zeros_like(label))
    with pytest.raises(PolicyError, match="whose labels are all of one class"):
        _run(tmp_path, history=one)


def test_baselines_do_not_depend_on_what_else_is_tried(tmp_path) -> None:
    history = straight_history(16, rows=120, turn=8)
    alone = _run(tmp_path, ("every(3)",), history)["policies"]["adwin"]
    beside = _run(tmp_path, ("any_of(adwin(1), adwin(2))", "all_of(adwin(1), every(2))", "every(3)"), history)
    assert beside["policies"]["adwin"] == alone


def test_wrong_window_is_explained(tmp_path) -> None:
    with pytest.raises(PolicyError, match="count in partitions"):
        _run(tmp_path, windows=("last 3",))


@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_classes_are_judged_by_log_loss(tmp_path, task: str) -> None:
    found = _run(tmp_path, ("every(4)",), straight_history(9, rows=60, task=task), gates=False)
    assert found["loss"] == "log loss (nats)"
    assert 0.1 < found["policies"]["always"]["mean_loss"] < 1.0


@pytest.mark.parametrize(
    ("grain", "key"), [("hour", "2020-01-06T03Z"), ("month", "2020-04-01"), ("year", "2023-01-01")]
)
def test_every_grain_is_replayed(tmp_path, grain: str, key: str) -> None:
    found = _run(tmp_path, ("every(3)",), straight_history(9, rows=30, grain=grain), gates=False, windows=())
    assert found["grain"] == grain
    assert found["nights"]["first"] == key


def test_limits_of_the_yaml_hold(tmp_path) -> None:
    model = made_up_model(policy={"rule": "every(1)", "cooldown": 2})
    found = _run(tmp_path, ("every(2)",), model=model, gates=False)
    assert found["policies"]["every(2)"]["retrains"] == 3
    assert found["policies"]["always"]["retrains"] == 11


def test_constant_outcome_leaves_nothing_to_gain(tmp_path) -> None:
    history = straight_history(8, rows=30)
    flat = replace(history, label=np.full_like(history.label, 3.0))
    found = _run(tmp_path, ("auto", "challenger(3%)"), flat)
    assert found["policies"]["auto"]["mean_loss"] == pytest.approx(0.0, abs=1e-9)
    assert found["recommendation"]["policy"] == "never"


def test_few_partitions_have_wide_intervals(tmp_path) -> None:
    found = _run(tmp_path, ("every(1)",), straight_history(5, rows=40, turn=2), gates=False)["policies"]["always"]
    assert found["low"] < min(found["losses"])
    assert found["high"] > max(found["losses"])


def test_nothing_gained_recommends_never(tmp_path) -> None:
    history = straight_history(12, rows=400)
    sentence = _run(tmp_path, ("every(3)",), history, gates=False)["recommendation"]["sentence"]
    assert sentence.startswith(("Use never, and look again later", "Use every(3)"))


def _told(**policies: tuple) -> dict:
    """Return a result by captured gain, trainings and, where it is not the gain, the low end of the gain over never."""
    found = {
        name: {
            "gain_captured": gain, "gain_low": gain, "gain_high": gain, "retrains": count, "retrain_share": count / 20,
            "mean_loss": 2 - (gain or 0), "against_calendar": {"chance_better": 0.9}, "gates": {},
            "against_never": {"difference": gain or 0.0, "low": gain or 0.0, "high": 1.5, "low_of_all": (*low, gain or 0.0)[0]},
        }
        for name, (gain, count, *low) in {"never": (0.0, 0), **policies}.items()
    }  # fmt: skip
    return {"policies": found, "asked": list(policies), "nights": {"decisions": 20}}


def test_fewest_trainings_among_equals_win() -> None:
    result = _told(always=(1.0, 20), auto=(0.99, 5), challenger=(1.0, 8))
    assert recommendation(result)["policy"] == "auto"


def test_clearly_better_policy_wins() -> None:
    result = _told(always=(1.0, 20), auto=(0.9, 5), challenger=(0.97, 8))
    assert recommendation(result)["policy"] == "challenger"
    assert recommendation(result)["chance_better_than_calendar"] == 0.9


def test_no_gain_of_always_means_never() -> None:
    result = _told(always=(None, 20), never=(0.0, 0), auto=(0.0, 2))
    assert recommendation(result)["policy"] == "never"
    assert "which chance explains" in recommendation(result)["sentence"]


def test_policy_that_gains_where_always_does_not_is_recommended() -> None:
    result = _told(always=(0.1, 20, -0.2), auto=(0.5, 4), challenger=(0.3, 2, -0.1))
    result["policies"]["always"]["gain_low"] = None
    told = recommendation(result, "expected")
    assert told["policy"] == "auto"
    assert told["sentence"].startswith(
        "Use auto: it lowers the loss of never by 25.0% (95 % interval 25.0% to 75.0%), where retraining on every night changes "
        "it by -5.0%, which chance explains, with 4 trainings in 20 decisions (20%)"
    )


def test_policy_that_gains_by_chance_is_not_recommended() -> None:
    result = _told(always=(1.0, 20), auto=(0.9, 5, -0.1), challenger=(0.8, 8))
    assert recommendation(result)["policy"] == "challenger"


def test_policy_that_gains_more_but_varies_more_than_one_that_surely_does_is_recommended() -> None:
    told = recommendation(_told(always=(1.0, 20), auto=(1.4, 5, -0.1), challenger=(0.5, 2, 0.1)))
    assert told["policy"] == "auto"
    assert (
        "; its gain over never varies too much to be shown by itself, that of always, which is smaller, is."
        in told["sentence"]
    )


def test_always_is_recommended_where_nothing_asked_for_gains() -> None:
    assert recommendation(_told(always=(1.0, 20), auto=(0.9, 5, -0.1)))["policy"] == "always"


def test_never_is_recommended_where_all_gains_may_be_chance() -> None:
    told = recommendation(_told(always=(0.2, 20, -0.1), auto=(0.5, 5, -0.02)))
    assert told["policy"] == "never"
    assert told["sentence"].endswith(
        "; auto lowered it by 25.0%, with -1.0% as the low end that is right for all policies tried."
    )


def _judge(gains: np.ndarray, seed: int = 0) -> Judge:
    scored = gains.shape[1]
    board = Board(np.zeros((2, 1, scored)), ("all",), 0)
    draws = partition_counts(scored, 2000, block_of(scored), seed)
    return Judge(np.zeros(scored), np.zeros(scored), board, draws, np.zeros(2), seed)


def test_low_end_of_one_policy_is_that_of_its_interval() -> None:
    gains = np.random.default_rng(0).normal(0.3, 1.0, (1, 42))
    judge = _judge(gains)
    assert judge.surely(gains)[0] == pytest.approx(judge.interval(gains[0])[0])


def test_low_ends_of_many_policies_allow_for_their_number() -> None:
    random = np.random.default_rng(1)
    different, alike = random.normal(0.3, 1.0, (8, 42)), np.repeat(random.normal(0.3, 1.0, (1, 42)), 8, axis=0)
    alone = [_judge(different).interval(one)[0] for one in different]
    assert (_judge(different).surely(different) < np.array(alone)).all()
    assert _judge(alike).surely(alike) == pytest.approx([_judge(alike).interval(alike[0])[0]] * 8)


def test_policy_that_never_retrained_gains_nothing() -> None:
    gains = np.stack([np.zeros(20), np.random.default_rng(2).normal(1.0, 0.1, 20)])
    low = _judge(gains).surely(gains)
    assert low[0] == 0.0
    assert low[1] > 0.8
    assert _judge(gains).surely(gains[:1]).tolist() == [0.0]


def test_no_policy_gains_demonstrably_where_none_does() -> None:
    random, wrong = np.random.default_rng(3), 0
    for seed in range(150):
        shared, own = random.normal(size=18), random.normal(size=(6, 18))
        gains = 0.7 * shared + own
        wrong += bool((_judge(gains, seed).surely(gains) > 0).any())
    assert wrong / 150 <= 0.05


def test_gain_over_never_is_paired_and_told(result) -> None:
    policies = result["policies"]
    never = np.array(policies["never"]["losses"])
    for name, policy in policies.items():
        if policy["path"] is not None:
            assert policy["against_never"]["difference"] == pytest.approx((never - policy["losses"]).mean())
            assert ("low_of_all" in policy["against_never"]) == (name in ("auto", "every(3)", "always"))
    assert policies["auto"]["against_never"]["low_of_all"] <= policies["auto"]["against_never"]["low"] + 1e-9


def test_page_is_whole_and_offline(result) -> None:
    page = backtest_page(result)
    assert page.startswith("<!doctype html>")
    assert "<svg" in page
    assert "http" not in page.replace("http-equiv", "")
    assert "<script" not in page
    for name in ("auto", "every(3)", "k_of_n(2, 5)", "adwin"):
        assert name in page


def test_page_escapes_what_it_shows(result) -> None:
    named = {**result, "model": "<b>x</b>", "note": "<script>alert(1)</script>"}
    page = backtest_page(named)
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


@pytest.mark.parametrize(
    ("nights", "delay", "told"),
    [
        (1, 0, ("1 night that decides,", "labels known on the night itself")),
        (9, 1, ("9 nights that decide,", "labels 1 partition late")),
        (9, 2, ("9 nights that decide,", "labels 2 partitions late")),
    ],
)
def test_page_counts_in_words(result, nights: int, delay: int, told: tuple[str, str]) -> None:
    counted = {**result, "nights": {**result["nights"], "decisions": nights}, "label_delay_partitions": delay}
    page = backtest_page(counted)
    assert all(words in page for words in told)


def test_page_without_gain_has_no_plot(result) -> None:
    flat = {**result, "frontier": [{**p, "hindsight_captured": None} for p in result["frontier"]]}
    assert "there is no gain to capture" in backtest_page(flat)


def test_default_gate_by_month_lets_better_candidates_pass(tmp_path) -> None:
    history = straight_history(16, rows=90, turn=8, grain="month")
    model = made_up_model(gate={})
    found = _run(tmp_path, ("every(2)",), history, model)
    gate = found["policies"]["every(2)"]["gates"]["expected"]
    assert found["holdout_partitions"] == 1
    assert "event_time" not in found["note"]
    assert gate["promotions"] >= 2
    assert gate["gain_captured"] > 0.3


def test_default_gate_keeps_three_months_that_tell_no_days(tmp_path) -> None:
    history = straight_history(24, rows=90, turn=9, grain="month", dated=False)
    found = _run(tmp_path, ("every(2)",), history, made_up_model(gate={}))
    assert found["holdout_partitions"] == 3
    assert "name event_time where there is one" in found["note"]
    assert found["policies"]["every(2)"]["gates"]["expected"]["promotions"] >= 1


def test_gate_of_a_year_is_alive(tmp_path) -> None:
    history = straight_history(12, rows=120, turn=5, grain="year")
    found = _run(tmp_path, ("always",), history, made_up_model(gate={}))
    assert found["policies"]["always"]["gates"]["expected"]["promotions"] >= 1
