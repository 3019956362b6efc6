"""Real servers for the tests, on this machine's loopback, with data in a folder of the test."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


def free_port() -> int:
    """A port that nobody listens to."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


class RedisServer:
    """A Redis server that can be stopped and started again with its data."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        import redis

        self.process = subprocess.Popen(
            [
                "redis-server",
                "--port",
                str(self.port),
                "--bind",
                "127.0.0.1",
                "--dir",
                str(self.folder),
                "--appendonly",
                "yes",
                "--save",
                "",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until = time.monotonic() + 10
        while True:
            try:
                with redis.Redis(port=self.port) as client:
                    client.ping()
                return
            except redis.RedisError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.02)

    def stop(self) -> None:
        """Stop it."""
        assert self.process is not None
        self.process.terminate()
        self.process.wait(10)


@contextmanager
def redis_server() -> Iterator[RedisServer]:
    """A Redis server, or a test skipped where there is none."""
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server is not installed here (Debian: apt-get install redis-server)")
    with tempfile.TemporaryDirectory() as folder:
        server = RedisServer(Path(folder))
        server.start()
        try:
            yield server
        finally:
            server.stop()


def _postgresql_programs() -> Path | None:
    found = shutil.which("initdb")
    if found is not None:
        return Path(found).parent
    return next(
        (path.parent for path in sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))), None
    )


@contextmanager
def postgresql_server() -> Iterator[str]:
    """The address of a database on a PostgreSQL server of its own, or a test skipped."""
    programs = _postgresql_programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed here (Debian: apt-get install postgresql)")
    owner: dict[str, object] = {}
    with tempfile.TemporaryDirectory() as folder:
        if os.getuid() == 0:
            # PostgreSQL refuses to run as root.
            if shutil.which("su") is None:
                pytest.skip("PostgreSQL does not run as root, and there is no other user")
            owner = {"user": "nobody", "group": "nogroup", "extra_groups": []}
            shutil.chown(folder, "nobody")
        data, port = f"{folder}/data", free_port()
        settings = "-c fsync=off -c unix_socket_directories= -c listen_addresses=127.0.0.1"
        subprocess.run(
            [programs / "initdb", "-D", data, "-U", "alvh", "-A", "trust", "-N"],
            check=True,
            capture_output=True,
            **owner,
        )
        control = [programs / "pg_ctl", "-D", data, "-w", "-t", "30"]
        subprocess.run(
            [*control, "-o", f"-p {port} {settings}", "-l", f"{folder}/log", "start"],
            check=True,
            stdout=subprocess.DEVNULL,
            **owner,
        )
        try:
            yield f"postgresql://alvh@127.0.0.1:{port}/postgres"
        finally:
            subprocess.run(
                [*control, "-m", "immediate", "stop"],
                check=True,
                stdout=subprocess.DEVNULL,
                **owner,
            )
