from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.alerts.redact import MASK, redact

SECRET = "s3cr3tCanary"


@pytest.mark.parametrize(
    "text",
    [
        f"postgresql://etl:{SECRET}@db:5432/flights",
        f"postgresql+psycopg2://etl:{SECRET}@x@db/flights",
        f"s3://key:{SECRET}@bucket/prefix",
        f"password={SECRET}",
        f"password = '{SECRET} with blanks'",
        f'{{"aws_secret_access_key": "{SECRET}"}}',
        f"AWS_SESSION_TOKEN={SECRET}",
        f"https://bucket.s3.amazonaws.com/k?X-Amz-Credential=x&X-Amz-Signature={SECRET}",
        f"https://blob.core.windows.net/c?sv=2020&sig={SECRET}",
        f"Authorization: Bearer {SECRET}",
        f"api-key: {SECRET}",
        f'{{"Authorization": "Basic {SECRET}=="}}',
        f"curl -H 'Bearer {SECRET}1'",
        f"xoxb-123-456-{SECRET}",
        f"xapp-1-A1-{SECRET}",
        f"https://hooks.slack.com/services/T01/B01/{SECRET}",
        f"T00000000/B00000000/{SECRET}",
        f"-----BEGIN RSA PRIVATE KEY-----\n{SECRET}\n-----END RSA PRIVATE KEY-----",
        f"-----BEGIN PRIVATE KEY-----\n{SECRET}",
        f"eyJhbGciOiJI.{SECRET}{SECRET}.abc",
        f"ghp_{SECRET}{SECRET}",
        f"client_secret: {SECRET}",
    ],
)
def test_hides_what_looks_like_a_secret(text: str) -> None:
    assert SECRET not in redact(text)
    assert MASK in redact(text)


@pytest.mark.parametrize(
    "text",
    [
        "17.9 rows an hour came; at least 25 were expected.",
        "flights 2013-03-08: tailnum is missing in 3.1 % of rows",
        "https://nightshift.example/reports/2013-03-08.html?model=flight_delay",
        "write to flights@example.org",
        "the basic statistics of every column",
        "design: significant: 0.013 at 95 %",
        "s3://bucket/prefix/part-0.parquet",
    ],
)
def test_leaves_ordinary_texts_alone(text: str) -> None:
    assert redact(text) == text


def test_hides_known_secrets_wherever_they_stand() -> None:
    assert redact("it said hunter22 twice: hunter22!", ["hunter22"]) == f"it said {MASK} twice: {MASK}!"


def test_hides_the_longer_of_two_nested_secrets() -> None:
    assert redact("abcdef-long", ["abcdef", "abcdef-long"]) == MASK


def test_ignores_secrets_too_short_to_hide() -> None:
    assert redact("a night at a time", ["a", ""]) == "a night at a time"


@pytest.mark.parametrize(
    "text",
    [
        "a" * 300_000 + "://",
        "a." * 150_000 + "token",
        "token" * 60_000,
        "token_" * 50_000 + "=",
        "://" * 100_000 + "@",
        "Bearer " * 40_000,
        "eyJ" * 100_000,
        "-----BEGIN PRIVATE KEY-----" * 10_000,
        "T1234567/B" * 30_000,
        "password='" * 30_000,
    ],
)
def test_takes_no_longer_than_the_text_is_long(text: str) -> None:
    begun = time.process_time()
    redact(text)
    assert time.process_time() - begun < 2.0


@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyzABCDEF0123456789", min_size=8, max_size=30))
def test_never_lets_a_url_password_through(password: str) -> None:
    assert f":{password}@" not in redact(f"cannot reach mysql://user:{password}@host/db today")
