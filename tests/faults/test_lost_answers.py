"""Between us and S3 answers get lost, after the store has acted or before it heard anything: nothing is lost or doubled."""

from __future__ import annotations

import http.client
import random
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pyarrow as pa
import pytest
from deltalake.exceptions import DeltaError

from include.registry.ledger import Ledger, Stamp
from include.storage.locations import Location
from include.storage.specs import TableSpec
from include.storage.tables import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

WRITERS, RECORDS = 4, 8
SPEC = TableSpec("made", pa.schema([("id", pa.int64()), ("_partition", pa.string())]))


class Lossy(ThreadingHTTPServer):
    """Passes requests on to a store; of its answers to writes, and of the writes themselves, some are lost."""

    daemon_threads = True

    def __init__(self, upstream: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.upstream = urlsplit(upstream).netloc
        self.random = random.Random(7)
        self.lost: Counter[str] = Counter()
        self.lock = threading.Lock()

    def fate(self) -> str:
        """Return what happens to a write: it is ``unheard``, its answer is ``unanswered``, or it is ``passed``."""
        with self.lock:
            drawn = self.random.random()
            found = "unanswered" if drawn < 0.3 else "unheard" if drawn < 0.4 else "passed"
            self.lost[found] += 1
            return found


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Lossy

    def _pass_on(self) -> None:
        body = self._body()
        fate = self.server.fate() if self.command == "PUT" else "passed"
        if fate == "unheard":
            self.close_connection = True
            return
        connection = http.client.HTTPConnection(self.server.upstream, timeout=30)
        headers = {k: v for k, v in self.headers.items() if k.lower() not in ("transfer-encoding", "expect")}
        connection.request(self.command, self.path, body, headers | {"Content-Length": str(len(body))})
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        if fate == "unanswered":
            self.close_connection = True
            return
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("transfer-encoding", "connection", "content-length"):
                self.send_header(name, value)
        length = answer.getheader("Content-Length") if self.command == "HEAD" else str(len(content))
        self.send_header("Content-Length", length or "0")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = _pass_on

    def _body(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def lossy(s3_server: str) -> Iterator[Lossy]:
    found = Lossy(s3_server)
    thread = threading.Thread(target=found.serve_forever, daemon=True)
    thread.start()
    yield found
    found.shutdown()
    found.server_close()
    thread.join(10)


@pytest.fixture
def through(bucket: Location, lossy: Lossy) -> Location:
    """Return the bucket as it is seen through the lossy way."""
    host, port = lossy.server_address[:2]
    environ = dict(bucket.options) | {"AWS_ENDPOINT_URL": f"http://{host}:{port}"}
    return Location.of(bucket.uri, environ)


def _tried_again(step: Callable[[], object]) -> None:
    """Run a step until the network lets it through, as tasks are tried again."""
    for _ in range(30):
        try:
            step()
            return
        except (OSError, DeltaError):  # the file could not be staged, or the commit not be made
            continue
    pytest.fail("the network never let it through")


def test_ledger_of_many_writers_keeps_every_record_once(bucket: Location, through: Location, lossy: Lossy) -> None:
    def write(mine: int) -> list[str]:
        ledger = Ledger(through / "ledger", Stamp(f"writer {mine}", "test", "1"), lambda: datetime.now(UTC))
        return [ledger.append("made", f"{mine}/{number}", {"n": number}).commit for number in range(RECORDS)]

    with ThreadPoolExecutor(WRITERS) as pool:
        acknowledged = [commit for commits in pool.map(write, range(WRITERS)) for commit in commits]
    ledger = Ledger(bucket / "ledger", Stamp("reader", "test", "1"), lambda: datetime.now(UTC))
    records = ledger.records()

    assert lossy.lost["unanswered"] > 5
    assert ledger.verify() == len(records) == WRITERS * RECORDS
    assert Counter(r.key for r in records) == {f"{m}/{n}": 1 for m in range(WRITERS) for n in range(RECORDS)}
    assert sorted(acknowledged) == sorted(r.commit for r in records)


def test_table_shows_every_publication_once(bucket: Location, through: Location, lossy: Lossy) -> None:
    Table(bucket / "made", SPEC).ensure()

    def write(mine: int) -> None:
        table = Table(through / "made", SPEC)
        for number in range(3):
            rows = pa.table({"id": pa.array([mine * 10 + number], pa.int64())})
            _tried_again(lambda rows=rows, key=f"{mine}/{number}": table.append(rows, "all", run_key=key))
        _tried_again(lambda: table.replace(f"of {mine}", rows.to_batches()))

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(write, range(2)))
    found = Table(bucket / "made", SPEC).read().to_pylist()

    assert lossy.lost["unanswered"] > 2
    assert sorted(row["id"] for row in found if row["_partition"] == "all") == [0, 1, 2, 10, 11, 12]
    assert sorted((row["_partition"], row["id"]) for row in found if row["_partition"] != "all") == [
        ("of 0", 2),
        ("of 1", 12),
    ]
