"""Feeds and sinks against real servers: a WebSocket, Redis, a webhook, files."""

from __future__ import annotations

import json
import os
import shutil
import ssl
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import redis
from websockets.sync.server import serve

from alvh_rules.cli.main import main
from alvh_rules.live.deliver import Delivery
from alvh_rules.live.errors import LiveError
from alvh_rules.live.feeds.record import Asked
from alvh_rules.live.feeds.registry import feed_record
from alvh_rules.live.run import Runner
from alvh_rules.live.settings import Settings
from alvh_rules.live.sinks.registry import sink_record
from alvh_rules.market import sessions
from tests.live.conftest import SIMPLE, Told, decided, take, told
from tests.live.servers import redis_server

ROOT = Path(__file__).resolve().parents[2]
DAYS = [str(day) for day in sessions.exchange_sessions()[15_000:15_100]]


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch) -> None:
    monkeypatch.setattr("alvh_rules.live.feeds.reconnect.FIRST_WAIT", 0.05)
    monkeypatch.setattr("alvh_rules.live.feeds.reconnect.LONGEST_WAIT", 0.1)


def bar(day: str, vix: float = 15.0) -> str:
    return json.dumps({"date": day, "spx": 100.0, "vix": vix})


class Running:
    """A run in a thread of its own, with a feed and sinks by their addresses."""

    def __init__(self, live, feed: str, *sinks: str, settings: Settings | None = None) -> None:
        settings = settings or Settings()
        self.live = live
        asked = Asked(feed, settings, "simple", 0.0, live.health.key)
        made = []
        for address in sinks:
            record = sink_record(address)
            sink = record.make(address, "simple")
            made.append(Delivery(address, sink, record.at_once, live.journal, live.health, None))
        self.runner = Runner(live, feed_record(feed).make(asked), made, most_behind=1000)
        for delivery in made:
            delivery.begin()
        self._thread = threading.Thread(target=self.runner.run, daemon=True)
        self._thread.start()

    def until(self, holds, seconds: float = 15.0) -> None:
        """Wait until something holds."""
        end = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < end, self.live.journal.notices()
            assert self._thread.is_alive()
            time.sleep(0.01)

    def stop(self) -> None:
        self.runner.stop()
        self._thread.join(15)
        assert not self._thread.is_alive()


# --- WebSocket ---


