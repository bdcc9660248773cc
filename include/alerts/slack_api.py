"""The way to Slack: its web API with a bot token, or an incoming webhook (slack-sdk)."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.http_retry.builtin_handlers import (
    ConnectionErrorRetryHandler,
    RateLimitErrorRetryHandler,
    ServerErrorRetryHandler,
)
from slack_sdk.http_retry.builtin_interval_calculators import FixedValueRetryIntervalCalculator
from slack_sdk.webhook import WebhookClient

from include.alerts.redact import redact
from include.alerts.senders import LONGEST_PAUSE_S, Receipt, SendError
from include.alerts.slack import Payload, bundle, render

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from slack_sdk.http_retry.handler import RetryHandler

    from include.alerts.message import Message

API, HOOKS = "https://slack.com/api/", "https://hooks.slack.com/services"
_DOOR = frozenset(
    [
        "invalid_auth",
        "not_authed",
        "account_inactive",
        "token_revoked",
        "token_expired",
        "no_permission",
        "org_login_required",
        "ekm_access_denied",
        "missing_scope",
        "not_allowed_token_type",
        "access_denied",
        "team_access_not_granted",
        "invalid_token",
        "no_service",
        "team_disabled",
    ]
)
_SHAPE = frozenset(
    [
        "invalid_blocks",
        "invalid_blocks_format",
        "msg_blocks_too_long",
        "msg_too_long",
        "invalid_attachments",
        "invalid_payload",
    ]
)
_NO_ADVICE = "see https://docs.slack.dev/reference/methods/chat.postMessage"
_ADVICE = {
    "not_in_channel": "invite the app to the channel (/invite)",
    "channel_not_found": "invite the app to the channel, or correct owner.slack in the YAML file",
    "is_archived": "name another channel as owner.slack in the YAML file",
    "invalid_auth": "put a valid bot token into the connection",
    "missing_scope": "give the app the scope chat:write",
}


class _BriefRateLimit(RateLimitErrorRetryHandler):
    """Waits for Slack's Retry-After only when it is short: a task is not kept for minutes by a message."""

    def __init__(self, most_s: float, max_retry_count: int) -> None:
        super().__init__(max_retry_count=max_retry_count)
        self.most_s = most_s

    def _can_retry(self, *, state: Any, request: Any, response: Any = None, error: Any = None) -> bool:
        asked = _retry_after(getattr(response, "headers", {}) or {})
        return response is not None and response.status_code == 429 and asked is not None and asked <= self.most_s


def _handlers(patience_s: float) -> list[RetryHandler]:
    brief = FixedValueRetryIntervalCalculator(fixed_internal=min(0.5, patience_s))
    return [
        _BriefRateLimit(patience_s, max_retry_count=1),
        ServerErrorRetryHandler(max_retry_count=1, interval_calculator=brief),
        ConnectionErrorRetryHandler(max_retry_count=1, interval_calculator=brief, error_types=[ConnectionResetError]),
    ]


def _silent() -> logging.Logger:
    """Return a logger that says nothing: the SDK's own lines may hold the webhook's URL."""
    found = logging.getLogger("nightshift.slack_sdk")
    found.setLevel(logging.CRITICAL + 1)
    found.propagate = False
    return found


class SlackSender:
    """Posts through Slack's web API with a bot token: channels by name or id, threads.

    Parameters
    ----------
    token : str
        A bot token with the scope ``chat:write``.
    base_url : str
        Slack's API; tests and proxies name another.
    timeout_s : int
        Seconds that one request may take.
    patience_s : float
        Longest Retry-After that is waited for at once; a longer one is left to the outbox.
    """

    needs_channel = True

    def __init__(self, token: str, *, base_url: str = API, timeout_s: int = 10, patience_s: float = 5.0) -> None:
        self._token = token
        self._client = WebClient(
            token=token, base_url=base_url, timeout=timeout_s, retry_handlers=_handlers(patience_s), logger=_silent()
        )

    def send(self, message: Message, thread: str | None = None) -> Receipt:
        """Post a message; a critical reply is shown in the channel, too."""
        loud = thread is not None and message.severity == "critical"
        return self._post(message.channel, render(message), thread=thread, loud=loud)

    def send_many(self, messages: Sequence[Message]) -> Receipt:
        """Post one list of them."""
        return self._post(messages[0].channel, bundle(messages))

    def _post(self, channel: str | None, payload: Payload, thread: str | None = None, *, loud: bool = False) -> Receipt:
        if not channel:
            raise SendError("no Slack channel is named for it", everyone=False)
        asked: dict[str, Any] = {"channel": channel, "text": payload.text, "unfurl_links": False, "unfurl_media": False}
        if thread:
            asked |= {"thread_ts": thread, "reply_broadcast": loud}

        def call(blocks: Sequence[Any] | None) -> Receipt:
            answer = self._client.chat_postMessage(**asked, blocks=blocks)
            return Receipt("slack", str(answer.get("channel") or channel), str(answer.get("ts") or ""))

        return _asked(call, payload, channel, (self._token,))


