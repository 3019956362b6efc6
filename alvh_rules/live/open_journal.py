"""Opening journals: SQLite by a file's path, PostgreSQL by its address; and who may write one.

A journal has one writer. On SQLite the writer holds a transaction on a file beside the journal, which
the system ends with the process, however it ends; on PostgreSQL, an advisory lock of its session.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import exc

from alvh_rules.live import errors
from alvh_rules.live.errors import LiveError
from alvh_rules.live.journal import Journal, refusal
from alvh_rules.live.tables import ABOUT

WAIT: Final = 5
"""Seconds that a transaction waits for another program's."""
_LOCK: Final = 4_119_802_617
"""The number of PostgreSQL's advisory lock: any number, the same for every `alvh`."""


def is_address(journal: str) -> bool:
    """Whether a journal is named by a database's address, not by a path."""
    return "://" in journal


def shown_address(journal: str) -> str:
    """A journal's name without its password."""
    return sa.make_url(journal).render_as_string() if is_address(journal) else journal


def open_journal(
    journal: str, *, create: bool = False, most_pages: int = 0, synchronous: str = "FULL"
) -> Journal:
    """A journal, to be read; to be written too by whoever holds `writing`.

    `create` makes the file where there is none. `most_pages` bounds an SQLite file (0: the disk does);
    `synchronous` is SQLite's setting: FULL waits for the disk at each bar. Raises `LiveError`.
    """
    if is_address(journal):
        engine = _postgresql(journal)
    else:
        path = Path(journal)
        if path.is_dir():
            raise LiveError(errors.unusable_journal(journal, "it is a folder"))
        if not path.exists() and not create:
            raise LiveError(errors.unusable_journal(journal, "there is no such file"))
        if not path.resolve().parent.is_dir():
            raise LiveError(errors.unusable_journal(journal, "there is no such folder"))
        engine = _sqlite(path, most_pages, synchronous)
    opened = Journal(engine, shown_address(journal))
    try:
        with engine.connect() as connection:
            tables = sa.inspect(connection).get_table_names()
    except exc.DBAPIError as problem:
        raise LiveError(refusal(opened.location, problem)) from problem
    if ABOUT.name not in tables:
        if tables:
            reason = "this database is not a journal: it holds other tables"
            raise LiveError(errors.unusable_journal(opened.location, reason))
        if not create:
            raise LiveError(errors.unusable_journal(opened.location, "nothing was written to it"))
    return opened


def is_empty(journal: Journal) -> bool:
    """Whether nothing was ever written to it."""
    with journal._reading() as connection:
        return ABOUT.name not in sa.inspect(connection).get_table_names()


def _sqlite(path: Path, most_pages: int, synchronous: str) -> sa.Engine:
    engine = sa.create_engine(
        sa.URL.create("sqlite", database=str(path)), connect_args={"timeout": WAIT}
    )

    @sa.event.listens_for(engine, "connect")
    def settle(connection: Any, record: Any) -> None:
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA synchronous={synchronous}")
        if most_pages:
            cursor.execute(f"PRAGMA max_page_count={most_pages}")
        cursor.close()

    return engine


def _postgresql(journal: str) -> sa.Engine:
    try:
        address = sa.make_url(journal)
    except exc.ArgumentError:
        raise LiveError(errors.unusable_journal(journal, "it is no address")) from None
    if address.get_backend_name() != "postgresql":
        reason = f"`{address.get_backend_name()}` is not supported"
        help = "a journal is a file, or postgresql://USER@HOST/DATABASE"
        raise LiveError(errors.unusable_journal(shown_address(journal), reason, help))
    try:
        return sa.create_engine(address.set(drivername="postgresql+psycopg"), pool_pre_ping=True)
    except ImportError:
        raise LiveError(errors.needs_library("a journal in PostgreSQL", "psycopg")) from None


@contextmanager
def writing(journal: Journal) -> Iterator[None]:
    """Be the one who writes a journal; `LiveError` where another is."""
    if is_address(journal.location):
        with _writing_postgresql(journal):
            yield
        return
    lock = sqlite3.connect(f"{journal.location}-lock", timeout=0, isolation_level=None)
    try:
        try:
            lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as problem:
            if "locked" in str(problem):
                raise LiveError(errors.locked_journal(journal.location)) from None
            reason = str(problem).lower()
            raise LiveError(errors.unusable_journal(journal.location, reason)) from None
        yield
    finally:
        lock.close()


@contextmanager
def _writing_postgresql(journal: Journal) -> Iterator[None]:
    try:
        with journal._engine.connect() as connection:
            mine = connection.scalar(sa.select(sa.func.pg_try_advisory_lock(_LOCK)))
            connection.commit()
            if not mine:
                raise LiveError(errors.locked_journal(journal.location))
            try:
                yield
            finally:
                connection.execute(sa.select(sa.func.pg_advisory_unlock(_LOCK)))
                connection.commit()
    except exc.DBAPIError as problem:
        raise LiveError(refusal(journal.location, problem)) from problem
