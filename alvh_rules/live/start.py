"""Starting on a journal: a new one, or one that goes on.

1. The journal must be of this ruleset, to the letter, and of this reading of the feed.
2. The engine is loaded from a checkpoint far enough back that all rows an explanation looks at come
   after it, or is empty where there is none.
3. The bars after it are decided again. Each decision must be the journal's, and the state at the end
   too where this version wrote it: what cannot be gone on from is refused, never mended.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from alvh_rules import __version__
from alvh_rules.backtest.account import Statement
from alvh_rules.check.checked import CheckedRuleset
from alvh_rules.live import errors
from alvh_rules.live.cells import held_cell
from alvh_rules.live.decide import Decided, Engine
from alvh_rules.live.due import Due, default_wait
from alvh_rules.live.errors import LiveError
from alvh_rules.live.fingerprint import about_of, calendars_of, calendars_text, source_names
from alvh_rules.live.health import Clock, moment_text
from alvh_rules.live.intake import Intake
from alvh_rules.live.journal import About, Bar, Journal
from alvh_rules.live.loop import Live
from alvh_rules.live.open_journal import is_empty
from alvh_rules.live.paper import Paper, own_options
from alvh_rules.live.rows import prepared_for
from alvh_rules.live.settings import Settings
from alvh_rules.live.stamps import stamp_of
from alvh_rules.market.read import Prepared
from alvh_rules.plan.graph import Plan


def started(
    ruleset: CheckedRuleset,
    plan: Plan,
    main: str,
    journal: Journal,
    settings: Settings,
    *,
    explains: bool = True,
    clock: Clock | None = None,
    virtual: bool = False,
) -> Live:
    """A live run of the ruleset in the file `main`, on a journal that this process may write.

    Raises `LiveError` where the journal cannot be gone on from, or the calendars cannot be read.
    """
    from datetime import timedelta

    clock = clock or Clock()
    paper, options = None, settings.options
    if settings.paper is not None:
        paper = Paper(ruleset, options, settings.paper, source_names(ruleset, main))
        options = own_options(ruleset, options)
    prepared, fields = prepared_for(ruleset.schema, options)
    if prepared.found:
        raise LiveError(prepared.found[0])
    about = about_of(ruleset, main, settings)
    now = moment_text(clock.now())
    if is_empty(journal):
        journal.begin(about, now)
    else:
        _same(journal, about)
    engine = Engine(ruleset, plan, prepared, explains=explains, paper=paper)
    text = calendars_text(prepared.calendars)
    before = journal.calendars()
    restore(engine, journal, prepared)
    engine.use_calendars(prepared.calendars)
    changed = not before or before[-1][1] != text
    run = journal.add_run(now, __version__, text if changed else None)
    wait = default_wait(ruleset.schema.bars)
    if settings.stale_after is not None:
        wait = timedelta(seconds=settings.stale_after)
    due = Due(ruleset.schema.bars, prepared.hours, wait)
    more = () if paper is None else paper.columns
    intake = Intake(prepared, fields, settings, due, journal.held_of, more)
    live = Live(
        journal,
        about,
        run,
        engine,
        intake,
        due,
        clock=clock,
        virtual=virtual,
    )
    live.begin()
    return live


def _same(journal: Journal, ours: About) -> None:
    theirs = journal.about()
    if theirs is None:
        raise LiveError(errors.unusable_journal(journal.location, "nothing says what it is of"))
    at = journal.location
    if theirs.ruleset != ours.ruleset:
        raise LiveError(errors.other_ruleset(at, theirs.ruleset, ours.ruleset))
    if theirs.hash != ours.hash:
        then, now = (f"{item.version}, {item.hash[:12]}" for item in (theirs, ours))
        raise LiveError(errors.changed_ruleset(at, ours.ruleset, then, now, journal.count()))
    if ("paper" in theirs.reading) != ("paper" in ours.reading):
        raise LiveError(errors.other_account(at, "paper" in theirs.reading))
    for what, told in theirs.reading.items():
        own = ours.reading.get(what)
        if what == "paper":
            own = own or {}
            what = next((f"paper {key}" for key in told if told[key] != own.get(key)), what)
            key = what.removeprefix("paper ")
            told, own = (item.get(key) for item in (told, own))
        if json.dumps(told) != json.dumps(own):
            shown = (json.dumps(item, ensure_ascii=False) for item in (told, own))
            raise LiveError(errors.other_reading(at, what, *shown))


def restore(engine: Engine, journal: Journal, prepared: Prepared) -> None:
    """Bring an engine to where the journal ends. Raises `LiveError` where it decides otherwise."""
    count = journal.count()
    number, state = journal.checkpoint(count - engine.rows_held)
    explains, engine.explains = engine.explains, False
    try:
        try:
            if state:
                engine.load(json.loads(state))
            _again(engine, journal, prepared, number + 1)
        except (KeyError, TypeError, ValueError, IndexError):
            # Of another version of the engine: its state says nothing here, its bars do.
            if not number:
                raise
            engine.restart()
            _again(engine, journal, prepared, 1)
    finally:
        engine.explains = explains


def _again(engine: Engine, journal: Journal, prepared: Prepared, first: int) -> None:
    last = None
    for bar, decided in decided_again(engine, journal, prepared, first):
        last = bar
        names = [*decided.decisions]
        for name in names if bar.decisions != decided.decisions else ():
            there, here = bar.decisions.get(name), decided.decisions[name]
            if there != here or type(there) is not type(here):
                at = journal.location
                raise LiveError(errors.decided_otherwise(at, bar.key, name, there, here))
        for name, there, here in account_differences(bar.account, decided.statement):
            at = journal.location
            raise LiveError(errors.decided_otherwise(at, bar.key, name, there, here))
    number, state = journal.state()
    if last is None or last.engine != __version__ or last.number != number:
        return
    if json.dumps(engine.save()) != state:
        reason = f"what it carries after {last.key} is not what its bars give"
        raise LiveError(errors.unusable_journal(journal.location, reason))


def decided_again(
    engine: Engine,
    journal: Journal,
    prepared: Prepared,
    first: int = 1,
    last: int | None = None,
) -> Iterator[tuple[Bar, Decided]]:
    """The journal's rows, each with what deciding its bar again gives.

    The calendars are those that held when the bar was decided. Raises `LiveError` where the rows are
    not those that the bars make.
    """
    daily = not prepared.schema.bars.minutes
    changes = journal.calendars()
    waiting: list[Bar] = []
    for bar in journal.bars(first, last):
        while changes and changes[0][0] <= bar.number:
            engine.use_calendars(calendars_of(changes.pop(0)[1]))
        waiting.append(bar)
        if bar.absent:
            continue
        values = [
            held_cell(shown, column) for shown, column in zip(bar.held, engine.columns, strict=True)
        ]
        stale = bar.account is not None and bar.account.stale
        rows = list(engine.take(stamp_of(bar.key, daily=daily), values, stale=stale))
        told = [(item.key, item.absent) for item in waiting]
        if told != [(item.key, item.absent) for item in rows]:
            reason = f"its rows up to {bar.key} are not those that its bars make"
            raise LiveError(errors.unusable_journal(journal.location, reason))
        yield from zip(waiting, rows, strict=True)
        waiting = []


def account_differences(
    there: Statement | None, here: Statement | None
) -> Iterator[tuple[str, Any, Any]]:
    """Where two statements of one session differ: what, in the journal, and as it is now."""
    if there == here:
        return
    if there is None or here is None:
        yield "account", "there" if there else None, "there" if here else None
        return
    for name in dict.fromkeys([*there.equity, *here.equity]):
        if there.equity.get(name) != here.equity.get(name):
            yield f"account {name}", there.equity.get(name), here.equity.get(name)
    for what in ("trades", "positions"):
        ours, theirs = getattr(here, what), getattr(there, what)
        if ours != theirs:
            at = next(
                (
                    at
                    for at, pair in enumerate(zip(theirs, ours, strict=False))
                    if pair[0] != pair[1]
                ),
                min(len(ours), len(theirs)),
            )
            pair = [rows[at] if at < len(rows) else {} for rows in (theirs, ours)]
            name = next(key for key in (*pair[0], *pair[1]) if pair[0].get(key) != pair[1].get(key))
            yield f"account {what}, number {at + 1}, {name}", pair[0].get(name), pair[1].get(name)
