"""The journal: every bar taken in, every decision out, and what was carried, in one transaction.

Tables, of SQLite or PostgreSQL by the same SQLAlchemy code:

- `about`: one row; the ruleset's text and hash, and how its bars are read;
- `runs`: a row for each start, with the engine's version and the calendars that held from its first bar;
- `bars` and `decisions`: a row for each row that was decided, in order, numbered from one;
- `account` and `trades`: a paper account after each row on which it traded, with its open legs, and its
  trades, numbered from one without a gap;
- `outputs`: what sinks are told, numbered from one without a gap; `cursors`: how far each sink is;
- `state`: what the engine carries after the last bar; `checkpoints`: the same, after earlier bars;
- `quarantine`: what came and was not taken, and why; `notices`: what happened besides.

A bar's transaction writes all that belongs to it; SQLite runs in WAL mode and waits for the disk. What
is told is told from here, so that nothing is told that could be lost.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import exc

from alvh_rules.backtest.account import Statement
from alvh_rules.live import errors
from alvh_rules.live.decide import Decided
from alvh_rules.live.errors import LiveError
from alvh_rules.live.messages import encodable
from alvh_rules.live.tables import (
    ABOUT,
    ACCOUNT,
    BARS,
    CHECKPOINTS,
    CURSORS,
    DECISIONS,
    NOTICES,
    OUTPUTS,
    QUARANTINE,
    RUNS,
    STATE,
    TABLES,
    TRADES,
)

FORMAT: Final = 1
CHECKPOINT: Final = 256
"""Bars from one checkpoint to the next."""


@dataclass(frozen=True, slots=True)
class About:
    """What a journal is of: the ruleset, its hash, its texts by file, and how bars are read."""

    ruleset: str
    version: str
    hash: str
    sources: Mapping[str, str]
    reading: Mapping[str, Any]
    begun: str = ""


@dataclass(frozen=True, slots=True)
class Taken:
    """A row with its bar, as the journal takes it: `held` are the bar's values as JSON."""

    decided: Decided
    held: str
    raw: str
    received: str


@dataclass(frozen=True, slots=True)
class Quarantined:
    """What was not taken: a whole message, or, with a field, one value of a bar that was."""

    at: str
    kind: str
    key: str
    field: str
    reason: str
    raw: str


@dataclass(frozen=True, slots=True)
class Output:
    """What sinks are told: its number, the key, until when it may be acted on (UTC), a JSON object."""

    number: int
    key: str
    good_until: str
    text: str


@dataclass(frozen=True, slots=True)
class Bar:
    """A row of the journal with its decision."""

    number: int
    key: str
    absent: bool
    held: list[Any]
    received: str
    decisions: dict[str, Any]
    unknown: dict[str, str]
    withheld: list[str]
    explanation: str
    engine: str
    decided: str
    account: Statement | None = None


