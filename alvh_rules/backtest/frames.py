"""The frames of `result.py` from what two books recorded."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from alvh_rules.backtest.deciding import Program
from alvh_rules.backtest.hedging import HEDGE
from alvh_rules.backtest.instruments import NEVER
from alvh_rules.backtest.marks import NO_MARK, Mark
from alvh_rules.backtest.paths import LegPath
from alvh_rules.backtest.simulate import Simulated
from alvh_rules.backtest.succession import layer_names
from alvh_rules.backtest.trades import SOURCES, Stretch, Trade
from alvh_rules.backtest.wording import condition_words
from alvh_rules.check import checked as c
from alvh_rules.core.kinds import Kind
from alvh_rules.core.kleene import FALSE, TRUE, UNKNOWN
from alvh_rules.core.source import Span
from alvh_rules.evaluate.engine import Evaluation, evaluate
from alvh_rules.evaluate.inputs import Array, Kleene
from alvh_rules.options.contracts import Source
from alvh_rules.plan.graph import Given, storage_of
from alvh_rules.report.decisions import decision_frame

if TYPE_CHECKING:
    import pandas

TRADE_NAMES = (
    *("number", "date", "position", "owner", "action", "structure", "legs", "contracts", "cash"),
    *("fees", "slippage", "profit", "clause", "place", "decided", "source", "reason"),
    *("underlyings", "volatilities"),
)
LEG_NAMES = (
    *("date", "position", "owner", "leg", "underlying", "right", "strike", "expiry", "contracts"),
    *("bid", "ask", "mark", "market_value", "volatility", "delta", "gamma", "theta", "vega"),
    *("source", "spot", "own_delta", "own_gamma", "own_vega"),
)
_TRADE_NUMBERS = ("contracts", "cash", "fees", "slippage", "profit")
_LEG_NUMBERS = (
    *("strike", "contracts", "bid", "ask", "mark", "market_value", "volatility"),
    *("delta", "gamma", "theta", "vega", "spot", "own_delta", "own_gamma", "own_vega"),
)
_DTYPES = {"flag": np.int8, "code": np.int32}


def equity_frame(done: Simulated) -> pandas.DataFrame:
    """One row a session."""
    import pandas

    sessions, plain = done.hedged.recorder.sessions, done.unhedged.recorder.sessions
    dates = done.program.market.timeline.dates
    rows = np.array([item["row"] for item in sessions], dtype=np.int64)
    equity = np.array([item["equity"] for item in sessions]) / 100.0
    data: dict[str, Any] = {
        "date": dates[rows].astype("datetime64[ns]"),
        "equity": equity,
        "cash": [item["cash"] / 100.0 for item in sessions],
        "margin": np.round(np.array([item["margin"] for item in sessions], dtype=float), 2),
        "equity_without_hedge": [item["equity"] / 100.0 for item in plain],
        "interest": [item["interest"] / 100.0 for item in sessions],
    }
    holds = any(term.ruleset.holdings for term in done.terms)
    for owner in (*layer_names(done.terms), HEDGE, "holding"):
        # A hedge has its column whether the ruleset has one or not; a holding only where there is one.
        if owner == "holding" and not holds:
            continue
        data[f"{owner}_profit"] = [item["profit"][owner] / 100.0 for item in sessions]
    for at, name in enumerate(("delta", "gamma", "theta", "vega")):
        data[f"book_{name}"] = [item["greeks"][at] for item in sessions]
    data["hedge_ratio"] = [item["ratio"] for item in sessions]
    data["hedge_held"] = [item["held"] for item in sessions]
    data["drawdown"] = [item["drawdown"] for item in sessions]
    data["skipped"] = [item["skipped"] for item in sessions]
    return pandas.DataFrame(data)


def trades_frame(done: Simulated) -> pandas.DataFrame:
    """One row a trade or refusal, in order; with the version that decided it where versions have names."""
    import pandas

    dates = done.program.market.timeline.dates.astype("datetime64[ns]")
    places: dict[tuple[Program, Span], str] = {}
    rows, versions = [], []
    for number, trade in enumerate(done.hedged.recorder.trades, 1):
        term = done.term_at(trade.cause.row)
        versions.append(term.version)
        place = (term.program, trade.cause.span)
        if place not in places:
            places[place] = place_of(term.ruleset, trade.cause.span)
        rows.append(trade_cells(number, trade, dates, places[place]))
    frame = pandas.DataFrame(rows, columns=TRADE_NAMES)
    if not rows:
        frame = _typed(frame, ("date", "decided"), _TRADE_NUMBERS)
    return frame.assign(version=versions) if done.terms[0].version else frame


def _typed(
    frame: pandas.DataFrame, days: tuple[str, ...], numbers: tuple[str, ...]
) -> pandas.DataFrame:
    """An empty frame with the types that a full one has."""
    types: dict[str, Any] = {
        **dict.fromkeys(days, "datetime64[ns]"),
        **dict.fromkeys(numbers, float),
    }
    return frame.astype(types)


def trade_cells(number: int, trade: Trade, dates: Array, place: str) -> tuple[Any, ...]:
    """A row of `trades`, in the order of `TRADE_NAMES`; `dates` are those of the rows."""
    return (
        number,
        dates[trade.row],
        trade.position,
        trade.owner,
        trade.action,
        trade.structure,
        trade.legs,
        trade.contracts,
        trade.cash / 100.0,
        trade.fees / 100.0,
        trade.slippage / 100.0,
        trade.profit / 100.0,
        trade.cause.text,
        place,
        dates[trade.cause.row],
        trade.source,
        trade.reason,
        trade.underlyings,
        trade.volatilities,
    )


def leg_cells(part: Stretch, row: int, number: int, dates: Array) -> tuple[Any, ...]:
    """A row of `positions`, in the order of `LEG_NAMES`, of a position's leg (from zero) on a row."""
    at, leg = row - part.path.first, part.path.legs[number]
    contract, mark = leg.contract, leg.marks[at] or NO_MARK
    expiry = (
        np.datetime64("NaT", "ns")
        if contract.expiry == NEVER
        else np.datetime64(contract.expiry, "D").astype("datetime64[ns]")
    )
    return (
        dates[row],
        part.position.name,
        part.position.owner,
        number + 1,
        contract.underlying.upper(),
        contract.kind,
        contract.strike if contract.is_option else np.nan,
        expiry,
        leg.count,
        mark.bid,
        mark.ask,
        mark.mid,
        0.0 if contract.is_future else leg.values[at] / 100.0,
        mark.volatility,
        *leg.greeks[:, at].tolist(),
        SOURCES[Source(mark.source)],
        mark.spot,
        *leg.own[:, at].tolist(),
    )


