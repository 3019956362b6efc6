"""What a change would have decided otherwise over history.

Both rulesets are run over the same files, each reading the columns that it asks for, and the decisions
that both have are laid beside each other session by session. Numbers that agree to one part in 10⁹, as a
test's `is` takes them, are the same but for rounding, and are counted apart. An unknown is a value of its
own: from unknown to 45% is a change, and no number of an average.

A run holds no positions, so what rests on them is compared as it is while nothing is held. What a change
does to results needs a backtest of both; it would stand beside `decisions` here, clause by clause.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from alvh_rules.compare.canonical import words_of
from alvh_rules.compare.comparison import ADDED, DIFFERENT, REMOVED, SAME, UNDECIDED, Comparison
from alvh_rules.core.diagnostics import Diagnostic, in_order
from alvh_rules.core.kinds import NUMERIC, Kind
from alvh_rules.evaluate.inputs import Market
from alvh_rules.market.read import Options, read_market
from alvh_rules.pipeline import Checked, evaluate
from alvh_rules.report.values import shown

if TYPE_CHECKING:
    from pathlib import Path

    from alvh_rules.evaluate.engine import Evaluation

TOLERANCE = 1e-9
"""The part by which two numbers may differ and be the same but for rounding."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A session (or bar) on which a decision changes, and from what to what, as shown."""

    when: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class DecisionHistory:
    """How one decision changes: on how many sessions, from what to what how often (the most frequent
    first; empty for numbers), a number's average change where both are known, and the first, the last
    and the most changed session. `rounding` counts sessions that differ by rounding alone."""

    name: str
    sessions: int
    moves: tuple[tuple[str, str, int], ...]
    average: float | None
    first: Moment | None
    last: Moment | None
    most: Moment | None
    rounding: int = 0


@dataclass(frozen=True, slots=True)
class History:
    """The sessions that both rulesets have decided, how many of them change, and each decision that
    does. `unit` is `session` or `bar`; `apart` counts rows that only one of the two has."""

    sessions: int
    changed: int
    first: str
    last: str
    unit: str
    decisions: tuple[DecisionHistory, ...]
    apart: int = 0


def history_of(
    comparison: Comparison, data: Sequence[Path], options: Options
) -> tuple[History | None, list[Diagnostic]]:
    """The history of a comparison over files, and what is to be said of the data; None where it
    cannot be read for either ruleset."""
    names = [
        item.name
        for item in comparison.decisions
        if item.status not in (ADDED, REMOVED) and not item.kind.startswith("its kind")
    ]
    found: list[Diagnostic] = []
    runs: list[Evaluation] = []
    market: Market | None = None
    for side, other in (
        (comparison.old, comparison.new),
        (comparison.new, comparison.old),
    ):
        if market is None or _schema(side) != _schema(other):
            market, more = read_market(data, _schema(side), _fitting(options, side, other))
            found += more
            if market is None:
                return None, in_order(found)
        assert side.ruleset is not None
        runs.append(evaluate(side.ruleset, market, plan=side.plan, names=names))
    return _compared(comparison, runs[0], runs[1], names), in_order(found)


def with_history(comparison: Comparison, history: History) -> Comparison:
    """The comparison with what history shows: a decision that could not be decided and that changes
    on a session is different."""
    changes = {item.name: item.first for item in history.decisions if item.first is not None}
    decisions = tuple(
        replace(item, status=DIFFERENT, reason=_as_on(changes[item.name]))
        if item.status == UNDECIDED and item.name in changes
        else item
        for item in comparison.decisions
    )
    return replace(comparison, decisions=decisions, history=history)


def _as_on(moment: Moment) -> str:
    return f"as on {moment.when}: {moment.old} → {moment.new}"


def _schema(side: Checked) -> Any:
    assert side.ruleset is not None
    return side.ruleset.schema


def _fitting(options: Options, side: Checked, other: Checked) -> Options:
    """The options for one of the two: what maps a column of the other alone is none of its own."""
    own = {item.name for item in _schema(side).columns}
    theirs = {item.name for item in _schema(other).columns} - own
    mapping = {
        name: column
        for name, column in options.mapping.items()
        if name.partition("[")[0] not in theirs
    }
    return replace(options, mapping=mapping)


def _compared(
    comparison: Comparison, old: Evaluation, new: Evaluation, names: Sequence[str]
) -> History:
    times, before, after = np.intersect1d(
        old.market.timeline.times, new.market.timeline.times, return_indices=True
    )
    daily = new.market.timeline.daily
    labels = _texts(times, daily)
    any_changes = np.zeros(len(times), dtype=bool)
    proved = {item.name for item in comparison.decisions if item.status == SAME}
    found = []
    for name in names:
        columns = old.columns[name][before], new.columns[name][after]
        item, changes = _decision(comparison, name, columns, labels)
        any_changes |= changes
        if item.sessions or (item.rounding and name not in proved):
            found.append(item)
    apart = len(old.market.timeline) + len(new.market.timeline) - 2 * len(times)
    return History(
        len(times),
        int(any_changes.sum()),
        labels[0] if labels else "",
        labels[-1] if labels else "",
        "session" if daily else "bar",
        tuple(found),
        apart,
    )


def _texts(times: Any, daily: bool) -> list[str]:
    if daily:
        return [str(item) for item in np.datetime_as_string(times, unit="D")]
    return [str(item).replace("T", " ") for item in np.datetime_as_string(times, unit="m")]


def _decision(
    comparison: Comparison, name: str, columns: tuple[Any, Any], labels: Sequence[str]
) -> tuple[DecisionHistory, Any]:
    before, after = columns
    kind = comparison.after.values[name].type.kind
    words = [
        words_of(ruleset).get(ruleset.values[name].type.labels, ())
        for ruleset in (comparison.before, comparison.after)
    ]

    def told(side: int, row: int) -> str:
        return shown(columns[side][row], kind, words[side])

    rounding = np.zeros(len(before), dtype=bool)
    size = np.ones(len(before))
    if kind in NUMERIC or kind is Kind.DATE:
        known = ~np.isnan(before) & ~np.isnan(after)
        change = np.where(known, after - before, 0.0)
        scale = np.maximum(1.0, np.maximum(np.abs(before), np.abs(after)))
        close = known & (np.abs(change) <= TOLERANCE * scale)
        rounding = close & (change != 0.0)
        changes = (known & ~close) | (np.isnan(before) != np.isnan(after))
        # A change from or to unknown has no size, and is shown as the most where there is no other.
        size = np.where(known, np.abs(change), 0.0)
        sized = change[changes & known]
        average = math.fsum(sized.tolist()) / len(sized) if len(sized) else None
    else:
        # The labels of the two may have other codes for a word.
        if kind is Kind.LABEL:
            before, after = (
                np.array([*side, "unknown"], dtype=object)[codes]
                for side, codes in zip(words, columns, strict=True)
            )
        changes = np.asarray(before != after, dtype=bool)
        average = None
    rows = np.flatnonzero(changes)
    moves: Counter[tuple[str, str]] = Counter()
    if average is None:
        moves.update((told(0, row), told(1, row)) for row in rows.tolist())

    def moment(row: int) -> Moment:
        return Moment(labels[row], told(0, row), told(1, row))

    item = DecisionHistory(
        name,
        len(rows),
        tuple((one, other, count) for (one, other), count in moves.most_common()),
        average,
        moment(int(rows[0])) if len(rows) else None,
        moment(int(rows[-1])) if len(rows) else None,
        moment(int(rows[int(np.argmax(size[rows]))])) if len(rows) else None,
        int(rounding.sum()),
    )
    return item, changes
