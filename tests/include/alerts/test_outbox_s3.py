"""The outbox on a real S3 server over HTTP: conditional writes decide who sends."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator

import pytest

from include.alerts.outbox import flush, put, settled, waiting
from include.alerts.slack_api import SlackSender
from include.storage.locations import Location

from .conftest import TOKEN, Clock, FakeSlack, message

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture(scope="module")
def bucket() -> Iterator[Location]:
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    environ = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
    }
    found = Location.of("s3://nightshift", environ)
    found.s3_client().create_bucket(Bucket="nightshift")
    yield found / "outbox"
    server.stop()


def test_tasks_on_s3_send_each_message_once(bucket: Location, clock: Clock, slack: FakeSlack) -> None:
    for i in range(4):
        assert put(bucket, message(key=str(i)))
        assert not put(bucket, message(key=str(i)))
    sender = SlackSender(TOKEN, base_url=f"{slack.url}/api/", timeout_s=2, patience_s=0.0)
    threads = [threading.Thread(target=flush, args=(bucket, sender, clock)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(slack.asked) == 4
    assert waiting(bucket) == []
    assert sorted(item.message.key for item in settled(bucket) if item.message) == ["0", "1", "2", "3"]
