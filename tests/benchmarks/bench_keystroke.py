"""How long the language server takes to answer a keystroke in a file of 1,000 lines.

Keystrokes are sent over stdio, and the answer is timed as the client sees it: completion at the
cursor, which is what a person waits for, and the findings of the new text, the server's pause for
further keystrokes among them. Beside them, in the same run: `ruff server`, which is compiled, given
keystrokes in a Python file of as many lines; and our own check of the same text from nothing, which
is what each keystroke would cost a server that remembered nothing.
"""

import json
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from alvh_rules.core.source import Source
from alvh_rules.pipeline import check_source
from tests.benchmarks.rulesets import LINES, ruleset

LONG = 1000
TESTS = 100
LINES_A_TEST = 5
ROUNDS = 21
PAUSE = 0.25
MOST_SECONDS = 2.0
"""A bound that only a fault would pass: the figures are for reading."""


def long_ruleset() -> str:
    """A ruleset of a thousand lines, nearly half of them targets, half tests: all different."""
    rng = random.Random(3)
    lines = ruleset(0).rstrip("\n").split("\n")
    layer = next(number for number, line in enumerate(lines) if line.startswith("layer "))
    targets = []
    for number in range(LONG - LINES - TESTS * LINES_A_TEST):
        level, days = rng.randint(10, 40), rng.randint(2, 250)
        targets.append(
            f"target long_{number} = if vix > {level} then sma(vix, {days}) else vix3m * {number}%"
        )
    tests = [
        f'test "number {number}"\n  given\n    vix = {10 + number}, vix3m = {12 + number}\n'
        "  expect\n    hedge.ratio > 0%"
        for number in range(TESTS)
    ]
    return "\n".join([*lines[:layer], *targets, *lines[layer:], *tests]) + "\n"


def python_file() -> str:
    """A Python file of as many lines."""
    return "".join(
        f"long_{number} = {number} * 2 if {number} > 3 else 0\n" for number in range(LONG)
    )


class Wire:
    """A server on the other end of two pipes, spoken to in the protocol's bare JSON.

    The same for every server: pygls' client does not take what ruff's says of itself.
    """

    def __init__(self, command: Sequence[str], folder: Path) -> None:
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._requests = 0
        self._version = 0
        self.request(
            "initialize", {"processId": None, "rootUri": folder.as_uri(), "capabilities": {}}
        )
        self.send("initialized", {})

    def send(self, method: str, params: Any, number: int | None = None) -> None:
        message = {"jsonrpc": "2.0", "method": method, "params": params}
        if number is not None:
            message["id"] = number
        body = json.dumps(message).encode()
        assert self._process.stdin is not None
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self._process.stdin.flush()

    def request(self, method: str, params: Any) -> Any:
        self._requests += 1
        self.send(method, params, self._requests)
        return self._until(lambda message: message.get("id") == self._requests)["result"]

    def open(self, path: Path, language: str) -> str:
        uri = path.as_uri()
        self._version = 1
        item = {"uri": uri, "languageId": language, "version": 1, "text": path.read_text("utf-8")}
        self.send("textDocument/didOpen", {"textDocument": item})
        self.wait_for_findings()
        return uri

    def wait_for_findings(self) -> None:
        """Until the findings of the last version have come."""
        self._until(
            lambda message: (
                message.get("method") == "textDocument/publishDiagnostics"
                and message["params"].get("version") == self._version
            )
        )

    def type(self, uri: str, line: int, column: int, *, back: bool) -> None:
        """Type a figure, or take it back."""
        self._version += 1
        start = {"line": line, "character": column}
        end = {"line": line, "character": column + back}
        change = {"range": {"start": start, "end": end}, "text": "" if back else "1"}
        document = {"uri": uri, "version": self._version}
        self.send("textDocument/didChange", {"textDocument": document, "contentChanges": [change]})

    def close(self) -> None:
        self.request("shutdown", None)
        self.send("exit", None)
        self._process.wait(30)

    def _until(self, wanted: Callable[[Any], bool]) -> Any:
        output = self._process.stdout
        assert output is not None
        while True:
            length = 0
            while header := output.readline().strip():
                name, _, value = header.partition(b":")
                if name.lower() == b"content-length":
                    length = int(value)
            assert length, "the server has gone"
            message = json.loads(output.read(length))
            if wanted(message):
                return message


def keystrokes(
    wire: Wire, uri: str, line: int, column: int, ask: Callable[[], None] | None = None
) -> float:
    """The median seconds from a keystroke to its answer; each one is taken back by the next."""
    took = []
    for number in range(ROUNDS):
        start = time.perf_counter()
        wire.type(uri, line, column, back=number % 2 == 1)
        if ask is not None:
            ask()
            took.append(time.perf_counter() - start)
        wire.wait_for_findings()
        if ask is None:
            took.append(time.perf_counter() - start)
        # A person pauses; what the server does now belongs to this keystroke.
        time.sleep(PAUSE)
    return median(took)


def test_a_keystroke_in_a_file_of_a_thousand_lines(tmp_path: Path, capsys) -> None:
    text = long_ruleset()
    assert text.count("\n") == LONG
    assert check_source(Source("long.alvh", text)).ruleset is not None
    path = tmp_path / "long.alvh"
    path.write_text(text, encoding="utf-8")
    lines = text.split("\n")
    line = next(number for number, each in enumerate(lines) if each.startswith("target long_200 "))
    column = len(lines[line]) - 1

    wire = Wire([sys.executable, "-m", "alvh_rules", "lsp"], tmp_path)
    uri = wire.open(path, "alvh")
    found = keystrokes(wire, uri, line, column)
    place = {"line": line, "character": lines[line].index("vix >")}

    def complete() -> None:
        params = {"textDocument": {"uri": uri}, "position": place}
        items = wire.request("textDocument/completion", params)["items"]
        assert any(item["label"] == "long_200" for item in items)

    completed = keystrokes(wire, uri, line, column, complete)
    wire.close()
    shown = [
        f"completion after a keystroke {1000 * completed:.0f} ms",
        f"its findings {1000 * found:.0f} ms",
        f"a check from nothing {1000 * afresh(text):.0f} ms",
    ]
    peer = ruff(tmp_path)
    if peer is not None:
        shown.append(f"ruff server, findings in a Python file {1000 * peer:.0f} ms")
    with capsys.disabled():
        print(f"\n{LONG:,} lines: " + "; ".join(shown))
    assert completed < MOST_SECONDS
    assert found < MOST_SECONDS


def afresh(text: str) -> float:
    """The median seconds of a check that remembers nothing, in this process."""
    took = []
    for _ in range(5):
        start = time.perf_counter()
        check_source(Source("long.alvh", text))
        took.append(time.perf_counter() - start)
    return median(took)


def ruff(folder: Path) -> float | None:
    """The same of the peer; None where it is not installed."""
    beside = str(Path(sys.executable).parent)
    program = shutil.which("ruff", path=beside) or shutil.which("ruff")
    if program is None:
        return None
    path = folder / "long.py"
    path.write_text(python_file(), encoding="utf-8")
    wire = Wire([program, "server"], folder)
    uri = wire.open(path, "python")
    took = keystrokes(wire, uri, 500, len("long_500 = "))
    wire.close()
    return took