def positions_frame(done: Simulated) -> pandas.DataFrame:
    """One row a leg and session."""
    import pandas

    stretches = done.hedged.recorder.stretches
    if not stretches:
        return _typed(pandas.DataFrame(columns=LEG_NAMES), ("date", "expiry"), _LEG_NUMBERS)
    legs = [(part, number, leg) for part in stretches for number, leg in enumerate(part.path.legs)]
    spans = [
        slice(part.first - part.path.first, part.last + 1 - part.path.first) for part, _, _ in legs
    ]
    lengths = [part.last + 1 - part.first for part, _, _ in legs]
    rows = np.concatenate([np.arange(part.first, part.last + 1) for part, _, _ in legs])
    numbers = np.repeat([number for _, number, _ in legs], lengths)
    names = [part.position.name for part, _, _ in legs]
    rank = {name: at for at, name in enumerate(sorted(set(names)))}
    order = np.lexsort((numbers, np.repeat([rank[name] for name in names], lengths), rows))

    def each(values: list[Any], kind: Any = object) -> Array:
        return np.repeat(np.array(values, dtype=kind), lengths)[order]

    def joined(parts: list[Array]) -> Array:
        return np.concatenate(parts)[order]

    parts = [(leg, span) for (_, _, leg), span in zip(legs, spans, strict=True)]
    contracts = [leg.contract for _, _, leg in legs]
    nothing = np.datetime64("NaT")
    expiries = [nothing if item.expiry == NEVER else item.expiry for item in contracts]
    data: dict[str, Any] = {
        "date": done.program.market.timeline.dates.astype("datetime64[ns]")[rows[order]],
        "position": each(names),
        "owner": each([part.position.owner for part, _, _ in legs]),
        "leg": numbers[order] + 1,
        "underlying": each([item.underlying.upper() for item in contracts]),
        "right": each([item.kind for item in contracts]),
        "strike": each([item.strike if item.is_option else np.nan for item in contracts], float),
        "expiry": each(expiries, "datetime64[D]").astype("datetime64[ns]"),
        "contracts": each([leg.count for _, _, leg in legs], float),
    }
    for name, field in (("bid", "bid"), ("ask", "ask"), ("mark", "mid"), ("volatility",) * 2):
        at = Mark._fields.index(field)
        data[name] = joined([leg.cells[at, span] for leg, span in parts])
    data["market_value"] = joined([_market_value(leg, span) for leg, span in parts])
    for at, name in enumerate(("delta", "gamma", "theta", "vega")):
        data[name] = joined([leg.greeks[at, span] for leg, span in parts])
    data["spot"] = joined([leg.cells[Mark._fields.index("spot"), span] for leg, span in parts])
    own = [leg.own[:, span] for leg, span in parts]
    for at, name in enumerate(("own_delta", "own_gamma", "own_vega")):
        data[name] = joined([greeks[at] for greeks in own])
    words = np.array([SOURCES[source] for source in sorted(Source)], dtype=object)
    data["source"] = words[joined([leg.cells[-1, span] for leg, span in parts]).astype(int)]
    return pandas.DataFrame(data, columns=LEG_NAMES)


