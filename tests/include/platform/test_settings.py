from __future__ import annotations

import socket

import pytest

from include.errors import ConfigError
from include.platform.settings import platform_of


@pytest.mark.parametrize("text", ["abc", "-1", "0", "65536"])
def test_port_that_is_none_is_told(text: str) -> None:
    with pytest.raises(ConfigError, match=f"NIGHTSHIFT_PORT: is '{text}'. Expected a port from 1 to 65535"):
        platform_of({"NIGHTSHIFT_PORT": text})


def test_port_that_is_taken_is_told() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=f"port {port} is taken"):
            platform_of({"NIGHTSHIFT_PORT": str(port)})


def test_home_of_the_embedded_platform_is_local() -> None:
    with pytest.raises(ConfigError, match="a local folder"):
        platform_of({"NIGHTSHIFT_HOME": "s3://bucket/home"})