class Journal:
    """An open journal. Methods that write are transactions; they may be called from any thread.

    `LiveError` where the database refuses: it is locked, full, or gone.
    """

    def __init__(self, engine: sa.Engine, location: str) -> None:
        self._engine, self.location = engine, location
        self._writing = threading.Lock()
        self.told = threading.Condition()
        """Notified whenever there is a new output."""
        self.last_output = 0
        self._has_account: bool | None = None

    # --- reading ---

    @contextmanager
    def _reading(self) -> Iterator[sa.Connection]:
        try:
            with self._engine.connect() as connection:
                yield connection
        except exc.DBAPIError as problem:
            raise LiveError(refusal(self.location, problem)) from problem

    def about(self) -> About | None:
        """What the journal is of; None of one that is empty."""
        with self._reading() as connection:
            row = connection.execute(sa.select(ABOUT)).first()
        if row is None:
            return None
        if row.format != FORMAT:
            reason = f"it is of format {row.format}, and this version of alvh writes {FORMAT}"
            raise LiveError(errors.unusable_journal(self.location, reason))
        sources, reading = json.loads(row.sources), json.loads(row.reading)
        return About(row.ruleset, row.version, row.hash, sources, reading, row.begun)

    def count(self) -> int:
        """How many rows were decided: the number of the last."""
        with self._reading() as connection:
            return int(connection.scalar(sa.select(sa.func.max(BARS.c.id))) or 0)

    def bars(self, first: int = 1, last: int | None = None) -> Iterator[Bar]:
        """Rows by number, both ends included, in parts, so that a journal of any length can be read."""
        last = self.count() if last is None else last
        for start in range(first, last + 1, 1000):
            among = BARS.c.id.between(start, min(start + 999, last))
            query = sa.select(BARS, DECISIONS).join(DECISIONS, DECISIONS.c.bar == BARS.c.id)
            with self._reading() as connection:
                rows = connection.execute(query.where(among).order_by(BARS.c.id)).all()
                accounts = self._accounts(connection, start, min(start + 999, last))
            for row in rows:
                yield Bar(
                    row.id,
                    row.key,
                    row.absent,
                    json.loads(row.held),
                    row.received,
                    json.loads(row.decisions),
                    json.loads(row.unknown),
                    json.loads(row.withheld),
                    row.explanation,
                    row.engine,
                    row.decided,
                    accounts.get(row.id),
                )

    def _accounts(self, connection: sa.Connection, first: int, last: int) -> dict[int, Statement]:
        """The account after rows, by their number."""
        if self._has_account is None:
            # A journal that an earlier version began has no such table.
            self._has_account = ACCOUNT.name in sa.inspect(connection).get_table_names()
        if not self._has_account:
            return {}
        trades: dict[int, list[dict[str, Any]]] = {}
        query = sa.select(TRADES).where(TRADES.c.bar.between(first, last)).order_by(TRADES.c.id)
        for row in connection.execute(query):
            trades.setdefault(row.bar, []).append(json.loads(row.trade))
        rows = connection.execute(
            sa.select(ACCOUNT).where(ACCOUNT.c.bar.between(first, last))
        ).all()
        return {
            row.bar: Statement(
                json.loads(row.equity),
                trades.get(row.bar, []),
                json.loads(row.positions),
                row.stale,
            )
            for row in rows
        }

    def trades(self, most: int = 1000) -> list[dict[str, Any]]:
        """The trades of the paper account, the last ones, in order."""
        query = sa.select(TRADES.c.trade).order_by(TRADES.c.id.desc()).limit(most)
        with self._reading() as connection:
            if ACCOUNT.name not in sa.inspect(connection).get_table_names():
                return []
            rows = connection.execute(query).all()
        return [json.loads(row.trade) for row in reversed(rows)]

    def bar_of(self, key: str) -> Bar | None:
        """The row of a key."""
        with self._reading() as connection:
            number = connection.scalar(sa.select(BARS.c.id).where(BARS.c.key == key))
        return None if number is None else next(self.bars(number, number))

    def held_of(self, key: str) -> tuple[bool, str] | None:
        """Whether the row of a key was without a bar, and its values as JSON; None if there is none."""
        query = sa.select(BARS.c.absent, BARS.c.held).where(BARS.c.key == key)
        with self._reading() as connection:
            row = connection.execute(query).first()
        return None if row is None else (row.absent, row.held)

    def keys_at_ends(self) -> tuple[str, str]:
        """The first and the last key; empty where there is none."""
        query = sa.select(BARS.c.key).limit(1)
        with self._reading() as connection:
            first = connection.scalar(query.order_by(BARS.c.id))
            last = connection.scalar(query.order_by(BARS.c.id.desc()))
        return first or "", last or ""

    def state(self) -> tuple[int, str]:
        """The number of the last bar and the state after it, as JSON."""
        with self._reading() as connection:
            row = connection.execute(sa.select(STATE)).first()
        return (0, "") if row is None else (row.bar, row.state)

    def checkpoint(self, most: int) -> tuple[int, str]:
        """The last checkpoint at or before a bar: its number and the state after it; (0, "") if none."""
        query = sa.select(CHECKPOINTS).where(CHECKPOINTS.c.bar <= most)
        with self._reading() as connection:
            row = connection.execute(query.order_by(CHECKPOINTS.c.bar.desc()).limit(1)).first()
        return (0, "") if row is None else (row.bar, row.state)

    def calendars(self) -> list[tuple[int, str]]:
        """The first bar of each run that brought calendars, with them as JSON; in order."""
        query = sa.select(RUNS.c.first_bar, RUNS.c.calendars).where(RUNS.c.calendars.is_not(None))
        with self._reading() as connection:
            rows = connection.execute(query.order_by(RUNS.c.id)).all()
        return [(row.first_bar, row.calendars) for row in rows]

    def outputs(self, after: int, most: int) -> list[Output]:
        """At most so many outputs after a number."""
        query = sa.select(OUTPUTS).where(OUTPUTS.c.id > after).order_by(OUTPUTS.c.id).limit(most)
        with self._reading() as connection:
            return [
                Output(row.id, row.key, row.good_until, row.text)
                for row in connection.execute(query)
            ]

    def cursor(self, sink: str) -> int:
        """The number of the last output that a sink has."""
        query = sa.select(CURSORS.c.output).where(CURSORS.c.sink == sink)
        with self._reading() as connection:
            return int(connection.scalar(query) or 0)

    def quarantined(self, most: int = 1000) -> list[Quarantined]:
        """What was not taken, the last ones, in order."""
        query = sa.select(QUARANTINE).order_by(QUARANTINE.c.id.desc()).limit(most)
        with self._reading() as connection:
            rows = connection.execute(query).all()
        return [
            Quarantined(row.at, row.kind, row.key, row.field, row.reason, row.raw)
            for row in reversed(rows)
        ]

    def notices(self, most: int = 1000) -> list[tuple[str, str, str]]:
        """What happened besides: when, of what kind, and what; the last ones, in order."""
        query = sa.select(NOTICES).order_by(NOTICES.c.id.desc()).limit(most)
        with self._reading() as connection:
            rows = connection.execute(query).all()
        return [(row.at, row.kind, row.text) for row in reversed(rows)]

    # --- writing ---

    @contextmanager
    def _transaction(self) -> Iterator[sa.Connection]:
        try:
            with self._writing, self._engine.begin() as connection:
                yield connection
        except exc.DBAPIError as problem:
            raise LiveError(refusal(self.location, problem)) from problem

    def begin(self, about: About, at: str) -> None:
        """Write what an empty journal is of."""
        if self._engine.dialect.name == "sqlite":
            # Readers then do not wait for the writer, nor it for them. The file keeps the mode.
            with self._reading() as connection:
                connection.execute(sa.text("PRAGMA journal_mode=WAL"))
        with self._transaction() as connection:
            TABLES.create_all(connection)
            row = {
                "id": 1,
                "format": FORMAT,
                "ruleset": about.ruleset,
                "version": about.version,
                "hash": about.hash,
                "sources": json.dumps(dict(about.sources), ensure_ascii=False),
                "reading": json.dumps(dict(about.reading), ensure_ascii=False, sort_keys=True),
                "begun": at,
            }
            connection.execute(sa.insert(ABOUT), row)

    def add_run(self, at: str, engine: str, calendars: str | None) -> int:
        """Note a start; its number."""
        with self._transaction() as connection:
            run = int(connection.scalar(sa.select(sa.func.max(RUNS.c.id))) or 0) + 1
            bars = int(connection.scalar(sa.select(sa.func.max(BARS.c.id))) or 0)
            row = {"id": run, "started": at, "engine": engine, "first_bar": bars + 1}
            connection.execute(sa.insert(RUNS), row | {"calendars": calendars})
            self.last_output = int(connection.scalar(sa.select(sa.func.max(OUTPUTS.c.id))) or 0)
        return run

    def add_bars(
        self,
        number: int,
        taken: Sequence[Taken],
        outputs: Sequence[Output],
        state: str,
        stamp: Mapping[str, Any],
        quarantined: Sequence[Quarantined] = (),
    ) -> None:
        """Write a bar with the rows that it makes, the first of that number: all or nothing.

        `stamp` are the columns of every decision: run, hash, engine and when it was decided.
        """
        bars, decisions = [], []
        for at, item in enumerate(taken, number):
            decided = item.decided
            bars.append(
                {
                    "id": at,
                    "key": decided.key,
                    "absent": decided.absent,
                    "held": item.held,
                    "raw": encodable(item.raw),
                    "received": item.received,
                }
            )
            decisions.append(
                {
                    "bar": at,
                    "decisions": _json(decided.decisions),
                    "unknown": _json(decided.unknown),
                    "withheld": _json(decided.withheld),
                    "explanation": "\n".join(decided.explanation),
                    **stamp,
                }
            )
        last = number + len(taken) - 1
        with self._transaction() as connection:
            connection.execute(_BARS, bars)
            connection.execute(_DECISIONS, decisions)
            _add_statements(connection, number, [item.decided.statement for item in taken])
            _add_outputs(connection, outputs)
            row = {"id": 1, "bar": last, "state": state}
            if number == 1:
                connection.execute(sa.insert(STATE), row)
            else:
                connection.execute(_STATE, {"b_bar": last, "b_state": state})
            # A bar may bring rows of sessions before it: a checkpoint is due once one was passed.
            if last // CHECKPOINT > (number - 1) // CHECKPOINT:
                connection.execute(sa.insert(CHECKPOINTS), {"bar": last, "state": state})
            if quarantined:
                connection.execute(sa.insert(QUARANTINE), [_columns(item) for item in quarantined])
        self._tell(outputs)

    def add_output(self, output: Output, notice: tuple[str, str, str]) -> None:
        """Write what sinks are told of no bar, with the notice of why."""
        with self._transaction() as connection:
            _add_outputs(connection, [output])
            _add_notice(connection, *notice)
        self._tell([output])

    def has_output(self, key: str) -> bool:
        """Whether an output of the key was written."""
        with self._reading() as connection:
            query = sa.select(OUTPUTS.c.id).where(OUTPUTS.c.key == key)
            return connection.scalar(query) is not None

    def add_quarantined(self, item: Quarantined) -> None:
        """Write what was not taken."""
        with self._transaction() as connection:
            connection.execute(sa.insert(QUARANTINE), _columns(item))

    def add_notice(self, at: str, kind: str, text: str) -> None:
        """Write what happened."""
        with self._transaction() as connection:
            _add_notice(connection, at, kind, text)

    def move_cursor(self, sink: str, output: int) -> None:
        """Note that a sink has all outputs up to a number."""
        with self._transaction() as connection:
            own = CURSORS.c.sink == sink
            moved = connection.execute(sa.update(CURSORS).where(own).values(output=output))
            if not moved.rowcount:
                connection.execute(sa.insert(CURSORS), {"sink": sink, "output": output})

    def _tell(self, outputs: Sequence[Output]) -> None:
        if outputs:
            with self.told:
                self.last_output = outputs[-1].number
                self.told.notify_all()

    def close(self) -> None:
        """Close it. What was written stands."""
        self._engine.dispose()


