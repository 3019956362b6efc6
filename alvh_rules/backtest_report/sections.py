"""The page's sections without charts, as HTML. Every text of a run passes through `safe`."""

from __future__ import annotations

import html
import math
from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np

from alvh_rules.backtest.result import Backtest
from alvh_rules.backtest_report.book import hedges, price_sources
from alvh_rules.backtest_report.metrics import BookMetrics, Metrics, over_bill
from alvh_rules.backtest_report.no_trades import MOST_SHOWN, no_trades_lines, prevented, refused
from alvh_rules.backtest_report.returns import dates_of, monthly_returns
from alvh_rules.backtest_report.shocks import Shock
from alvh_rules.backtest_report.summary import NO_BILL
from alvh_rules.backtest_report.words import UNKNOWN, cents, count, day, money, number, percent
from alvh_rules.backtest_report.worst_days import WorstDay
from alvh_rules.core.cells import escaped

MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
MOST_LISTED: Final = 100
"""Warnings or sources shown; the rest are counted."""
MOST_CLAUSE: Final = 110
"""Characters of a clause or a structure in a table."""
_UNDER: Final = "<span class=under></span>"
"""Before the name of a figure that belongs to the one above it."""
_STYLES: Final = {"t": "", "n": ' class="n"', "d": ' class="nb"'}
_DEEPEST: Final = 0.06
"""The monthly return that is coloured fully."""


def safe(text: object) -> str:
    """A text as HTML shows it, wherever it comes from; control characters are written out."""
    return html.escape(escaped(str(text)), quote=True)


def _cut(text: str) -> str:
    """A text so far as it fits into a table; the trade log has the whole."""
    return safe(text if len(text) <= MOST_CLAUSE else text[: MOST_CLAUSE - 1] + "…")


def table(head: Sequence[str], rows: Iterable[Sequence[str]], kinds: str) -> str:
    """A table. Cells are HTML; `kinds` has a letter a column: `t` for text, `n` for a number, `d` for a day."""
    styles = [_STYLES[kind] for kind in kinds]
    top = "".join(
        f"<th scope=col{style}>{cell}</th>" for cell, style in zip(head, styles, strict=True)
    )
    body = "".join(
        "<tr>"
        + "".join(f"<td{style}>{cell}</td>" for cell, style in zip(row, styles, strict=True))
        + "</tr>"
        for row in rows
    )
    return (
        f'<div class="wide"><table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>'
    )


def headline(backtest: Backtest, figures: Metrics) -> str:
    """What the hedge bought, in a sentence or two of plain figures."""
    mine, alone, cost = figures.hedged, figures.unhedged, figures.trading
    if not hedges(backtest):
        return f"<p class=lead>{money(backtest.capital)} became {money(mine.final_equity)}. Nothing was hedged.</p>"
    parts = [
        f"{money(backtest.capital)} became <b>{money(mine.final_equity)}</b> with the hedge and"
        f" <b>{money(alone.final_equity)}</b> without it.",
        f"The worst day was {percent(mine.worst_day)} instead of {percent(alone.worst_day)}, the deepest"
        f" drawdown {percent(mine.max_drawdown)} instead of {percent(alone.max_drawdown)}.",
    ]
    if math.isfinite(cost.hedge_cost_per_year):
        verb = "cost" if cost.hedge_cost_per_year >= 0 else "earned"
        parts.append(
            f"The hedge itself {verb} {money(abs(cost.hedge_cost_per_year))} a year,"
            f" {percent(abs(cost.hedge_cost_share))} of the capital."
        )
    return f"<p class=lead>{' '.join(parts)}</p>"


def tiles(backtest: Backtest, figures: Metrics) -> str:
    """The figures that are looked at first."""
    mine, alone = figures.hedged, figures.unhedged
    known = math.isfinite(mine.cagr)
    growth = ("Return a year", "cagr") if known else ("Return, not by the year", "total_return")
    sharpe = f"{number(mine.sharpe)} <small>± {number(mine.sharpe_error)}</small>"
    shown = [
        (growth[0], percent(getattr(mine, growth[1])), percent(getattr(alone, growth[1]))),
        ("Volatility", percent(mine.volatility), percent(alone.volatility)),
        ("Sharpe ratio", sharpe, f"{number(alone.sharpe)} ±&nbsp;{number(alone.sharpe_error)}"),
        ("Deepest drawdown", percent(mine.max_drawdown), percent(alone.max_drawdown)),
        ("Worst day", percent(mine.worst_day), percent(alone.worst_day)),
        ("Worst 5% of days", percent(mine.cvar_95_daily), percent(alone.cvar_95_daily)),
    ]
    without = hedges(backtest)
    each = "".join(
        f"<div class=tile><div class=label>{label}</div><div class=value>{value}</div>"
        + (f"<div class=sub>unhedged {other}</div>" if without else "")
        + "</div>"
        for label, value, other in shown
    )
    return f"<div class=tiles>{each}</div>"