def test_a_websocket_that_goes_away_and_comes_back(lives) -> None:
    sent: list[str] = []
    days = iter(DAYS)

    def speak(socket) -> None:
        sent.append(socket.recv())
        socket.send('{"type": "subscribed"}')
        # A list of bars in a field, and after a few the server closes.
        for _ in range(4):
            socket.send(json.dumps({"bars": [json.loads(bar(next(days))) for _ in range(2)]}))

    with serve(speak, "127.0.0.1", 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        port = server.socket.getsockname()[1]
        at = Told("2026-01-01T00:00:00")
        settings = Settings(subscribe=('{"op": "subscribe"}',), items="bars")
        run = Running(lives.start(at=at), f"ws://127.0.0.1:{port}/bars", settings=settings)
        run.until(lambda: run.live.journal.count() >= 24)
        run.stop()
        server.shutdown()
    assert list(decided(run.live.journal)) == DAYS[: run.live.journal.count()]
    assert set(sent) == {'{"op": "subscribe"}'}
    assert len(sent) >= 3
    assert run.live.health.lost >= 2
    kinds = [kind for _, kind, text in run.live.journal.notices() if text != "connected"]
    assert kinds.count("feed") >= 2
    assert not run.live.health.quarantined


def test_a_websocket_that_is_not_there_yet(lives) -> None:
    from tests.live.servers import free_port

    port = free_port()
    run = Running(lives.start(at=Told("2026-01-01T00:00:00")), f"ws://127.0.0.1:{port}/")
    run.until(lambda: run.live.health.lost >= 3)
    assert run.live.health.feed.startswith("lost: ")

    def speak(socket) -> None:
        # A list without an object round it, and what is no bar at all.
        socket.send("[" + ",".join([bar(DAYS[0]), bar(DAYS[1])]) + "]")
        socket.send("hello")
        socket.recv()

    with serve(speak, "127.0.0.1", port) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        run.until(lambda: run.live.health.quarantined["unreadable"] == 1)
        assert run.live.health.feed == "connected"
        run.stop()
        server.shutdown()
    assert list(decided(run.live.journal)) == DAYS[:2]


# --- Redis ---


def test_redis_feeds_and_is_told_through_a_stop_of_the_server(lives) -> None:
    with redis_server() as server:
        with redis.Redis(port=server.port, decode_responses=True) as client:
            for day in DAYS[:10]:
                client.xadd("bars", {"json": bar(day)})
            # Fields of their own do as well; all of them are texts.
            client.xadd("bars", {"date": DAYS[10], "spx": "100.5", "vix": "15"})
        base = f"redis://127.0.0.1:{server.port}"
        run = Running(lives.start(), f"{base}/bars", f"{base}/told")
        run.until(lambda: run.live.journal.count() == 11)
        server.stop()
        run.until(lambda: run.live.health.lost >= 1)
        server.start()
        with redis.Redis(port=server.port, decode_responses=True) as client:
            for day in DAYS[11:20]:
                client.xadd("bars", {"data": bar(day)})
            run.until(lambda: client.xlen("told") == 20, 20)
            run.stop()
            entries = client.xrange("told")
            pending = client.xpending("bars", "alvh-simple")["pending"]
    assert list(decided(run.live.journal)) == DAYS[:20]
    assert [number for number, _ in entries] == [f"{n}-0" for n in range(1, 21)]
    assert [fields["key"] for _, fields in entries] == DAYS[:20]
    assert json.loads(entries[0][1]["json"])["decisions"]["calm"] is True
    # All was acknowledged, and nothing that the journal does not hold.
    assert pending == 0


def test_what_redis_gave_and_was_not_journalled_comes_again(lives) -> None:
    with redis_server() as server:
        client = redis.Redis(port=server.port, decode_responses=True)
        for day in DAYS[:6]:
            client.xadd("bars", {"json": bar(day)})
        # Another process of the same name was given four and died; two of them are in the journal.
        client.xgroup_create("bars", "alvh-simple", id="0")
        client.xreadgroup("alvh-simple", "alvh", {"bars": ">"}, count=4)
        live = lives.start()
        for day in DAYS[:2]:
            take(live, date=day, spx=100.0, vix=15.0)
        run = Running(live, f"redis://127.0.0.1:{server.port}/bars")
        run.until(lambda: run.live.journal.count() == 6)
        run.until(lambda: client.xpending("bars", "alvh-simple")["pending"] == 0)
        run.stop()
        client.close()
    assert run.live.health.repeated == 2
    assert list(decided(run.live.journal)) == DAYS[:6]


def test_a_redis_stream_holds_each_output_once(lives) -> None:
    live = lives.start()
    for day in DAYS[:5]:
        take(live, date=day, spx=100.0, vix=15.0)
    with redis_server() as server:
        address = f"redis://127.0.0.1:{server.port}/told"

        def deliver() -> None:
            sink = sink_record(address).make(address, "simple")
            delivery = Delivery(address, sink, 2, live.journal, live.health, None)
            delivery.begin()
            assert delivery.finish(10)

        deliver()
        # The journal thinks that less was told than was: as after a crash between the two.
        live.journal.move_cursor(address, 2)
        take(live, date=DAYS[5], spx=100.0, vix=15.0)
        deliver()
        with redis.Redis(port=server.port, decode_responses=True) as client:
            assert [number for number, _ in client.xrange("told")] == [
                f"{n}-0" for n in range(1, 7)
            ]
            client.xadd("told", {"key": "another's", "json": "{}"})
        with pytest.raises(LiveError, match="is not the journal"):
            deliver()


# --- files ---


def deliver_file(live, path: Path) -> list[str]:
    address = f"file:{path}"
    record = sink_record(address)
    sink = record.make(address, "simple")
    delivery = Delivery(address, sink, 3, live.journal, live.health, None)
    delivery.begin()
    assert delivery.finish(10)
    return path.read_text().splitlines()


def test_a_file_is_mended_wherever_it_was_torn(lives, tmp_path) -> None:
    live = lives.start()
    for day in DAYS[:7]:
        take(live, date=day, spx=100.0, vix=15.0)
    path = tmp_path / "told.ndjson"
    whole = deliver_file(live, path)
    assert [json.loads(line)["number"] for line in whole] == [1, 2, 3, 4, 5, 6, 7]
    data = path.read_bytes()
    for cut in [0, 1, len(whole[0]), len(whole[0]) + 1, len(data) // 2, len(data) - 1, len(data)]:
        path.write_bytes(data[:cut])
        assert deliver_file(live, path) == whole
    path.unlink()
    assert deliver_file(live, path) == whole
    # A line in the middle that is gone shows too: the last is then not the one of its number.
    path.write_text("\n".join([whole[0], *whole[2:]]) + "\n")
    with pytest.raises(LiveError, match="cannot take the journal's decisions"):
        deliver_file(live, path)


# --- webhooks ---


class Hook(BaseHTTPRequestHandler):
    """Takes posts, and refuses as many as it is told to."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        server = self.server
        server.asked += 1  # type: ignore[attr-defined]
        refuse = server.answers.pop(0) if server.answers else 200  # type: ignore[attr-defined]
        if refuse == 200:
            key = self.headers["Idempotency-Key"]
            server.told.append((key, json.loads(body)))  # type: ignore[attr-defined]
        self.send_response(refuse)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        pass


def test_a_webhook_that_refuses_is_told_again(lives) -> None:
    live = lives.start()
    with ThreadingHTTPServer(("127.0.0.1", 0), Hook) as server:
        server.told, server.asked, server.answers = [], 0, [200, 500, 429, 302, 200]  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/alvh"
        record = sink_record(address)
        sink = record.make(address, "simple")
        delivery = Delivery(address, sink, 1, live.journal, live.health, None)
        delivery.begin()
        for day in DAYS[:3]:
            take(live, date=day, spx=100.0, vix=15.0)
        assert delivery.finish(15)
        server.shutdown()
        assert [body["key"] for _, body in server.told] == DAYS[:3]  # type: ignore[attr-defined]
        keys = [key for key, _ in server.told]  # type: ignore[attr-defined]
        assert len(set(keys)) == 3
        assert all(key.endswith(f"-{n}") for n, key in enumerate(keys, 1))
        assert server.asked == 6  # type: ignore[attr-defined]


@pytest.mark.skipif(shutil.which("openssl") is None, reason="certificates are made by openssl")
def test_a_webhook_over_tls_is_told_only_where_its_certificate_is_trusted(
    lives, tmp_path, monkeypatch
) -> None:
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    made += ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    subprocess.run([*made, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    live = lives.start()
    for day in DAYS[:2]:
        take(live, date=day, spx=100.0, vix=15.0)
    with ThreadingHTTPServer(("127.0.0.1", 0), Hook) as server:
        server.told, server.asked, server.answers = [], 0, []  # type: ignore[attr-defined]
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"https://localhost:{server.server_port}/alvh?desk=1"
        record = sink_record(address)

        def delivered(seconds: float) -> bool:
            sink = record.make(address, "simple")
            delivery = Delivery(address, sink, 1, live.journal, live.health, None)
            delivery.begin()
            return delivery.finish(seconds)

        assert not delivered(1.5)
        assert "CERTIFICATE_VERIFY_FAILED" in live.health.sinks[address][1]
        assert server.told == []  # type: ignore[attr-defined]
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert delivered(15)
        server.shutdown()
        assert [body["key"] for _, body in server.told] == DAYS[:2]  # type: ignore[attr-defined]


# --- standard input and output, in a process of their own ---


def command(folder: Path, *arguments: str) -> list[str]:
    (folder / "r.alvh").write_text(SIMPLE)
    return [sys.executable, "-m", "alvh_rules", "live", "r.alvh", "--journal=j.db", *arguments]


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}


def test_standard_input_to_standard_output(tmp_path) -> None:
    # The last line has no end, one is empty, one is no bar.
    text = "\n".join([bar(DAYS[0]), "", "no bar", bar(DAYS[1], 25.0)])
    run = subprocess.run(
        command(tmp_path, "--feed=stdin"),
        input=text,
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.returncode == 0, run.stderr
    lines = [json.loads(line) for line in run.stdout.splitlines()]
    bars = [line for line in lines if "stale" not in line]
    assert [line["key"] for line in bars] == DAYS[:2]
    assert [line["decisions"]["calm"] for line in bars] == [True, False]
    # Bars of years ago are decided, and never given as fresh.
    assert {line["fresh"] for line in lines} == {False}
    assert run.stderr.splitlines()[-1] == (
        "2 bars decided, 1 in quarantine (`alvh journal show --quarantine`)"
    )


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize("signal_name", ["SIGTERM", "SIGINT"])
def test_a_signal_ends_it_gracefully(tmp_path, signal_name) -> None:
    import signal

    process = subprocess.Popen(
        command(tmp_path, "--feed=stdin", "--sink=file:told.ndjson"),
        cwd=tmp_path,
        env=environment(),
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stderr is not None
    for day in DAYS[:5]:
        process.stdin.write(bar(day) + "\n")
    process.stdin.flush()
    path = tmp_path / "told.ndjson"
    until = time.monotonic() + 30
    while (
        not path.exists() or f'"key":"{DAYS[4]}"' not in path.read_text()
    ) and time.monotonic() < until:
        time.sleep(0.02)
    process.send_signal(getattr(signal, signal_name))
    assert process.wait(20) == 0
    assert "5 bars decided" in process.stderr.read()
    process.stdin.close()
    process.stderr.close()
    assert main(["journal", "verify", str(tmp_path / "j.db")]) == 0


def test_a_replay_goes_on_where_it_stopped_and_keeps_its_pace(lives, tmp_path) -> None:
    path = tmp_path / "feed.csv"
    path.write_text("date,spx,vix\n" + "".join(f"{day},100,15\n" for day in DAYS[:6]))
    live = lives.start()
    for day in DAYS[:3]:
        take(live, date=day, spx=100.0, vix=15.0)
    # A day takes 50 ms.
    begun = time.monotonic()
    speed = 86_400 / 0.05
    feed = feed_record(f"replay:{path}").make(
        Asked(f"replay:{path}", Settings(), "simple", speed, live.health.key)
    )
    runner = Runner(live, feed, [], most_behind=1000)
    runner.run()
    assert time.monotonic() - begun > 0.05
    assert live.health.repeated == 0
    assert list(decided(live.journal)) == DAYS[:6]
    assert len(told(live.journal)) == 6
