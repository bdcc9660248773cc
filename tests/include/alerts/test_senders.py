from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from include.alerts.senders import FileSender, Receipt, SendError
from include.storage.locations import Location

from .conftest import message


def test_pauses_are_never_longer_than_an_hour() -> None:
    assert SendError("no", pause_s=86_400).pause_s == 3600


def test_files_hold_the_whole_message(tmp_path: Path) -> None:
    sender = FileSender(Location.of(tmp_path))
    receipt = sender.send(message())
    assert sender.send(message()) == receipt
    files = list(tmp_path.iterdir())
    assert [file.name[:43] for file in files] == ["20130309T060500Z-blocked-flights-2013-03-08"]
    assert files[0].read_text().startswith("Critical: data blocked · flights 2013-03-08\n")
    assert receipt == Receipt("file", "#flights", str(files[0]))


def test_many_messages_become_many_files(tmp_path: Path) -> None:
    receipt = FileSender(Location.of(tmp_path)).send_many([message(key=str(i)) for i in range(3)])
    assert len(list(tmp_path.iterdir())) == 3
    assert receipt.place == str(tmp_path)


def test_steps_without_slack_do_not_import_its_library() -> None:
    code = "import sys, include.alerts.outbox, include.alerts.connect; print('slack_sdk' in sys.modules)"
    root = Path(__file__).resolve().parents[3]
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root)
    assert found.stdout == "False\n"