class WebhookSender:
    """Posts to an incoming webhook: one channel, chosen when the webhook was made; no threads."""

    needs_channel = False

    def __init__(self, url: str, *, timeout_s: int = 10, patience_s: float = 5.0) -> None:
        self._url = url
        self._client = WebhookClient(url, timeout=timeout_s, retry_handlers=_handlers(patience_s), logger=_silent())

    def send(self, message: Message, thread: str | None = None) -> Receipt:
        """Post a message; webhooks cannot reply."""
        return self._post(render(message))

    def send_many(self, messages: Sequence[Message]) -> Receipt:
        """Post one list of them."""
        return self._post(bundle(messages))

    def _post(self, payload: Payload) -> Receipt:
        def call(blocks: Sequence[Any] | None) -> Receipt:
            answer = self._client.send(text=payload.text, blocks=blocks, unfurl_links=False, unfurl_media=False)
            if answer.status_code == 200:
                return Receipt("webhook")
            raise _refused(
                answer.status_code, _webhook_word(answer.body), _retry_after(answer.headers), "the webhook's channel"
            )

        return _asked(call, payload, "the webhook's channel", (self._url, urlsplit(self._url).path.strip("/")))


def _webhook_word(body: object) -> str:
    text = str(body or "").strip()
    return text if len(text) < 60 and text.replace("_", "").isalnum() else ""


class _ShapeError(SendError):
    """Slack does not take the blocks; the text alone may pass."""


def _asked(
    call: Callable[[Sequence[Any] | None], Receipt], payload: Payload, channel: str, secrets: tuple[str, ...]
) -> Receipt:
    """Post with blocks, then as text alone if Slack refuses their shape; every failure becomes a `SendError`."""
    try:
        return _translated(call, payload.blocks, channel, secrets)
    except _ShapeError:
        return _translated(call, None, channel, secrets)


def _translated(
    call: Callable[[Sequence[Any] | None], Receipt],
    blocks: Sequence[Any] | None,
    channel: str,
    secrets: tuple[str, ...],
) -> Receipt:
    try:
        return call(blocks)
    except SendError:
        raise
    except SlackApiError as error:
        answer: Any = error.response
        status, headers = int(getattr(answer, "status_code", 0) or 0), getattr(answer, "headers", {}) or {}
        word = str(answer.get("error") or "") if status == 200 else ""
        raise _refused(status, word, _retry_after(headers), channel) from None
    except (SlackClientError, OSError, ValueError) as error:
        # json.JSONDecodeError is a ValueError, urllib's URLError and timeouts are OSErrors.
        text = redact(f"{type(error).__name__}: {error}".splitlines()[0][:300], secrets)
        raise SendError(f"Slack cannot be reached ({text})") from None


def _refused(status: int, word: str, retry_after: float | None, channel: str) -> SendError:
    if status == 429 or word in {"ratelimited", "rate_limited"}:
        pause = retry_after if retry_after is not None else 60.0
        return SendError(f"Slack asks to slow down (429, again in {pause:g} s)", pause_s=pause, exact=True)
    if word in _SHAPE:
        return _ShapeError(f"Slack does not take the message's form ({word})", everyone=False, pause_s=LONGEST_PAUSE_S)
    advice = _ADVICE.get(word, _NO_ADVICE)
    if word in _DOOR:
        return SendError(f"Slack refuses the connection ({word}); {advice}", pause_s=600.0)
    if status >= 500 or word in {"internal_error", "fatal_error", "service_unavailable", "request_timeout"}:
        return SendError(f"Slack has a failure of its own ({word or status})")
    return SendError(
        f"Slack refuses the message for {channel} ({word or status}); {advice}", everyone=False, pause_s=600.0
    )


def _retry_after(headers: Any) -> float | None:
    for name, value in dict(headers).items():
        if str(name).lower() == "retry-after":
            text = value[0] if isinstance(value, (list, tuple)) else value
            return float(text) if str(text).strip().isdigit() else None
    return None
