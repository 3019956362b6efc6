"""A backtest in the terminal: the book with and without its hedge, what each layer made, worst days."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from alvh_rules.backtest.result import Backtest
from alvh_rules.backtest_report.book import hedges, owners, price_sources
from alvh_rules.backtest_report.metrics import NOT_LAYERS, BookMetrics, Metrics, over_bill
from alvh_rules.backtest_report.no_trades import no_trades_lines
from alvh_rules.backtest_report.words import UNKNOWN, count, day, money, number, percent
from alvh_rules.backtest_report.worst_days import worst_days
from alvh_rules.core.cells import escaped, width

NO_BILL: Final = "the ruleset's data have no column tbill_3m or tbill"
MOST_WORST: Final = 5
MOST_CLAUSES: Final = 10


def summary_lines(backtest: Backtest, figures: Metrics) -> list[str]:
    """The summary, as lines of plain text; a run without trades says what prevented them."""
    lines = [
        f"{escaped(backtest.ruleset)} {escaped(backtest.version)}: {day(figures.first)} to"
        f" {day(figures.last)}, {count(figures.sessions, 'session')}"
    ]
    lines += ["", *version_lines(backtest)] if backtest.versions else []
    lines += ["", *_book(backtest, figures)]
    lines += ["", *_owners(backtest)]
    worst = _worst(backtest)
    lines += ["", *worst] if worst else []
    lines += ["", *_notes(backtest, figures)]
    if not figures.trading.trades or figures.trading.refused:
        lines += ["", *no_trades_lines(backtest, MOST_CLAUSES)]
    return lines


def version_lines(backtest: Backtest) -> list[str]:
    """The versions of a run as governed, a line each, and what of their headers is not followed."""
    rows = [["as governed", "from", "to", ""]]
    rows += [
        [escaped(item.name), day(item.first), day(item.last), escaped(item.how)]
        for item in backtest.versions
    ]
    lines = aligned(rows, left=4)
    for item in backtest.versions:
        if item.account:
            which = ", ".join(item.account)
            lines.append(
                f"  {which} of {escaped(item.name)} {'is' if len(item.account) == 1 else 'are'} not"
                " followed: the account is the first version's"
            )
    return lines


def aligned(rows: list[list[str]], left: int = 1) -> list[str]:
    """Rows as lines of aligned columns, two blanks in; the first `left` columns to the left. Cells are
    counted as a terminal shows them."""
    widths = [max(width(row[at]) for row in rows) for at in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = []
        for at, (cell, wide) in enumerate(zip(row, widths, strict=True)):
            space = " " * (wide - width(cell))
            cells.append(cell + space if at < left else space + cell)
        lines.append("  " + "  ".join(cells).rstrip())
    return lines


def _book(backtest: Backtest, figures: Metrics) -> list[str]:
    books = [("with hedge", figures.hedged), ("without", figures.unhedged)]
    if not hedges(backtest):
        books = [("book", figures.hedged)]
    rows = [["", *(name for name, _ in books)]]
    rows += [[label, *(write(book) for _, book in books)] for label, write in _LINES]
    return aligned(rows)


def _fallen(book: BookMetrics) -> str:
    return day(book.drawdown_trough) if book.max_drawdown < 0 else UNKNOWN


_LINES: Final = (
    ("equity at the end", lambda book: money(book.final_equity)),
    ("total return", lambda book: percent(book.total_return)),
    ("return a year (CAGR)", lambda book: percent(book.cagr)),
    ("volatility", lambda book: percent(book.volatility)),
    ("Sharpe ratio", lambda book: f"{number(book.sharpe)} ± {number(book.sharpe_error)}"),
    ("Sortino ratio", lambda book: number(book.sortino)),
    ("Calmar ratio", lambda book: number(book.calmar)),
    ("deepest drawdown", lambda book: percent(book.max_drawdown)),
    ("  its lowest day", _fallen),
    ("worst day", lambda book: percent(book.worst_day)),
    ("  on", lambda book: day(book.worst_day_date)),
    ("worst 5% of days, mean", lambda book: percent(book.cvar_95_daily)),
    ("worst 5% of months, mean", lambda book: percent(book.cvar_95_monthly)),
)


def _owners(backtest: Backtest) -> list[str]:
    """What each layer, the hedge and the rest made, and how many of its positions made money."""
    trades = backtest.trades
    done = trades[trades["action"] != "refuse"]
    rows = [["", "profit", "opened", "made money", "fees"]]
    for name, profits in owners(backtest).items():
        mine = done[done["owner"] == name]
        known = profits[~np.isnan(profits)]
        closed = mine[mine["action"].isin(("close", "settle"))]["position"].unique()
        each = mine[mine["position"].isin(closed)].groupby("position")["profit"].sum()
        share = f"{int((each > 0).sum())} of {len(each)}" if len(each) else UNKNOWN
        rows.append(
            [
                escaped(name),
                money(float(known[-1]) if len(known) else math.nan, signed=True),
                f"{int((mine['action'] == 'open').sum()):,}" if len(mine) else UNKNOWN,
                share if name not in NOT_LAYERS else UNKNOWN,
                money(float(mine["fees"].sum())) if len(mine) else UNKNOWN,
            ]
        )
    return aligned(rows)


def _worst(backtest: Backtest) -> list[str]:
    days = worst_days(backtest, MOST_WORST)
    if not days:
        return []
    names = list(days[0].by_owner)
    rows = [["worst days", "", "$", *map(escaped, names)]]
    for item in days:
        made = [money(item.by_owner[name], signed=True) for name in names]
        rows.append([day(item.day), percent(item.change), money(item.profit, signed=True), *made])
    return aligned(rows)


def _notes(backtest: Backtest, figures: Metrics) -> list[str]:
    """What must be known with the figures."""
    trading = figures.trading
    lines = []
    if hedges(backtest) and math.isfinite(trading.hedge_cost_per_year):
        verb = "cost" if trading.hedge_cost_per_year >= 0 else "earned"
        lines.append(
            f"the hedge {verb} {money(abs(trading.hedge_cost_per_year))} a year,"
            f" {percent(abs(trading.hedge_cost_share))} of the capital"
        )
    over = over_bill(figures, escaped(figures.bill), NO_BILL)
    trials = count(figures.trials, "trial")
    chance = percent(figures.deflated_sharpe, 1)
    lines.append(f"Sharpe and Sortino ratios are over {over}; ± is one standard error (Lo 2002)")
    lines.append(f"{trials} recorded; the true Sharpe ratio is above zero with {chance} (deflated)")
    sources = price_sources(backtest)
    total = sum(sources.values())
    if total:
        shares = ", ".join(
            f"{escaped(name)} {percent(of / total, 1)}" for name, of in sources.items()
        )
        lines.append(f"prices of legs: {shares}")
    return lines
