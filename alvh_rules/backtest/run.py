"""A backtest from a checked ruleset, a market and quotes: the entry of this package."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from alvh_rules.backtest import frames
from alvh_rules.backtest.deciding import Program
from alvh_rules.backtest.errors import findings
from alvh_rules.backtest.result import Backtest, GovernedVersion, Settings
from alvh_rules.backtest.simulate import Inputs, Simulated, simulate
from alvh_rules.backtest.succession import Term
from alvh_rules.check.checked import CheckedRuleset
from alvh_rules.core.diagnostics import Diagnostic
from alvh_rules.evaluate.inputs import Market


def backtest(
    ruleset: CheckedRuleset,
    market: Market,
    inputs: Inputs,
    settings: Settings | None = None,
    *,
    found: tuple[Diagnostic, ...] = (),
    sources: Mapping[str, str] | None = None,
    on_step: Callable[[int, int], None] = lambda done, of: None,
    bulk: bool = True,
    both: bool = True,
    terms: Sequence[Term] = (),
    versions: tuple[GovernedVersion, ...] = (),
) -> Backtest:
    """Run a ruleset over a market. Rows of `inputs` are those of the market.

    `terms` and `versions` are those of a run as governed (`alvh_rules/backtest/governed.py`).

    `found` are findings of the data, kept with those of the run; `sources` hashes and versions. Without
    `both` the book without its hedge is not run: its equity is then that with it. Raises
    ValueError where no session lies between the settings' days, or where rows are shorter than a day.
    `bulk` is of `of_history`: how decisions are made, and nothing of what they are.
    """
    settings = settings or Settings()
    if not market.timeline.daily:
        raise ValueError("a backtest runs on daily bars")
    first, last = traded_rows(market, settings)
    program = terms[0].program if terms else Program(ruleset, market)
    done = simulate(
        program,
        inputs,
        settings,
        first,
        last,
        on_step=on_step,
        bulk=bulk,
        both=both,
        terms=terms,
    )
    return result(done, settings, found, sources or {}, versions)


def traded_rows(market: Market, settings: Settings) -> tuple[int, int]:
    """The first and last row on which is traded. Raises ValueError where there is none."""
    dates = market.timeline.dates
    inside = np.ones(len(dates), dtype=bool)
    if settings.first is not None:
        inside &= dates >= np.datetime64(settings.first)
    if settings.last is not None:
        inside &= dates <= np.datetime64(settings.last)
    rows = np.flatnonzero(inside)
    if not len(rows):
        first, last = settings.first or dates[0], settings.last or dates[-1]
        raise ValueError(
            f"no session of the data lies between {first} and {last}: it goes from {dates[0]} to {dates[-1]}"
        )
    return int(rows[0]), int(rows[-1])


def result(
    done: Simulated,
    settings: Settings,
    found: tuple[Diagnostic, ...],
    sources: Mapping[str, str],
    versions: tuple[GovernedVersion, ...] = (),
) -> Backtest:
    """The frames of a finished simulation."""
    ruleset = done.program.ruleset
    evaluations = frames.evaluated(done)
    events: dict[str, tuple[Any, ...]] = frames.event_sessions(done)
    return Backtest(
        ruleset=ruleset.name,
        version=ruleset.version if len(versions) < 2 else "as governed",
        capital=ruleset.capital,
        settings=settings,
        equity=frames.equity_frame(done),
        trades=frames.trades_frame(done),
        positions=frames.positions_frame(done),
        prevented=frames.prevented_frame(done, evaluations),
        decisions=frames.decisions_frame(done, evaluations),
        market=frames.market_frame(done, evaluations),
        events=events,
        found=(*found, *findings(done)),
        sources=dict(sources),
        versions=versions,
    )
