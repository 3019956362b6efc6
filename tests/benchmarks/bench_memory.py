"""How much memory a long run takes over the interpreter with its imports: the same for any length.

Each run is a process of its own, since a process remembers its peak. `python -m
tests.benchmarks.bench_memory 100000000` does it for so many rows, of a market that is always open:
no exchange has had as many minutes. The file that is written for it takes 24 bytes a row.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow
import pytest
from pyarrow import parquet

from alvh_rules.market.sessions import exchange_sessions

SESSION = 390
ROWS = 5_000_000
MOST = 300 << 20
"""Bytes that a run may take over what its imports take."""
TEXT = """\
ruleset long version 1.0.0
  bars 1 minute
data
  spx price
  vix volatility carry 1 session
  vix3m volatility known 18:00 same session
target pace = ema(spx, 200) / sma(spx, 500) - weekly(spx) / spx
target slope = vix / vix3m - 1
signal calm when vix < 20 for 30
always slope < 200%
"""
MEASURED = """\
import sys
from pathlib import Path
from alvh_rules.cli.main import main
code = main(sys.argv[1:])
assert code == 0, code
status = Path("/proc/self/status").read_text()
print("peak", int(status.split("VmHWM:")[1].split()[0]) * 1024)
"""
"""Not `getrusage`: on Linux its peak begins with that of the process that started this one."""


def write_bars(path: Path, rows: int) -> None:
    """Minute bars from 1970 on, in row groups of a million."""
    random = np.random.default_rng(1)
    days = exchange_sessions()
    days = days[days >= np.datetime64("1970-01-02")]
    schema = pyarrow.schema(
        [("time", pyarrow.timestamp("ns"))]
        + [(name, pyarrow.float64()) for name in ("spx", "vix", "vix3m", "unread")]
    )
    minutes = np.arange(1, SESSION + 1) * np.timedelta64(1, "m") + np.timedelta64(570, "m")
    with parquet.ParquetWriter(path, schema) as writer:
        for start in range(0, rows // SESSION, 2_560):
            some = days[start : min(start + 2_560, rows // SESSION)].astype("datetime64[ns]")
            times = (some[:, None] + minutes).ravel()
            vix = np.where(random.random(len(times)) < 0.01, np.nan, 15 + random.random(len(times)))
            columns = [100 + random.random(len(times)), vix, vix + 1, random.random(len(times))]
            writer.write_table(pyarrow.table([times, *columns], schema=schema))


def write_steady(path: Path, rows: int) -> None:
    """Minute bars from 1970 on, day and night, in row groups of a million."""
    random = np.random.default_rng(1)
    names = ("spx", "vix", "vix3m")
    schema = pyarrow.schema(
        [("time", pyarrow.timestamp("ns"))] + [(name, pyarrow.float64()) for name in names]
    )
    begun = np.datetime64("1970-01-02T00:00", "ns")
    with parquet.ParquetWriter(path, schema) as writer:
        for start in range(0, rows, 1_000_000):
            at = np.arange(start, min(start + 1_000_000, rows))
            vix = np.where(random.random(len(at)) < 0.01, np.nan, 15 + random.random(len(at)))
            columns = [begun + at * np.timedelta64(1, "m"), 100 + random.random(len(at))]
            writer.write_table(pyarrow.table([*columns, vix, vix + 1], schema=schema))


def peak(folder: Path, rows: int, *more: str, steady: bool = False) -> int:
    """The peak of a run over so many rows, in bytes."""
    data, ruleset = folder / f"{rows}.parquet", folder / "long.alvh"
    if not data.exists():
        (write_steady if steady else write_bars)(data, rows)
    text = TEXT.replace("bars 1 minute", "bars 1 minute 24/7") if steady else TEXT
    if steady:
        text = text.replace(" carry 1 session", "").replace(" known 18:00 same session", "")
    ruleset.write_text(text)
    command = [sys.executable, "-c", MEASURED, "run", str(ruleset), "--data", str(data), *more]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return int(done.stdout.rsplit("peak", 1)[1])


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
@pytest.mark.parametrize("ending", [None, ".csv", ".parquet"])
def test_a_long_run_stays_in_bounds(tmp_path: Path, ending: str | None) -> None:
    """Without an output, and with each kind of one."""
    out = [] if ending is None else ["--out", str(tmp_path / f"d{ending}")]
    least = peak(tmp_path, SESSION * 10, "--stream")
    most = peak(tmp_path, ROWS, "--stream", *out)
    print(
        f"{ROWS:,} rows, {ending or 'no output'}: {(most - least) / 2**20:.0f} MB over the imports"
    )
    assert most - least < MOST


def over_the_imports(rows: int) -> tuple[float, float]:
    """Megabytes that a run over so many rows takes over its imports, and its seconds."""
    with tempfile.TemporaryDirectory() as folder:
        least = peak(Path(folder), 4_000, "--stream", steady=True)
        write_steady(Path(folder) / f"{rows}.parquet", rows)
        begun = time.perf_counter()
        most = peak(Path(folder), rows, "--stream", steady=True)
        seconds = time.perf_counter() - begun
    return (most - least) / 2**20, seconds


def main() -> None:
    """Measure a run over as many rows as the command line says."""
    rows = int(sys.argv[1])
    megabytes, seconds = over_the_imports(rows)
    print(f"{rows:,} rows: {megabytes:.0f} MB over the imports, {seconds:.0f} seconds")


if __name__ == "__main__":
    main()