def figure_table(backtest: Backtest, figures: Metrics) -> str:
    """Every figure of the book, with and without the hedge."""
    years = count(figures.sessions, "session")
    rows = [
        [label, *(write(book) for book in (figures.hedged, figures.unhedged))]
        for label, write in _BOOK_ROWS
    ]
    if not hedges(backtest):
        rows = [row[:2] for row in rows]
        shown = table(("", "book"), rows, "tn")
    else:
        shown = table(("", "with hedge", "without"), rows, "tnn")
    trading, other = figures.trading, []
    other.append(("Turnover a year", f"{number(trading.turnover)} × equity"))
    if hedges(backtest):
        other.append(("Hedge cost a year", money(trading.hedge_cost_per_year)))
        other.append((f"{_UNDER}of the capital", percent(trading.hedge_cost_share)))
    other.append(("Positions finished", f"{trading.finished:,}"))
    other.append((f"{_UNDER}of which made money", percent(trading.hit_rate, 1)))
    other.append(("Average credit a contract", cents(trading.average_credit)))
    other.append(("Sessions in the market", percent(trading.days_in_market, 1)))
    other.append(("Trades", f"{trading.trades:,}"))
    other.append(("Openings refused", f"{trading.refused:,}"))
    other.append(("Fees", money(trading.fees)))
    other.append(("Slippage", money(trading.slippage)))
    other.append(("Trials recorded", f"{figures.trials:,}"))
    other.append(("Deflated Sharpe ratio", percent(figures.deflated_sharpe, 1)))
    second = table(("", "trading"), other, "tn")
    over = f"over {over_bill(figures, safe(figures.bill), NO_BILL)}"
    note = (
        f"{years}, {day(figures.first)} to {day(figures.last)}. Sharpe and Sortino ratios are {over}. A"
        " year is 252 sessions. A dash is what cannot be known, such as a yearly rate of a run under 250"
        " sessions. ± is one standard error (Lo 2002, with skew, fat tails and autocorrelation). The"
        " deflated Sharpe ratio is the chance that the true ratio is above zero, given the trials"
        " (Bailey and López de Prado 2014); trials that were not recorded are not in it."
    )
    return f'<div class="pair">{shown}{second}</div><p class=note>{note}</p>'


def _dated(value: float, at: Any) -> str:
    return f"{percent(value)}<br><small>{day(at)}</small>" if math.isfinite(value) else UNKNOWN


def _fall(book: BookMetrics) -> str:
    if not book.max_drawdown < 0:
        return percent(book.max_drawdown)
    start = "the start" if book.drawdown_peak is None else day(book.drawdown_peak)
    end = (
        "not back yet"
        if book.drawdown_recovered is None
        else f"back {day(book.drawdown_recovered)}"
    )
    return f"<small>{start} to<br>{day(book.drawdown_trough)},<br>{end}</small>"


_BOOK_ROWS: Final = (
    ("Equity at the end", lambda book: money(book.final_equity)),
    ("Total return", lambda book: percent(book.total_return)),
    ("Return a year (CAGR)", lambda book: percent(book.cagr)),
    ("Volatility", lambda book: percent(book.volatility)),
    ("Sharpe ratio", lambda book: f"{number(book.sharpe)} ± {number(book.sharpe_error)}"),
    (
        f"{_UNDER}its error for independent returns",
        lambda book: f"± {number(book.sharpe_plain_error)}",
    ),
    ("Skew, kurtosis", lambda book: f"{number(book.skew)}, {number(book.kurtosis, 1)}"),
    ("Sortino ratio", lambda book: number(book.sortino)),
    ("Calmar ratio", lambda book: number(book.calmar)),
    ("Deepest drawdown", lambda book: percent(book.max_drawdown)),
    (f"{_UNDER}when", _fall),
    ("Worst day", lambda book: _dated(book.worst_day, book.worst_day_date)),
    ("Mean of the worst 5% of days (CVaR)", lambda book: percent(book.cvar_95_daily)),
    ("Mean of the worst 1% of days", lambda book: percent(book.cvar_99_daily)),
    ("Mean of the worst 5% of months", lambda book: percent(book.cvar_95_monthly)),
    ("Mean of the worst 1% of months", lambda book: percent(book.cvar_99_monthly)),
    ("Sessions without a known return", lambda book: f"{book.unknown_sessions:,}"),
)


