"""Looking at a journal: the ruleset that it holds, its bars decided again, its form.

A journal needs nothing beside it: the ruleset's text and the calendars are in it.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final

import sqlalchemy as sa

from alvh_rules.live import errors
from alvh_rules.live.decide import Engine
from alvh_rules.live.errors import LiveError
from alvh_rules.live.fingerprint import hash_of, source_names
from alvh_rules.live.journal import About, Bar, Journal
from alvh_rules.live.outputs import account_of
from alvh_rules.live.paper import Paper, own_options, settings_of
from alvh_rules.live.rows import prepared_for
from alvh_rules.live.start import account_differences, decided_again
from alvh_rules.live.tables import BARS, CHECKPOINTS, CURSORS, DECISIONS, OUTPUTS, STATE, TRADES
from alvh_rules.market.read import Options, Prepared
from alvh_rules.pipeline import Checked, check

_PART: Final = 1000


@dataclass(frozen=True, slots=True)
class Difference:
    """A decision of the journal that deciding its bar again does not give."""

    key: str
    name: str
    there: Any
    here: Any


def about_journal(journal: Journal) -> About:
    """What a journal is of; `LiveError` where nothing says so."""
    about = journal.about()
    if about is None:
        raise LiveError(errors.unusable_journal(journal.location, "nothing was written to it"))
    return about


def ruleset_of(journal: Journal) -> tuple[Checked, str]:
    """The ruleset of a journal, checked anew from the text it holds, and what its file is called there."""
    about = about_journal(journal)
    for name in about.sources:
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts:
            reason = f"its ruleset's file `{name}` lies outside of its folder"
            raise LiveError(errors.unusable_journal(journal.location, reason))
    with tempfile.TemporaryDirectory() as folder:
        for name, text in about.sources.items():
            path_of = Path(folder, name)
            path_of.parent.mkdir(parents=True, exist_ok=True)
            path_of.write_text(text, encoding="utf-8", newline="")
        main = Path(folder, next(iter(about.sources)))
        result = check(main)
    if result.ruleset is None:
        first = next(item for item in result.diagnostics if item.is_error)
        reason = f"this version of alvh refuses its ruleset: {first.message}"
        raise LiveError(errors.unusable_journal(journal.location, reason))
    return result, str(main)


def engine_of(journal: Journal, *, explains: bool) -> tuple[Engine, Prepared]:
    """An engine for a journal's bars, at its beginning."""
    result, main = ruleset_of(journal)
    assert result.ruleset is not None
    assert result.plan is not None
    reading = about_journal(journal).reading
    options = Options(mapping=dict(reading["mapping"]), timezone=reading["timezone"])
    paper = None
    if "paper" in reading:
        paper = Paper(
            result.ruleset,
            options,
            settings_of(reading["paper"]),
            source_names(result.ruleset, main),
        )
        options = own_options(result.ruleset, options)
    # The calendars come from the journal, bar by bar: a stand-in for each name is enough here.
    from alvh_rules.live.fingerprint import calendars_of

    told = journal.calendars()
    calendars = calendars_of(told[0][1]) if told else {}
    prepared, _ = prepared_for(result.ruleset.schema, options, calendars)
    if prepared.found:
        raise LiveError(prepared.found[0])
    engine = Engine(result.ruleset, result.plan, prepared, explains=explains, paper=paper)
    return engine, prepared


def differences(journal: Journal) -> Iterator[Difference | Bar]:
    """The whole journal decided again: each of its rows, and before it what is otherwise now."""
    engine, prepared = engine_of(journal, explains=False)
    for bar, decided in decided_again(engine, journal, prepared):
        for name in dict.fromkeys([*bar.decisions, *decided.decisions]):
            there, here = bar.decisions.get(name), decided.decisions.get(name)
            if there != here or type(there) is not type(here):
                yield Difference(bar.key, name, there, here)
        if bar.unknown != decided.unknown and bar.decisions == decided.decisions:
            yield Difference(bar.key, "unknown", bar.unknown, dict(decided.unknown))
        for name, there, here in account_differences(bar.account, decided.statement):
            yield Difference(bar.key, name, there, here)
        if bar.withheld != list(decided.withheld):
            yield Difference(bar.key, "withheld", bar.withheld, list(decided.withheld))
        yield bar