def refusal(location: str, problem: exc.DBAPIError) -> Any:
    """What is told of a database's error."""
    reason = str(problem.orig).strip().splitlines()[0].lower() if problem.orig else str(problem)
    if "locked" in reason or "busy" in reason:
        return errors.locked_journal(location)
    if "full" in reason or "disk i/o" in reason or "no space" in reason:
        return errors.full_journal(location, reason)
    return errors.unusable_journal(location, reason)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _columns(item: Quarantined) -> dict[str, str]:
    names = ("at", "kind", "key", "field", "reason", "raw")
    return {name: encodable(getattr(item, name)) for name in names}


def _add_outputs(connection: sa.Connection, outputs: Sequence[Output]) -> None:
    if outputs:
        rows = [
            {"id": item.number, "key": item.key, "good_until": item.good_until, "text": item.text}
            for item in outputs
        ]
        connection.execute(_OUTPUTS, rows)


def _add_statements(
    connection: sa.Connection, number: int, statements: Sequence[Statement | None]
) -> None:
    """Write the account after rows, the first of them of that number."""
    accounts, trades = [], []
    for bar, item in enumerate(statements, number):
        if item is None:
            continue
        texts = {"equity": _json(item.equity), "positions": _json(item.positions)}
        accounts.append({"bar": bar, "stale": item.stale, **texts})
        trades += [{"id": one["number"], "bar": bar, "trade": _json(one)} for one in item.trades]
    if accounts:
        connection.execute(_ACCOUNT, accounts)
    if trades:
        connection.execute(_TRADES, trades)


def _add_notice(connection: sa.Connection, at: str, kind: str, text: str) -> None:
    connection.execute(sa.insert(NOTICES), {"at": at, "kind": kind, "text": encodable(text)})


# Made once: SQLAlchemy then compiles each of them once.
_ACCOUNT, _TRADES = sa.insert(ACCOUNT), sa.insert(TRADES)
_BARS, _DECISIONS, _OUTPUTS = sa.insert(BARS), sa.insert(DECISIONS), sa.insert(OUTPUTS)
_STATE = (
    sa.update(STATE)
    .where(STATE.c.id == 1)
    .values(bar=sa.bindparam("b_bar"), state=sa.bindparam("b_state"))
)
