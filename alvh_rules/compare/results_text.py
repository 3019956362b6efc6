"""What a change does to results, as text and as Markdown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from alvh_rules.backtest_report.summary import aligned
from alvh_rules.backtest_report.words import UNKNOWN, count, money, number, percent
from alvh_rules.compare.markdown_words import code, plain
from alvh_rules.compare.results import ClauseResult, Figures, Ran, Results

Write = Callable[[float, bool], str]


def _money(value: float, signed: bool) -> str:
    return money(value, signed=signed)


def _percent(value: float, signed: bool) -> str:
    return percent(value, signed=signed)


def _count(value: float, signed: bool) -> str:
    return number(value, 0, signed=signed)


_FIGURES: Final[Sequence[tuple[str, str, str, Write]]] = (
    ("final_equity", "equity at the end", "equity", _money),
    ("cagr", "return a year (CAGR)", "CAGR", _percent),
    ("volatility", "volatility", "volatility", _percent),
    ("max_drawdown", "deepest drawdown", "drawdown", _percent),
    ("worst_day", "worst day", "worst day", _percent),
    ("hedge_cost", "the hedge's cost a year", "hedge cost", _money),
    ("trades", "trades", "trades", _count),
)


def results_lines(results: Results) -> list[str]:
    """The results of both, then those of each changed clause."""
    lines = [headline(results)]
    if results.old is None and results.new is None:
        return lines
    rows = [["", "old", "new", "change"], *both_rows(results)]
    lines += aligned(rows)
    if results.note:
        lines.append(f"  {results.note}")
    if _by_clause(results):
        lines += ["", *_clause_lines(results)]
    return lines


def headline(results: Results) -> str:
    """The days that both were traded on, and how many backtests it took."""
    ran = results.new or results.old
    if ran is None:
        return f"results: {results.note}"
    took = count(results.backtests, "backtest")
    return f"results: {ran.first} to {ran.last}, {count(ran.sessions, 'session')}; {took}"


def both_rows(results: Results) -> list[list[str]]:
    """A row a figure: the old one, the new one, and the change."""
    found = []
    for key, label, _, write in _FIGURES:
        old, new = (_of(side, key) for side in (results.old, results.new))
        cells = [UNKNOWN if side is None else write(side, False) for side in (old, new)]
        change = UNKNOWN if old is None or new is None else write(new - old, True)
        found.append([label, *cells, change])
    return found


def _of(ran: Ran | None, key: str) -> float | None:
    return None if ran is None else getattr(ran.figures, key)


def _by_clause(results: Results) -> list[ClauseResult]:
    """The clauses of which something is told."""
    return [item for item in results.clauses if not item.same]


def clause_name(item: ClauseResult) -> str:
    """What was changed, in words."""
    return " and ".join(
        f"{clause.where}: {clause.old or '(nothing)'} → {clause.new or '(nothing)'}"
        for clause in item.clauses
    )


def _cells(figures: Figures | None) -> list[str]:
    if figures is None:
        return [UNKNOWN] * len(_FIGURES)
    return [write(getattr(figures, key), True) for key, _, _, write in _FIGURES]


def _clause_lines(results: Results) -> list[str]:
    told = _by_clause(results)
    lines = ["by changed clause"]
    for at, item in enumerate(told, 1):
        lines.append(f"  {at}. {clause_name(item)}")
        if item.reason:
            lines.append(f"     {item.reason}")
    alike = sum(item.same for item in results.clauses)
    if alike:
        lines.append(f"  {same_words(alike)}")
    interaction = results.interaction
    rows = [["", *(label for _, _, label, _ in _FIGURES)]]
    rows += [[f"{at}. alone", *_cells(item.alone)] for at, item in enumerate(told, 1)]
    if results.interacts:
        rows.append(["interaction", *_cells(interaction)])
    if any(item.last is not None for item in told):
        rows += [[f"{at}. last", *_cells(item.last)] for at, item in enumerate(told, 1)]
    return [*lines, *aligned(rows), *(f"  {line}" for line in interaction_lines(results))]


def same_words(alike: int) -> str:
    """That some changed clauses change nothing that is traded."""
    if alike == 1:
        return "1 clause is written otherwise and trades as before"
    return f"{alike:,} clauses are written otherwise and trade as before"


def interaction_lines(results: Results) -> list[str]:
    """What `alone`, `last` and `interaction` are, where it must be said."""
    if not results.interacts:
        return []
    lines = [f"interaction: what all do together less the sum of each alone; {results.why}"]
    if any(item.last is not None for item in results.clauses):
        lines.append(
            "alone: on the old ruleset; last: on the new one, which has all the others;"
            " what a clause does lies between them as far as it can be told"
        )
    return lines


def results_markdown(results: Results) -> list[str]:
    """The same as tables."""
    lines = [f"**{plain(headline(results)[:1].upper() + headline(results)[1:])}**", ""]
    if results.old is None and results.new is None:
        return lines
    lines += ["| | old | new | change |", "|---|---:|---:|---:|"]
    lines += [f"| {' | '.join(row)} |" for row in both_rows(results)]
    lines.append("")
    if results.note:
        lines += [f"{plain(results.note)}.", ""]
    told = _by_clause(results)
    if not told:
        return lines
    head = " | ".join(label for _, _, label, _ in _FIGURES)
    lines += [f"| changed clause | | {head} |", f"|---|---|{'---:|' * len(_FIGURES)}"]
    for item in told:
        name = "<br>".join(
            f"{plain(clause.where)}: {code(clause.old) or '(nothing)'} → {code(clause.new) or '(nothing)'}"
            for clause in item.clauses
        )
        if item.reason:
            name += f"<br>{plain(item.reason)}"
        lines.append(f"| {name} | alone | {' | '.join(_cells(item.alone))} |")
        if item.last is not None:
            lines.append(f"| | last | {' | '.join(_cells(item.last))} |")
    if results.interacts:
        lines.append(f"| interaction | | {' | '.join(_cells(results.interaction))} |")
    lines.append("")
    alike = sum(item.same for item in results.clauses)
    lines += [f"{same_words(alike)}.", ""] if alike else []
    for line in interaction_lines(results):
        lines += [f"{plain(line[:1].upper() + line[1:])}.", ""]
    return lines