def _market_value(leg: LegPath, span: slice) -> Array:
    """Dollars by session; a future is worth nothing after its daily settlement."""
    values = np.array(leg.values[span], dtype=float)
    return np.zeros(len(values)) if leg.contract.is_future else values / 100.0


def evaluated(done: Simulated) -> dict[Program, Evaluation]:
    """Of each version all columns over all rows, with the book's facts as they were."""
    return {
        program: _evaluated(done, program)
        for program in dict.fromkeys(term.program for term in done.terms)
    }


def _evaluated(done: Simulated, program: Program) -> Evaluation:
    sessions = {item["row"]: item["facts"] for item in done.hedged.recorder.sessions}
    rows = len(program.market.timeline)
    given: dict[str, Array] = {}
    kinds = {
        node.operation.name: node
        for node in program.plan.nodes
        if isinstance(node.operation, Given)
    }
    for name in program.plan.given:
        empty = program.empty[name]
        values = [sessions[row][name] if row in sessions else empty for row in range(rows)]
        node = kinds.get(name)
        storage = storage_of(node.type).value if node is not None else "number"
        given[name] = np.array(values, dtype=_DTYPES.get(storage, np.float64))
    return evaluate(program.ruleset, program.plan, program.market, given=given)


def decisions_frame(done: Simulated, evaluations: Mapping[Program, Evaluation]) -> pandas.DataFrame:
    """Every measure and decision, on the sessions that were traded: those of the version in force."""
    parts = []
    for begin, end, term in done.stretches():
        frame = decision_frame(evaluations[term.program], "all").reset_index()
        frame["date"] = frame["date"].astype("datetime64[ns]")
        parts.append(frame.iloc[begin:end])
    return _below(parts)


def _below(parts: list[pandas.DataFrame]) -> pandas.DataFrame:
    """Frames below one another; a column that one has not is missing there."""
    import pandas

    whole = parts[0] if len(parts) == 1 else pandas.concat(parts)
    return whole.reset_index(drop=True)


def market_frame(done: Simulated, evaluations: Mapping[Program, Evaluation]) -> pandas.DataFrame:
    """The underlying's close as `spot`, every data column and the standard ones that prices are made
    from, on the sessions that were traded."""
    import pandas

    parts = []
    for begin, end, term in done.stretches():
        market = term.program.market
        data: dict[str, Any] = {"date": market.timeline.dates.astype("datetime64[ns]")}
        spot = _main_underlying(term.ruleset)
        if spot in market.columns:
            data["spot"] = market.columns[spot]
        data.update(
            {
                name: column
                for name, column in market.columns.items()
                if column.dtype == np.float64 and name not in data
            }
        )
        for name, column in done.inputs.columns.items():
            data.setdefault(name, column)
        parts.append(pandas.DataFrame(data).iloc[begin:end])
    frame = _below(parts)
    decided = decisions_frame(done, evaluations).drop(columns="date")
    return frame.join(decided[[name for name in decided if name not in frame]])


def _main_underlying(ruleset: c.CheckedRuleset) -> str:
    """What the first layer or holding trades, or the first price column."""
    traded = [layer.structure.underlying for layer in ruleset.layers]
    traded += [item.structure.underlying for item in ruleset.holdings]
    prices = [item.name for item in ruleset.schema.columns if item.kind is Kind.PRICE]
    return next((name for name in (*traded, *prices) if name), "")