def monthly(backtest: Backtest) -> str:
    """Returns by month and year, with the year's without the hedge."""
    frame, capital = backtest.equity, backtest.capital
    days = dates_of(frame)
    if not len(days):
        return ""
    equity = frame["equity"].to_numpy(dtype=float)
    alone = frame["equity_without_hedge"].to_numpy(dtype=float) if hedges(backtest) else None
    months, returns = monthly_returns(days, equity, capital)
    held = dict(zip(months.tolist(), returns.tolist(), strict=True))
    head = ["", *MONTHS, "Year", *(["without hedge"] if alone is not None else [])]
    lines = []
    for year in range(int(months[0]) // 12, int(months[-1]) // 12 + 1):
        cells = [_month(held.get(year * 12 + at)) for at in range(12)]
        totals = [_total([held.get(year * 12 + at, math.nan) for at in range(12)])]
        if alone is not None:
            other = dict(
                zip(*(item.tolist() for item in monthly_returns(days, alone, capital)), strict=True)
            )
            totals.append(_total([other.get(year * 12 + at, math.nan) for at in range(12)]))
        shown = "".join(f'<td class="n year">{percent(total, 1)}</td>' for total in totals)
        lines.append(f"<tr><th scope=row>{1970 + year}</th>{''.join(cells)}{shown}</tr>")
    top = "".join(f"<th scope=col>{name}</th>" for name in head)
    return (
        f'<div class="wide"><table class="months"><thead><tr>{top}</tr></thead><tbody>{"".join(lines)}'
        f"</tbody></table></div><p class=note>Percent{', with the hedge' if hedges(backtest) else ''}. The first and the last month may be"
        " parts of months.</p>"
    )


def _month(value: float | None) -> str:
    if value is None or not math.isfinite(value):
        return "<td class=n></td>"
    share = round(min(abs(value) / _DEEPEST, 1) * 70)
    colour = "--good" if value >= 0 else "--bad"
    shade = f"background:color-mix(in srgb,var({colour}) {share}%,transparent)"
    return f'<td class=n style="{shade}">{number(value * 100, 1)}</td>'


def _total(returns: list[float]) -> float:
    known = np.array(returns)
    known = known[~np.isnan(known)]
    return float(np.prod(1 + known) - 1) if len(known) else math.nan


def worst(backtest: Backtest, days: Sequence[WorstDay]) -> str:
    """The worst days, each to be opened."""
    if not days:
        return "<p>No day lost money.</p>"
    return "".join(
        _worst_day(item, hedges(backtest), first=at == 0) for at, item in enumerate(days)
    )


def shock_table(backtest: Backtest, found: Sequence[Shock]) -> str:
    """Both books through shocks that everybody knows; nothing where a run holds none of them."""
    if not found or not hedges(backtest):
        return ""
    rows = [
        [
            item.first if item.first == item.last else f"{item.first} to {item.last}",
            *(
                f"{percent(getattr(item.hedged, name))} <small>{percent(getattr(item.alone, name))}</small>"
                for name in ("change", "worst_day", "drawdown")
            ),
            money(item.hedge, signed=True),
        ]
        for item in found
    ]
    head = ("sessions", "change", "worst day", "drawdown", "the hedge made")
    return table(head, rows, "dnnnn") + (
        "<p class=note>With the hedge, and small without it, over the close before the first session. The"
        " spans are the same for every run.</p>"
    )


def _worst_day(item: WorstDay, hedged: bool, *, first: bool) -> str:
    moves = "; ".join(_move(name, before, now) for name, (before, now) in item.moves.items())
    without = f", <span class=nb>{money(item.alone)}</span> without the hedge" if hedged else ""
    owners = table(
        ("made by", "$"),
        [[safe(name), money(value, signed=True)] for name, value in item.by_owner.items()],
        "tn",
    )
    positions = table(
        ("position", "$", "opened", "by the clause"),
        [
            [
                f"{safe(moved.position)}<br><small>{_cut(moved.structure)}</small>",
                money(moved.profit, signed=True),
                day(moved.opened),
                f"<code>{_cut(moved.clause)}</code><br><small>{safe(moved.place)}</small>",
            ]
            for moved in item.positions
        ],
        "tndt",
    )
    decided = ", ".join(
        f"<code>{safe(name)}</code> {safe(value)}" for name, value in item.decided.items()
    )
    told = (
        f"<p><b>Decided at the close of {day(item.decided_on)}:</b> {decided}.</p>"
        if decided
        else ""
    )
    events = f"<p><b>Calendars:</b> {safe(', '.join(item.events))}.</p>" if item.events else ""
    return (
        f"<details{' open' if first else ''}><summary><b>{day(item.day)}</b>"
        f" <span class=loss>{percent(item.change)}</span> <span class=nb>{money(item.profit)}</span>{without}"
        f"</summary><div class=inside><p>{moves}</p>{events}"
        f'<div class="pair">{owners}{positions}</div>{told}{_day_trades(item)}</div></details>'
    )


def _move(name: str, before: float, now: float) -> str:
    if not math.isfinite(before) or not math.isfinite(now):
        return f"{safe(name)} {number(now)}"
    change = percent(now / before - 1, 1, signed=True) if before else UNKNOWN
    return f"{safe(name)} {number(before)} to {number(now)} ({change})"


def _day_trades(item: WorstDay) -> str:
    if not item.trades:
        return "<p>Nothing was traded on that day.</p>"
    rows = [
        [
            safe(trade["position"]),
            safe(trade["action"]),
            money(float(trade["cash"]), signed=True),
            f"<code>{_cut(str(trade['clause']))}</code>",
            day(trade["decided"]),
        ]
        for trade in item.trades
    ]
    more = f"<p class=note>And {item.more_trades:,} more.</p>" if item.more_trades else ""
    head = ("traded that day", "", "cash", "because of", "decided")
    return table(head, rows, "ttntd") + more


def openings(backtest: Backtest) -> str:
    """What kept layers from opening, and what was refused."""
    clauses, reasons = prevented(backtest)[:MOST_SHOWN], refused(backtest)[:MOST_SHOWN]
    if not clauses and not reasons:
        return f"<p>{safe(' '.join(no_trades_lines(backtest)) or 'Nothing stood in the way.')}</p>"
    shown = ""
    if clauses:
        rows = [
            [
                safe(item.owner),
                f"<code>{_cut(item.clause)}</code><br><small>{safe(item.place)}</small>",
                f"{item.alone:,}",
                f"{item.false:,}",
                f"{item.unknown:,}",
            ]
            for item in clauses
        ]
        head = ("layer", "clause", "it alone", "false", "unknown")
        shown += table(head, rows, "ttnnn")
        shown += "<p class=note>Sessions. “It alone”: every other clause would have opened.</p>"
    if reasons:
        rows = [[safe(item.owner), _cut(item.told), f"{item.times:,}"] for item in reasons]
        shown += table(("refused", "because", "times"), rows, "ttn")
    return shown


def assumptions(backtest: Backtest, figures: Metrics) -> str:
    """What the figures rest on: settings, where prices are from, warnings, and exact inputs."""
    settings = backtest.settings
    slippage = "; ".join(
        f"{count(legs, 'leg')} {percent(share, 0)}"
        for legs, share in sorted(settings.slippage.items())
    )
    sources = price_sources(backtest)
    total = sum(sources.values())
    shares = ", ".join(f"{safe(name)} {percent(of / total, 1)}" for name, of in sources.items())
    dividend = settings.dividend_yield
    span = f"{day(settings.first)} to {day(settings.last)}"
    facts = [
        ("Capital", money(backtest.capital)),
        ("Fee", f"{cents(settings.fee)} a contract and leg"),
        ("Slippage", f"of the half-spread: {slippage}"),
        ("Dividend yield", "as the data say" if dividend is None else f"{number(dividend)}%"),
        ("Asked for", "all sessions" if settings.first is settings.last is None else span),
        (
            "Prices of legs by session",
            f"{total:,}: {shares}" if total else "none: nothing was held",
        ),
        ("Trials of this ruleset recorded", f"{figures.trials:,}"),
    ]
    lines = "".join(f"<tr><th scope=row>{name}</th><td>{value}</td></tr>" for name, value in facts)
    shown = f'<div class="wide"><table class="facts"><tbody>{lines}</tbody></table></div>'
    if backtest.versions:
        rows = [
            [
                safe(item.name),
                day(item.first),
                day(item.last),
                safe(item.how),
                f"<code class=hash>{safe(item.content)}</code>",
            ]
            for item in backtest.versions[:MOST_LISTED]
        ]
        head = ("version", "from", "to", "", "content")
        shown += f"<h3>As governed</h3>{table(head, rows, 'tddtt')}"
    found = [
        f"<li>{safe(item.severity)}[{safe(item.code)}]: {safe(item.message)}"
        + (f" <small>{safe(item.location)}</small>" if item.location else "")
        + (f"<br><small>{safe(item.help)}</small>" if item.help else "")
        + "</li>"
        for item in backtest.found[:MOST_LISTED]
    ]
    more = len(backtest.found) - len(found)
    warnings = f"<ul>{''.join(found)}</ul>" if found else "<p>None.</p>"
    warnings += f"<p class=note>And {more:,} more.</p>" if more > 0 else ""
    inputs = table(
        ("input or library", "SHA-256 or version"),
        [
            [safe(name), f"<code class=hash>{safe(value)}</code>"]
            for name, value in list(backtest.sources.items())[:MOST_LISTED]
        ],
        "tt",
    )
    return f"{shown}<h3>Warnings</h3>{warnings}<h3>Made from</h3>{inputs}"
