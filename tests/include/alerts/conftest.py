"""A local HTTP server that answers as Slack's web API and webhooks do."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from include.alerts.message import Field, Link, Message
from include.storage.locations import Location

TOKEN = "xoxb-1111-2222-canarytoken"
HOOK = "T00000000/B00000000/canaryhook12345678901234"


@dataclass
class Answer:
    """One planned answer; `hang` seconds pass before it."""

    status: int = 200
    body: dict[str, Any] | str = field(default_factory=lambda: {"ok": True})
    headers: dict[str, str] = field(default_factory=dict)
    hang: float = 0.0


def refusal(word: str) -> Answer:
    return Answer(200, {"ok": False, "error": word})


@dataclass
class FakeSlack:
    """What was asked of the server, and what it answers next (then: ok)."""

    url: str = ""
    asked: list[dict[str, Any]] = field(default_factory=list)
    planned: list[Answer] = field(default_factory=list)
    always: Answer | None = None
    gone: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def texts(self) -> list[str]:
        return [body["text"] for body in self.asked]


def _handler(fake: FakeSlack) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            with fake.lock:
                body = json.loads(raw)
                fake.asked.append({**body, "_path": self.path, "_auth": self.headers.get("Authorization")})
                number = len(fake.asked)
                answer = fake.planned.pop(0) if fake.planned else fake.always or Answer()
            if answer.hang:
                fake.gone.wait(answer.hang)
            self._answer(answer, body, number)

        def _answer(self, answer: Answer, body: dict[str, Any], number: int) -> None:
            said: dict[str, Any] | str = answer.body
            if isinstance(said, dict) and said.get("ok"):
                said = {**said, "channel": "C" + body.get("channel", "").strip("#"), "ts": f"1700000000.{number:06d}"}
            if self.path.startswith("/services/") and answer.status == 200:
                said = "ok"
            data = said.encode() if isinstance(said, str) else json.dumps(said).encode()
            try:
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Type", "text/plain" if isinstance(said, str) else "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)
            except (BrokenPipeError, ConnectionResetError):
                fake.gone.set()  # the client had enough of waiting

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    return Handler


@pytest.fixture
def slack(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeSlack]:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    fake = FakeSlack()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(fake))
    server.daemon_threads = True
    fake.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield fake
    fake.gone.set()
    server.shutdown()
    server.server_close()
    thread.join(5)


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2013, 3, 9, 7, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, **lengths: float) -> None:
        self.now += timedelta(**lengths)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def outbox(tmp_path: Any) -> Location:
    return Location.of(tmp_path) / "outbox"


def message(**changes: Any) -> Message:
    """Return a message about a blocked partition, with changes."""
    found: dict[str, Any] = {
        "kind": "blocked",
        "severity": "critical",
        "title": "data blocked",
        "text": "Two rules of the contract are broken.",
        "at": datetime(2013, 3, 9, 6, 5, tzinfo=UTC),
        "dataset": "flights",
        "partition": "2013-03-08",
        "channel": "#flights",
        "owner": "Flights team",
        "why": "17.9 rows an hour came; at least 25 were expected.",
        "impact": "The night of flight_delay scores what is there and does not retrain.",
        "todo": ("Look at the source.", "Run `python -m include ingest flights --partition 2013-03-08`"),
        "fields": (Field("Rows", "431"), Field("Rules broken", "2 of 31")),
        "links": (Link("Report", "https://nightshift.example/flights/2013-03-08.html"),),
    }
    return Message(**{**found, **changes})
