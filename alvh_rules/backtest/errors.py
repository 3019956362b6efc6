"""What should be known of a backtest: all of the stage's messages, a function each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from alvh_rules.check.checked import CheckedRuleset, Role
from alvh_rules.core.diagnostics import Diagnostic, Severity
from alvh_rules.core.source import Span

if TYPE_CHECKING:
    from alvh_rules.backtest.simulate import Simulated
    from alvh_rules.backtest.succession import Parts, Term


def trades_nothing(names: list[str], span: Span) -> Diagnostic:
    """A ruleset of targets alone."""
    shown = ", ".join(f"`{name}`" for name in names)
    return Diagnostic(
        "ALV880",
        Severity.WARNING,
        "this ruleset trades nothing: it has no layer, hedge or `hold`",
        span,
        help=f"a target decides a number and opens no position ({shown}); "
        "add `hold vix futures month 1` with `weight …`"
        if names
        else "add a layer, or `hold vix futures month 1` with a weight",
    )


def limit_bound(text: str, span: Span, sessions: int) -> Diagnostic:
    """A limit on the book that acted."""
    return Diagnostic(
        "ALV881",
        Severity.ADVICE,
        f"`{text}` acted on {sessions:,} {'session' if sessions == 1 else 'sessions'}",
        span,
    )


def unknown_held(what: str, span: Span, sessions: int) -> Diagnostic:
    """Decisions about what is held that were unknown, so that it was kept."""
    times = "session" if sessions == 1 else "sessions"
    return Diagnostic(
        "ALV882",
        Severity.WARNING,
        f"{what} was unknown on {sessions:,} {times}: what was held was kept",
        span,
    )


def stale_marks(count: int, legs: int) -> Diagnostic:
    """Legs that were valued by an earlier quote."""
    return Diagnostic(
        "ALV883",
        Severity.WARNING,
        f"{count:,} of {legs:,} marks of open legs had no quote: each kept the last one that was known",
    )


def beyond_cash(sessions: int) -> Diagnostic:
    """Margin above cash."""
    times = "session" if sessions == 1 else "sessions"
    return Diagnostic(
        "ALV884",
        Severity.WARNING,
        f"the positions needed more margin than there was cash on {sessions:,} {times}",
        help="sizes are checked when an order is made; prices, holdings and the hedge move on after that",
    )


def ruined(day: str) -> Diagnostic:
    """Equity at or below nothing."""
    return Diagnostic(
        "ALV885", Severity.WARNING, f"equity was gone on {day}: what follows would not be traded"
    )


def unknown_rate(name: str, sessions: int, assumed: bool) -> Diagnostic:
    """Sessions without a rate for cash."""
    times = "session" if sessions == 1 else "sessions"
    earned = "cash earned the rate that prices assume" if assumed else "cash earned nothing"
    return Diagnostic(
        "ALV887",
        Severity.WARNING,
        f"`{name}`, which cash earns, was unknown on {sessions:,} {times}: {earned} there",
        help="`carry 5 sessions` on the column fills short gaps",
    )


def holdings(place: str, reason: str, names: Sequence[str]) -> Diagnostic:
    """A broker's file that cannot be followed."""
    listing = ", ".join(f"`{name}`" for name in names)
    return Diagnostic(
        "ALV888",
        Severity.ERROR,
        f"these holdings cannot be read: {reason}",
        location=place,
        help=f"the columns are {listing}; `--map-holdings NAME=COLUMN` names others"
        if names
        else "",
    )


def adverse_hedge(structure: str, span: Span, sessions: int) -> Diagnostic:
    """A hedge of vega that lost on what it was to hedge."""
    times = "session" if sessions == 1 else "sessions"
    return Diagnostic(
        "ALV889",
        Severity.ADVICE,
        f"the hedge's `{structure}` lost on a rise of VIX on {sessions:,} {times}",
        span,
        help="near volatility moves more than far: what is sold near can outweigh what is bought far; "
        "`hedge_held` in equity.csv counts every leg",
    )


def unknown_measure(name: str, span: Span) -> Diagnostic:
    """A measure of reallocation that there is not."""
    return Diagnostic(
        "ALV886",
        Severity.WARNING,
        f"`reallocate` knows no measure `{name}`: no weight moves",
        span,
        help="write `by projected_irr`",
    )


def findings(done: Simulated) -> list[Diagnostic]:
    """What should be known of a finished run."""
    run = done.hedged
    found: list[Diagnostic] = []
    for number, (at, parts) in enumerate(run.history):
        term = done.terms[at]
        same = number + 1 < len(run.history) and run.history[number + 1][1] is parts
        of_parts = [] if same else _of_parts(term.ruleset, parts)
        if len(run.history) == 1:
            found += of_parts
            continue
        # Two versions have one file's name: a span of neither would show the right line.
        found += [_of_version(item, term) for item in of_parts]
    ruleset = done.program.ruleset
    if run.unknown_rates:
        assumed = done.inputs.rates is not None
        found.append(unknown_rate(ruleset.cash_earns, run.unknown_rates, assumed))
    ledger = run.context.book.ledger
    if ledger.stale:
        found.append(stale_marks(ledger.stale, run.recorder.marks))
    sessions = run.recorder.sessions
    short = sum(item["margin"] > max(item["cash"] / 100.0, 0.0) + 0.005 for item in sessions)
    if short:
        found.append(beyond_cash(short))
    gone = next((item["row"] for item in sessions if item["equity"] <= 0), None)
    if gone is not None:
        found.append(ruined(str(done.program.market.timeline.dates[gone])))
    return found


def _of_version(item: Diagnostic, term: Term) -> Diagnostic:
    source = None if item.span is None else term.ruleset.sources.get(item.span.file)
    place = ""
    if source is not None and item.span is not None:
        place = f"{item.span.file}:{source.position(item.span.start).line}"
    message = f"version {term.version}: {item.message}"
    return replace(item, message=message, span=None, location=item.location or place)


def _of_parts(ruleset: CheckedRuleset, parts: Parts) -> list[Diagnostic]:
    """What should be known of one version's decisions."""
    found: list[Diagnostic] = []
    hedges = ruleset.hedge is not None
    if not ruleset.layers and not ruleset.holdings and not hedges:
        names = [name for name, role in ruleset.roles.items() if role is Role.TARGET]
        span = ruleset.values[names[0]].span if names else Span("", 0, 0)
        found.append(trades_nothing(names, span))
    if ruleset.reallocate is not None:
        measure = ruleset.reallocate.measure
        if measure is not None and measure.name != "projected_irr":
            found.append(unknown_measure(measure.name, measure.span))
    for limit in ruleset.limits:
        if limit.binds is None and parts.limits.bound[limit.text]:
            found.append(limit_bound(limit.text, limit.span, parts.limits.bound[limit.text]))
    for layer in parts.layers.values():
        if layer.unknown_closings and layer.layer.close is not None:
            what = f"whether `{layer.name}` closes"
            found.append(unknown_held(what, layer.layer.close.span, layer.unknown_closings))
    if parts.hedge is not None and parts.hedge.unknown:
        found.append(unknown_held("the hedge", parts.hedge.hedge.span, parts.hedge.unknown))
    if parts.hedge is not None:
        found += [
            adverse_hedge(text, parts.hedge.hedge.span, sessions)
            for text, sessions in parts.hedge.adverse.items()
        ]
    return found