def prevented_frame(done: Simulated, evaluations: Mapping[Program, Evaluation]) -> pandas.DataFrame:
    """What kept layers from opening while there was room: clauses, and refusals of what was decided.

    A clause counts the sessions on which it alone was not true; a refusal, those on which it was made.
    """
    import pandas

    rows: list[tuple[Any, ...]] = []
    for program, evaluation in evaluations.items():
        rows += _prevented(done, program, evaluation)
    rows += _refused(done)
    rows.sort(key=lambda row: (-row[3], -row[4] - row[5], row[0], row[2]))
    frame = pandas.DataFrame(
        rows, columns=["owner", "clause", "place", "sessions", "false", "unknown", "version"]
    )
    return frame if done.terms[0].version else frame.drop(columns="version")


def _prevented(
    done: Simulated, program: Program, evaluation: Evaluation
) -> Iterator[tuple[Any, ...]]:
    """The clauses of one version, over the sessions on which it was in force."""
    ruleset = program.ruleset
    mine_rows = np.zeros(len(program.market.timeline), dtype=bool)
    for begin, end, term in done.stretches():
        mine_rows[begin:end] |= term.program is program
    version = done.version_of(program)
    for layer in ruleset.layers:
        room = np.zeros(len(program.market.timeline), dtype=bool)
        for item in done.hedged.recorder.sessions:
            room[item["row"]] = item["room"].get(layer.name, False) and mine_rows[item["row"]]
        clauses = list(_clauses(ruleset.values[f"{layer.name}.open"]))
        values: list[Kleene] = [evaluation.value(item) for item in clauses]
        for at, clause in enumerate(clauses):
            others = np.ones(len(room), dtype=bool)
            for number, value in enumerate(values):
                if number != at:
                    others &= value == TRUE
            mine = values[at]
            alone = int((room & others & (mine != TRUE)).sum())
            false, unknown = (int((room & (mine == word)).sum()) for word in (FALSE, UNKNOWN))
            if false or unknown:
                place = place_of(ruleset, clause.span)
                words = condition_words(ruleset, clause)
                yield (layer.name, words, place, alone, false, unknown, version)


def _clauses(node: c.Expression) -> Iterator[c.Expression]:
    """The conditions that must all hold."""
    if isinstance(node, c.Logical) and node.operator == "and":
        for item in node.items:
            yield from _clauses(item)
    else:
        yield node


def _refused(done: Simulated) -> list[tuple[Any, ...]]:
    """Refusals of layers by their reason, whatever the figures in it."""
    counts: Counter[tuple[Program, str, str]] = Counter()
    for trade in done.hedged.recorder.trades:
        program = done.term_at(trade.cause.row).program
        if trade.action == "refuse" and f"{trade.owner}.open" in program.ruleset.values:
            reason = re.sub(r"-?\$?[\d,]*\.?\d+%?", "…", trade.reason)
            counts[(program, trade.owner, reason)] += 1
    rows = []
    for (program, owner, reason), count in counts.items():
        layer = next(item for item in program.ruleset.layers if item.name == owner)
        place = place_of(program.ruleset, layer.structure.span)
        version = done.version_of(program)
        rows.append((owner, f"refused: {reason}", place, count, count, 0, version))
    return rows


def place_of(ruleset: c.CheckedRuleset, span: Span) -> str:
    """`FILE:LINE` of a span; empty for what the ruleset does not say."""
    source = ruleset.sources.get(span.file)
    return "" if source is None else f"{span.file}:{source.position(span.start).line}"


def event_sessions(done: Simulated) -> dict[str, tuple[Any, ...]]:
    """By calendar, the sessions of its dates among those that were traded."""
    timeline = done.program.market.timeline
    first, last = timeline.ordinals[done.first], timeline.ordinals[done.last]
    found = {}
    calendars = {
        name: item for term in done.terms for name, item in term.program.market.calendars.items()
    }
    for name, calendar in calendars.items():
        ordinals = np.unique(calendar.ordinals)
        inside = ordinals[(ordinals >= first) & (ordinals <= last)]
        days = timeline.dates[inside - timeline.ordinals[0]]
        found[name] = tuple(day.astype("datetime64[D]").item() for day in days)
    return found
