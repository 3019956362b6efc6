"""What a ruleset asks of its data, compared: bars, columns, calendars.

A column goes by its name; one of another name that reads the same data is renamed, which changes
nothing. What required data is, and where and when it is read, is part of a ruleset's meaning: a change
of it asks for a major version, an optional column more or less for a minor one.
"""

from __future__ import annotations

from alvh_rules.check.checked import CheckedRuleset
from alvh_rules.compare.bump import Bump
from alvh_rules.compare.canonical import column_key
from alvh_rules.compare.comparison import Change
from alvh_rules.core.kinds import Kind
from alvh_rules.core.schema import Bars, Column
from alvh_rules.core.source import Span


def renamed_columns(old: CheckedRuleset, new: CheckedRuleset) -> dict[str, str]:
    """Columns that read the same data under another name: the old name, and the new one."""
    before = {item.name: item for item in old.schema.columns}
    after = {item.name: item for item in new.schema.columns}
    free = [item for item in new.schema.columns if item.name not in before]
    found: dict[str, str] = {}
    for item in old.schema.columns:
        if item.name in after:
            continue
        for other in free:
            if column_key(item) == column_key(other) and other.name not in found.values():
                found[item.name] = other.name
                break
    return found


def changed_columns(old: CheckedRuleset, new: CheckedRuleset) -> set[str]:
    """Names of both that read other data now."""
    before = {item.name: item for item in old.schema.columns}
    return {
        item.name
        for item in new.schema.columns
        if item.name in before and column_key(item) != column_key(before[item.name])
    }


def requirement_changes(old: CheckedRuleset, new: CheckedRuleset) -> list[Change]:
    """How the data that is required differs."""
    found = []
    if old.schema.bars != new.schema.bars:
        found.append(
            Change("data", "bars", _bars(old.schema.bars), _bars(new.schema.bars), Bump.MAJOR)
        )
    renamed = renamed_columns(old, new)
    before = {item.name: item for item in old.schema.columns}
    after = {item.name: item for item in new.schema.columns}
    for name, column in before.items():
        if name in renamed:
            other = renamed[name]
            bump, note = Bump.PATCH, "renamed: the same data"
            if column.optional != after[other].optional:
                bump, note = Bump.MAJOR, "the data it requires changes"
            found.append(
                Change("data", f"column {name}", name, other, bump, note, _span(new, other))
            )
        elif name not in after:
            bump = Bump.MINOR if column.optional else Bump.MAJOR
            note = "no longer read" if column.optional else "no longer required"
            found.append(Change("data", f"column {name}", _column(column), "", bump, note))
        elif _column(column) != _column(after[name]):
            found.append(
                Change(
                    "data", f"column {name}", _column(column), _column(after[name]), Bump.MAJOR,
                    "the data it requires changes", _span(new, name),
                )
            )  # fmt: skip
    for name, column in after.items():
        if name not in before and name not in renamed.values():
            bump = Bump.MINOR if column.optional else Bump.MAJOR
            note = "optional" if column.optional else "required from now on"
            found.append(
                Change("data", f"column {name}", "", _column(column), bump, note, _span(new, name))
            )
    for name in old.schema.calendars:
        if name not in new.schema.calendars:
            found.append(
                Change("data", f"calendar {name}", name, "", Bump.MAJOR, "no longer required")
            )
    for name in new.schema.calendars:
        if name not in old.schema.calendars:
            found.append(
                Change("data", f"calendar {name}", "", name, Bump.MAJOR, "required from now on")
            )
    return found


def _span(ruleset: CheckedRuleset, name: str) -> Span:
    return ruleset.values[name].span


def _column(column: Column) -> str:
    """A column as its row says it, without its sentence."""
    words = [", ".join(column.labels) if column.kind is Kind.LABEL else column.kind.value]
    if column.optional:
        words.append("optional")
    if column.sources:
        words.append(f'from "{column.sources[0]}" to "{column.sources[-1]}"')
    elif column.source != column.name:
        words.append(f'from "{column.source}"')
    if column.carry:
        words.append(f"carry {column.carry} {'session' if column.carry == 1 else 'sessions'}")
    if column.lag_sessions or column.known_time:
        when = {0: "same session", 1: "next session"}.get(
            column.lag_sessions, f"{column.lag_sessions} sessions later"
        )
        words.append(" ".join(filter(None, ("known", column.known_time, when))))
    return " ".join(words)


def _bars(bars: Bars) -> str:
    told = f"{bars.minutes} minutes" if bars.minutes else ("24/7" if bars.always_open else "daily")
    return f"{told} 24/7" if bars.minutes and bars.always_open else told
