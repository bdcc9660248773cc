"""The parts of the embedded platform as child processes of their own sessions: started, watched, stopped in order."""

from __future__ import annotations

import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from include.errors import NightshiftError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


class PlatformError(NightshiftError):
    """A part of the platform did not start or has ended by itself."""


@dataclass
class Part:
    """One running part.

    Attributes
    ----------
    name : str
        Such as ``scheduler``.
    child : subprocess.Popen
        The process.
    log : Path
        Where it writes.
    """

    name: str
    child: subprocess.Popen[bytes]
    log: Path


@dataclass
class Servers:
    """The parts that run, in the order they were started; stopped in the opposite order.

    Attributes
    ----------
    environment : mapping
        Of every part.
    logs : Path
        Folder of their logs.
    """

    environment: Mapping[str, str]
    logs: Path
    parts: list[Part] = field(default_factory=list)

    def start(self, name: str, command: Sequence[str]) -> Part:
        """Start a part in a session of its own, so that Ctrl-C reaches it through us only."""
        self.logs.mkdir(parents=True, exist_ok=True)
        log = self.logs / f"{name}.log"
        with log.open("ab") as stream:
            child = subprocess.Popen(  # noqa: S603 (our own commands)
                list(command),
                env=dict(self.environment),
                stdout=stream,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        part = Part(name, child, log)
        self.parts.append(part)
        return part

    def call(self, name: str, command: Sequence[str], input_text: str = "") -> str:
        """Run a command to its end and return what it printed.

        Raises
        ------
        PlatformError
            When it fails, with its last lines.
        """
        self.logs.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(  # noqa: S603 (our own commands)
            list(command), env=dict(self.environment), input=input_text.encode(), capture_output=True, check=False
        )
        (self.logs / f"{name}.log").write_bytes(done.stdout + done.stderr)
        if done.returncode != 0:
            last = "\n".join((done.stderr or done.stdout).decode(errors="replace").strip().splitlines()[-8:])
            raise PlatformError.at(
                name, f"failed with exit code {done.returncode}:\n{last}\n", "success", f"read {self.logs / name}.log"
            )
        return done.stdout.decode()

    def wait_healthy(self, part: Part, url: str, timeout_s: float = 120) -> None:
        """Return when an address answers 200.

        Raises
        ------
        PlatformError
            When the part ends, or the time is over.
        """
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            self.check()
            if _answers(url):
                return
            time.sleep(0.2)
        raise PlatformError.at(
            part.name, f"does not answer at {url} after {timeout_s:.0f} s", "a healthy server", f"read {part.log}"
        )

    def check(self) -> None:
        """Raise PlatformError when a part has ended by itself."""
        for part in self.parts:
            code = part.child.poll()
            if code is not None:
                last = "\n".join(part.log.read_text(errors="replace").splitlines()[-8:])
                raise PlatformError.at(
                    part.name, f"ended with exit code {code}:\n{last}\n", "a running part", f"read {part.log}"
                )

    def stop(self, timeout_s: float = 20) -> None:
        """Stop every part, the last started first; whatever does not end in time is killed with its children."""
        for part in reversed(self.parts):
            _signal(part.child, signal.SIGTERM)
            try:
                part.child.wait(timeout_s)
            except subprocess.TimeoutExpired:
                _signal(part.child, signal.SIGKILL)
                part.child.wait(5)
            _signal_group(part.child, signal.SIGKILL)
        self.parts.clear()


def _signal(child: subprocess.Popen[bytes], number: int) -> None:
    if child.poll() is None:
        child.send_signal(number)


def _signal_group(child: subprocess.Popen[bytes], number: int) -> None:
    """Signal what is left of a part's session."""
    try:
        os.killpg(child.pid, number)
    except ProcessLookupError:
        return


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 (our own address)
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError, ValueError):
        return False