def explanation_of(journal: Journal, bar: Bar) -> list[str]:
    """The lines that explain a bar: the journal's, or where it has none, made again."""
    if bar.explanation:
        return bar.explanation.splitlines()
    engine, prepared = engine_of(journal, explains=True)
    number, state = journal.checkpoint(bar.number - 1 - engine.rows_held)
    if state:
        engine.load(json.loads(state))
    # A session without a bar is decided when the next bar comes.
    for other, decided in decided_again(engine, journal, prepared, number + 1):
        if other.number == bar.number:
            return list(decided.explanation)
    return []


def faults(journal: Journal) -> list[str]:
    """What is wrong with a journal's form, in words; empty where it is whole."""
    found = []
    about = about_journal(journal)
    if hash_of(about.sources) != about.hash:
        found.append("the ruleset's text is not the one its hash is of")
    count = journal.count()
    with journal._reading() as connection:
        if connection.dialect.name == "sqlite":
            told = connection.scalar(sa.text("PRAGMA integrity_check"))
            if told != "ok":
                found.append(f"the database is damaged: {told}")
        tables = sa.inspect(connection).get_table_names()
        for table, column, what in (
            (BARS, BARS.c.id, "bars"),
            (DECISIONS, DECISIONS.c.bar, "decisions"),
            (OUTPUTS, OUTPUTS.c.id, "outputs"),
            (TRADES, TRADES.c.id, "trades"),
        ):
            if table.name not in tables:
                # A journal that an earlier version began.
                continue
            query = sa.select(sa.func.count(), sa.func.max(column)).select_from(table)
            rows, most = connection.execute(query).one()
            if rows != (most or 0):
                found.append(f"{what} are numbered to {most:,}, and there are {rows:,}")
        if (decided := connection.scalar(sa.select(sa.func.max(DECISIONS.c.bar))) or 0) != count:
            found.append(f"there are {count:,} bars and {decided:,} decisions")
        other = sa.select(sa.func.count()).where(DECISIONS.c.hash != about.hash)
        if strange := connection.scalar(other):
            found.append(f"{strange:,} decisions are of another ruleset's hash")
        outputs = int(connection.scalar(sa.select(sa.func.max(OUTPUTS.c.id))) or 0)
        ahead = sa.select(sa.func.count()).where(CURSORS.c.output > outputs)
        if connection.scalar(ahead):
            found.append("a sink is said to have outputs that are not here")
        last = connection.scalar(sa.select(STATE.c.bar)) or 0
        if last != count:
            found.append(f"the state carried is that after bar {last:,}, not {count:,}")
        if (latest := connection.scalar(sa.select(sa.func.max(CHECKPOINTS.c.bar))) or 0) > count:
            found.append(f"there is a checkpoint after bar {latest:,}")
    return found + _untold(journal) + _unbalanced(journal)


def _unbalanced(journal: Journal) -> list[str]:
    """Where the money of a paper account does not add up, or the account of a row is missing."""
    found: list[str] = []
    begun = False
    for bar in journal.bars():
        account = bar.account
        if account is None:
            if begun:
                found.append(f"there is no account of bar {bar.key}")
            continue
        begun = True
        held = sum(_cents(leg["market_value"]) for leg in account.positions)
        equity = account.equity
        if _cents(equity["equity"]) != _cents(equity["cash"]) + held:
            found.append(f"the account's equity on {bar.key} is not its cash and what it holds")
    return found


def _cents(dollars: float) -> int:
    return round(dollars * 100.0)


def _untold(journal: Journal) -> list[str]:
    """Rows whose output is missing, or says something else; and rows out of order."""
    found: list[str] = []
    before = ""
    told: dict[str, Any] = {}
    after = 0
    for bar in journal.bars():
        if bar.key <= before:
            found.append(f"bar {bar.key} stands after {before}")
        before = bar.key
        while bar.key not in told:
            part = journal.outputs(after, _PART)
            if not part:
                break
            after = part[-1].number
            told |= {item.key: json.loads(item.text) for item in part}
        output = told.pop(bar.key, None)
        if output is None:
            found.append(f"nothing is to be told of bar {bar.key}")
            continue
        decisions = dict.fromkeys(bar.decisions) if bar.withheld else bar.decisions
        if output["decisions"] != decisions:
            found.append(f"what is to be told of bar {bar.key} is not its decision")
        account = None if bar.account is None else account_of(bar.account)
        if output.get("account") != account:
            found.append(f"what is to be told of the account on {bar.key} is not its account")
    return found
