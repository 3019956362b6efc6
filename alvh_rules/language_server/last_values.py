"""The last value of each name over the configured data, worked out beside the server's own thread.

Reading a market takes long and needs NumPy and pandas: they are loaded in a worker's thread, the
first time that data is configured and a value is asked for. A market is kept while its files and the
ruleset's columns stay; an evaluation while the ruleset does.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Final

from alvh_rules.core.diagnostics import one_line
from alvh_rules.core.schema import Schema
from alvh_rules.language_server.workspace import Analysis
from alvh_rules.lint.configuration import EditorData

if TYPE_CHECKING:
    from alvh_rules.evaluate.inputs import Market

SECONDS: Final = 2.0
"""How long hover waits for a value; an evaluation that takes longer is there the next time."""

_log = logging.getLogger(__name__)
_Key = tuple[EditorData, tuple[tuple[int, int], ...]]
"""The settings, and the time of change and size of each file that they name."""


class LastValues:
    """What every name of a ruleset came to on the last row of the data, as a trader writes it."""

    def __init__(self) -> None:
        self._worker = ThreadPoolExecutor(1, "last-values")
        self._market: tuple[_Key, Schema, Market | str] | None = None
        self._values: tuple[int, _Key, asyncio.Future[Mapping[str, str] | str]] | None = None
        self._analysis: Analysis | None = None

    async def of(self, analysis: Analysis, name: str, data: EditorData) -> str:
        """A sentence with a name's last value; what stands in the way of one; or nothing yet."""
        if not data.data or analysis.ruleset is None or analysis.checked.plan is None:
            return ""
        key = data, tuple(_state(path) for path in (*data.data, *data.calendars))
        if self._values is None or self._analysis is not analysis or self._values[1] != key:
            loop = asyncio.get_running_loop()
            future = loop.run_in_executor(self._worker, self._work, analysis, key)
            # The analysis is kept, so that its identity is not another's.
            self._analysis = analysis
            self._values = id(analysis), key, future
        try:
            found = await asyncio.wait_for(asyncio.shield(self._values[2]), SECONDS)
        except TimeoutError:
            return "Last value: being worked out."
        if isinstance(found, str):
            return f"Last value: {found}"
        return f"Last value: {found[name]}" if name in found else ""

    def close(self) -> None:
        """Wait for nothing that has not begun."""
        self._worker.shutdown(wait=False, cancel_futures=True)

    def _work(self, analysis: Analysis, key: _Key) -> Mapping[str, str] | str:
        from alvh_rules.pipeline import evaluate
        from alvh_rules.report.values import shown_value

        assert analysis.ruleset is not None
        market = self._read(analysis.ruleset.schema, key)
        if isinstance(market, str):
            return market
        try:
            evaluation = evaluate(analysis.ruleset, market, plan=analysis.checked.plan)
            rows = market.timeline.present.nonzero()[0]
            if not len(rows):
                return "the data has no rows."
            last = int(rows[-1])
            day = market.timeline.dates[last]
            return {
                name: f"{shown_value(evaluation, name, last)} ({day})"
                for name in analysis.ruleset.values
                if name in evaluation.columns
            }
        except Exception:
            # The editor goes on without the value; whoever looks for the reason finds it in the log.
            _log.exception("the ruleset could not be evaluated")
            return "the ruleset could not be evaluated; see the server's log."

    def _read(self, schema: Schema, key: _Key) -> Market | str:
        from alvh_rules.market.read import Options, read_market

        if self._market is not None and self._market[:2] == (key, schema):
            return self._market[2]
        told = key[0]
        options = Options(dict(told.map), told.calendars, told.timezone)
        market, found = read_market(told.data, schema, options)
        kept = market if market is not None else "; ".join(one_line(item) for item in found)
        self._market = key, schema, kept
        return kept


def _state(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except OSError:
        return 0, 0
    return status.st_mtime_ns, status.st_size
