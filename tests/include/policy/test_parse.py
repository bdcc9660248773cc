from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.errors import PolicyError
from include.policy.parse import RULES, parse

_LEAVES = st.one_of(
    st.sampled_from(["never", "on_alarm"]),
    st.integers(1, 99).map(lambda n: f"every({n})"),
    st.integers(1, 9).map(lambda k: f"on_loss({k})"),
    st.integers(1, 5).map(lambda k: f"k_of_n({k}, 5)"),
)
_RULES = st.recursive(
    _LEAVES,
    lambda inner: st.builds(
        lambda kind, rules: f"{kind}({', '.join(rules)})",
        st.sampled_from(["all_of", "any_of"]),
        st.lists(inner, min_size=2, max_size=3),
    ),
    max_leaves=8,
)


@given(_RULES)
def test_text_of_a_rule_parses_back(rule: str) -> None:
    assert parse(rule).text == rule


def test_spaces_do_not_matter() -> None:
    assert parse(" any_of( every( 7 ),on_loss(3)) ").text == "any_of(every(7), on_loss(3))"


def test_always_is_every_one() -> None:
    assert parse("always").text == "every(1)"


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ("evry(7)", "did you mean 'every'?"),
        ("", "is empty"),
        ("every(7", "a bracket is not closed"),
        ("every(7d)", "'d' follows an argument"),
        ("challenger(3)", "a margin of 300%. Expected a share of the loss from 0 to 1. To do: write challenger(3%)"),
        ("on_loss(-1)", "standard errors, not negative"),
        ("every(0)", "0 is not a count"),
        ("every(1.5)", "1.5 is not a count"),
        ("every(inf)", "inf is not a count"),
        ("every(nan)", "nan is not a count"),
        ("every(500%)", "500% is not a count"),
        ("on_loss(nan)", "standard errors, not negative"),
        ("on_loss(inf)", "standard errors, not negative"),
        ("k_of_n(2, 5, nan)", "a tolerance of nan"),
        ("k_of_n(2, 5, -20%)", "a tolerance of -0.2"),
        ("psi(-1)", "a threshold of -1. Expected a number, not negative. To do: write psi(0.2)"),
        ("every", "every has no arguments. Expected 1 number."),
        ("every(1, 2)", "every has 2 arguments. Expected 1 number."),
        ("on_loss(1, 2)", "Expected at most 1 number."),
        ("k_of_n(1)", "k_of_n has 1 argument. Expected 2 to 3 numbers."),
        ("never(1)", "Expected no brackets"),
        ("every(7) never", "'never' follows the rule"),
        ("any_of", "any_of has no rules. Expected at least two rules."),
        ("any_of(every(7))", "any_of has 1 rule. Expected at least two rules."),
        ("any_of(every(7), 3)", "any_of has a number among its rules. Expected at least two rules."),
        ("every(never)", "every has a rule among its arguments. Expected 1 number."),
        ("k_of_n(6, 5)", "k = 6 is more than n = 5"),
        ("every(7); drop", "cannot read '; drop'"),
        ("any_of(" * 12 + "never" + ")" * 12, "nested 9 deep"),
    ],
)
def test_wrong_rules_are_explained(rule: str, text: str) -> None:
    with pytest.raises(PolicyError) as caught:
        parse(rule)
    assert text in str(caught.value)
    assert "To do:" in str(caught.value)


def test_inventory_of_rules_is_exact() -> None:
    assert set(RULES) == {
        "never", "always", "every", "on_alarm", "on_loss", "k_of_n", "challenger", "auto", "psi", "drift_share", "adwin", "all_of", "any_of",
    }  # fmt: skip
