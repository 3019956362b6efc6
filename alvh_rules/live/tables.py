"""The tables of a journal, for SQLite and PostgreSQL alike.

Moments are texts in UTC; what is structured is JSON. `docs/live.md` and `journal.py` say what each
table holds. Another shape is another `journal.FORMAT`.
"""

from __future__ import annotations

import sqlalchemy as sa

TABLES = sa.MetaData()
_text, _number = sa.Text(), sa.BigInteger()

ABOUT = sa.Table(
    "about",
    TABLES,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("format", sa.Integer, nullable=False),
    sa.Column("ruleset", _text, nullable=False),
    sa.Column("version", _text, nullable=False),
    sa.Column("hash", _text, nullable=False),
    sa.Column("sources", _text, nullable=False),
    sa.Column("reading", _text, nullable=False),
    sa.Column("begun", _text, nullable=False),
)
RUNS = sa.Table(
    "runs",
    TABLES,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("started", _text, nullable=False),
    sa.Column("engine", _text, nullable=False),
    sa.Column("first_bar", _number, nullable=False),
    sa.Column("calendars", _text),
)
BARS = sa.Table(
    "bars",
    TABLES,
    sa.Column("id", _number, primary_key=True, autoincrement=False),
    sa.Column("key", _text, nullable=False, unique=True),
    sa.Column("absent", sa.Boolean, nullable=False),
    sa.Column("held", _text, nullable=False),
    sa.Column("raw", _text, nullable=False),
    sa.Column("received", _text, nullable=False),
)
DECISIONS = sa.Table(
    "decisions",
    TABLES,
    sa.Column("bar", _number, primary_key=True, autoincrement=False),
    sa.Column("run", sa.Integer, nullable=False),
    sa.Column("hash", _text, nullable=False),
    sa.Column("engine", _text, nullable=False),
    sa.Column("decisions", _text, nullable=False),
    sa.Column("unknown", _text, nullable=False),
    sa.Column("withheld", _text, nullable=False),
    sa.Column("explanation", _text, nullable=False),
    sa.Column("decided", _text, nullable=False),
)
ACCOUNT = sa.Table(
    "account",
    TABLES,
    sa.Column("bar", _number, primary_key=True, autoincrement=False),
    sa.Column("stale", sa.Boolean, nullable=False),
    sa.Column("equity", _text, nullable=False),
    sa.Column("positions", _text, nullable=False),
)
TRADES = sa.Table(
    "trades",
    TABLES,
    sa.Column("id", _number, primary_key=True, autoincrement=False),
    sa.Column("bar", _number, nullable=False, index=True),
    sa.Column("trade", _text, nullable=False),
)
OUTPUTS = sa.Table(
    "outputs",
    TABLES,
    sa.Column("id", _number, primary_key=True, autoincrement=False),
    sa.Column("key", _text, nullable=False, unique=True),
    sa.Column("good_until", _text, nullable=False),
    sa.Column("text", _text, nullable=False),
)
CURSORS = sa.Table(
    "cursors",
    TABLES,
    sa.Column("sink", sa.String(500), primary_key=True),
    sa.Column("output", _number, nullable=False),
)
STATE = sa.Table(
    "state",
    TABLES,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("bar", _number, nullable=False),
    sa.Column("state", _text, nullable=False),
)
CHECKPOINTS = sa.Table(
    "checkpoints",
    TABLES,
    sa.Column("bar", _number, primary_key=True, autoincrement=False),
    sa.Column("state", _text, nullable=False),
)
QUARANTINE = sa.Table(
    "quarantine",
    TABLES,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("at", _text, nullable=False),
    sa.Column("kind", _text, nullable=False),
    sa.Column("key", _text, nullable=False),
    sa.Column("field", _text, nullable=False),
    sa.Column("reason", _text, nullable=False),
    sa.Column("raw", _text, nullable=False),
)
NOTICES = sa.Table(
    "notices",
    TABLES,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("at", _text, nullable=False),
    sa.Column("kind", _text, nullable=False),
    sa.Column("text", _text, nullable=False),
)
