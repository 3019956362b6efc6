"""What sinks are told, as JSON objects.

Of a bar: its number and key, the ruleset, the decisions, what unknown ones want for, and `until`, the
moment from which the decision is stale. `fresh` is added when it is told: whether that moment was still
to come. Of a feed gone silent: every decision null, and why.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from alvh_rules.backtest.account import Statement
from alvh_rules.live.decide import Decided
from alvh_rules.live.health import moment_text
from alvh_rules.live.journal import About, Output


def of_bar(number: int, about: About, decided: Decided, until: datetime) -> Output:
    """What is told of a row."""
    told: dict[str, Any] = {"number": number, "key": decided.key, **_ruleset(about)}
    if decided.absent:
        told["absent"] = True
    if decided.withheld:
        told["decisions"] = dict.fromkeys(decided.decisions)
        told["unknown"] = dict.fromkeys(decided.decisions, "withheld")
        told["withheld"] = list(decided.withheld)
    else:
        told["decisions"], told["unknown"] = dict(decided.decisions), dict(decided.unknown)
    if decided.statement is not None:
        told["account"] = account_of(decided.statement)
    return _made(number, decided.key, told, until)


def account_of(statement: Statement) -> dict[str, Any]:
    """What is told of a paper account: money in dollars, its trades of the session, the open legs."""
    names = ("equity", "cash", "margin", "drawdown", "hedge_ratio", "hedge_held")
    legs = ("position", "owner", "underlying", "right", "strike", "expiry", "contracts", "mark")
    return {
        **{name: statement.equity[name] for name in names},
        "trades": [
            {name: value for name, value in trade.items() if name != "date"}
            for trade in statement.trades
        ],
        "positions": [
            {name: leg[name] for name in (*legs, "market_value")} for leg in statement.positions
        ],
    }


def of_silence(
    number: int, about: About, names: Iterable[str], last: str, since: datetime
) -> Output:
    """What is told when the decision on the last bar has become stale."""
    key = f"{last or 'start'}/stale"
    told = {
        "number": number,
        "key": key,
        **_ruleset(about),
        "stale": True,
        "decisions": dict.fromkeys(names),
        "unknown": dict.fromkeys(names, "stale"),
    }
    return _made(number, key, told, since)


def text_of(output: Output, now: datetime | None) -> str:
    """The line that is told. `now` is None where data has a time of its own: all of it is fresh."""
    fresh = now is None or moment_text(now) < output.good_until
    return f'{output.text[:-1]},"fresh":{"true" if fresh else "false"}}}'


def _ruleset(about: About) -> dict[str, str]:
    return {"ruleset": f"{about.ruleset} {about.version}", "hash": about.hash[:12]}


def _made(number: int, key: str, told: dict[str, Any], until: datetime) -> Output:
    moment = moment_text(until)
    text = json.dumps(
        told | {"until": moment}, ensure_ascii=False, allow_nan=False, separators=(",", ":")
    )
    return Output(number, key, moment, text)
