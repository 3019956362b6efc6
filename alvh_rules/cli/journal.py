"""`alvh journal show|explain|replay|verify`: what a journal holds."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from alvh_rules.cli.live import missing_library
from alvh_rules.cli.output import CANNOT_RUN, FINDINGS, FINE, colour
from alvh_rules.core.render import escaped, render_all

if TYPE_CHECKING:
    from alvh_rules.backtest.account import Statement
    from alvh_rules.live.journal import Bar, Journal

_MOST_SHOWN = 20


def show(arguments: argparse.Namespace) -> int:
    return _opened(arguments, _show)


def explain(arguments: argparse.Namespace) -> int:
    return _opened(arguments, _explain)


def replay(arguments: argparse.Namespace) -> int:
    return _opened(arguments, _replay)


def verify(arguments: argparse.Namespace) -> int:
    return _opened(arguments, _verify)


def _opened(arguments: argparse.Namespace, do: Callable[[argparse.Namespace, Journal], int]) -> int:
    if (absent := missing_library()) is not None:
        print(render_all([absent], {}, colour=colour()))
        return CANNOT_RUN
    from alvh_rules.live.errors import LiveError
    from alvh_rules.live.open_journal import open_journal

    try:
        journal = open_journal(arguments.journal)
        try:
            return do(arguments, journal)
        finally:
            journal.close()
    except LiveError as refused:
        print(render_all([refused.diagnostic], {}, colour=colour()))
        return CANNOT_RUN


def _show(arguments: argparse.Namespace, journal: Journal) -> int:
    if arguments.quarantine:
        for item in journal.quarantined(arguments.last):
            parts = [item.at, item.kind, item.key or "-", item.field, item.reason, item.raw]
            print("  ".join(escaped(part) for part in parts if part))
        return FINE
    if arguments.notices:
        for at, kind, text in journal.notices(arguments.last):
            print(escaped(f"{at}  {kind}  {text}"))
        return FINE
    from alvh_rules.live.review import about_journal

    if arguments.trades or arguments.positions:
        return _show_account(arguments, journal)
    about, count = about_journal(journal), journal.count()
    first, last = journal.keys_at_ends()
    if not arguments.json:
        held = f"{count:,} rows, {first} to {last}" if count else "no rows"
        print(f"{about.ruleset} {about.version} ({about.hash[:12]}), begun {about.begun}: {held}")
    for bar in journal.bars(max(count - arguments.last + 1, 1)):
        print(_as_json(bar) if arguments.json else _as_text(bar))
    return FINE


def _show_account(arguments: argparse.Namespace, journal: Journal) -> int:
    from alvh_rules.live.review import about_journal

    if "paper" not in about_journal(journal).reading:
        print("this journal has no paper account: it was begun without `--paper`")
        return CANNOT_RUN
    if arguments.trades:
        for trade in journal.trades(arguments.last):
            print(json.dumps(trade, ensure_ascii=False) if arguments.json else trade_line(trade))
        return FINE
    count = journal.count()
    bar = next(journal.bars(count, count), None)
    if bar is None or bar.account is None:
        print("the account has not begun to trade")
        return FINE
    for leg in bar.account.positions:
        print(json.dumps(leg, ensure_ascii=False) if arguments.json else leg_line(leg))
    if not arguments.json:
        print(f"{bar.key}: {account_words(bar.account)}")
    return FINE


def trade_line(trade: Mapping[str, Any]) -> str:
    """A trade on one line."""
    what = trade["position"] or trade["owner"]
    parts = [f"{trade['number']:>5}  {trade['date']}  {trade['action']} {what}"]
    parts += [trade["legs"] or trade["structure"]]
    if trade["action"] == "refuse":
        parts.append(trade["reason"])
    else:
        parts.append(f"cash {trade['cash']:,.2f}, fees {trade['fees']:,.2f}")
        parts.append(f"profit {trade['profit']:,.2f}" if trade["profit"] else "")
    parts.append(f"because {trade['clause']}" + (f" ({trade['place']})" if trade["place"] else ""))
    return escaped("  ".join(part for part in parts if part))


def leg_line(leg: Mapping[str, Any]) -> str:
    """An open leg on one line."""
    strike = "" if leg["strike"] is None else f" {leg['strike']:g}"
    expiry = "" if leg["expiry"] is None else f" {leg['expiry']}"
    mark = "unknown" if leg["mark"] is None else f"{leg['mark']:,.2f}"
    return escaped(
        f"{leg['position']}  {leg['contracts']:+g} {leg['underlying']}{expiry} {leg['right']}{strike}"
        f"  at {mark}  worth {leg['market_value']:,.2f}"
    )


def account_words(account: Statement) -> str:
    """How an account stands, in words."""
    equity = account.equity
    held = len({leg["position"] for leg in account.positions})
    positions = "1 position" if held == 1 else f"{held:,} positions"
    return (
        f"equity ${equity['equity']:,.2f}, cash ${equity['cash']:,.2f},"
        f" margin ${equity['margin']:,.2f}, {positions} open"
    )


def _as_json(bar: Bar) -> str:
    from alvh_rules.live.outputs import account_of

    account = bar.account
    more = {} if account is None else {"account": account_of(account) | {"stale": account.stale}}
    told = {
        "number": bar.number,
        "key": bar.key,
        "absent": bar.absent,
        "held": bar.held,
        "decisions": bar.decisions,
        "unknown": bar.unknown,
        "withheld": bar.withheld,
        "received": bar.received,
        "decided": bar.decided,
        "engine": bar.engine,
    }
    return json.dumps(told | more, ensure_ascii=False, separators=(",", ":"))


def _as_text(bar: Bar) -> str:
    parts = [f"{name} {_shown(value)}" for name, value in bar.decisions.items()]
    mark = " (no bar)" if bar.absent else " (withheld)" if bar.withheld else ""
    if bar.account is not None:
        trades = [item for item in bar.account.trades if item["action"] != "refuse"]
        parts.append(f"equity ${bar.account.equity['equity']:,.2f}")
        parts += [f"{len(trades)} {'trade' if len(trades) == 1 else 'trades'}"] if trades else []
    return escaped(f"{bar.key}{mark}  " + ", ".join(parts))


def _shown(value: Any) -> str:
    if value is None:
        return "unknown"
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else f"{value:.6g}"


def _explain(arguments: argparse.Namespace, journal: Journal) -> int:
    from alvh_rules.check.scope import nearest
    from alvh_rules.live import errors
    from alvh_rules.live.errors import LiveError
    from alvh_rules.live.review import explanation_of

    bar = journal.bar_of(arguments.key)
    if bar is None:
        ends = journal.keys_at_ends()
        raise LiveError(errors.no_such_bar(journal.location, arguments.key, *ends))
    name = arguments.name
    if name is not None and name not in bar.decisions:
        near = nearest(name, bar.decisions)
        help = f": did you mean `{near}`?" if near else ""
        print(f"the journal has no decision `{name}`{help}")
        return CANNOT_RUN
    if bar.absent:
        print(f"{bar.key} had no bar: every column was missing")
    if bar.withheld:
        print(f"withheld, since this did not hold: {'; '.join(bar.withheld)}")
    shown = name is None
    for line in explanation_of(journal, bar):
        if not line.startswith(" "):
            shown = name is None or line.startswith(f"{name}: ")
        if shown:
            print(escaped(line))
    if bar.account is not None and name is None:
        print(f"account: {account_words(bar.account)}")
        for trade in bar.account.trades:
            print(f"  {trade_line(trade).strip()}")
    return FINE


def _replay(arguments: argparse.Namespace, journal: Journal) -> int:
    from alvh_rules.live.journal import Bar
    from alvh_rules.live.review import about_journal, differences

    rows = found = 0
    for item in differences(journal):
        if isinstance(item, Bar):
            rows += 1
            continue
        found += 1
        if found <= _MOST_SHOWN:
            there, here = (_told(value) for value in (item.there, item.here))
            print(escaped(f"{item.key}  {item.name}: {there} in the journal, {here} decided again"))
    if found > _MOST_SHOWN:
        print(f"… and {found - _MOST_SHOWN:,} more")
    paper = "paper" in about_journal(journal).reading
    same = "every decision, trade and mark is" if paper else "every decision is"
    told = f"{same} the journal's" if not found else f"{found:,} differ"
    print(f"{rows:,} rows decided again: {told}")
    return FINDINGS if found else FINE


def _told(value: Any) -> str:
    if isinstance(value, float):
        return repr(value)
    return _shown(value) if not isinstance(value, dict | list) else json.dumps(value)


def _verify(arguments: argparse.Namespace, journal: Journal) -> int:
    from alvh_rules.live.review import faults

    found = faults(journal)
    for fault in found[:_MOST_SHOWN]:
        print(escaped(fault))
    if len(found) > _MOST_SHOWN:
        print(f"… and {len(found) - _MOST_SHOWN:,} more")
    rows = journal.count()
    told = "the journal is whole" if not found else f"{len(found):,} faults"
    print(f"{rows:,} rows: {told}; `alvh journal replay` decides them again")
    return FINDINGS if found else FINE
