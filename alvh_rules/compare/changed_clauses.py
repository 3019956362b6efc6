"""The clauses that a change changes, each as edits of the old ruleset's tree.

A clause is what a trader changes at one stroke: a setting of the header, a param's value, a let, a row of
a table, a condition of an `all of`, a clause of a layer or of the hedge, what an event or a regime does, a
limit. Both trees are walked side by side; what is of one name or one sort is compared with its like, and
lists of conditions and rows as lists, so that one condition more is one clause more.

Definitions that only one of the two has (a let, a column) decide nothing by themselves: they are no
clauses, and come along with what uses them (`definitions`). What is never traded on (`always`, `assume`,
tests, ranges of params, sentences) is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from typing import Any

from alvh_rules.compare.clause_words import text_of
from alvh_rules.compare.edit import Beside, Edit, Insert, Replace
from alvh_rules.compare.likeness import (
    all_of,
    apart,
    by_sort,
    conditions_of,
    differ_in_rows,
    one_of,
    several_texts,
    sort_of_clause,
    sort_of_effect,
    sort_of_hedge,
    window_or_whole,
    without_choices,
    without_sentence,
)
from alvh_rules.syntax import ast

_DEFINITIONS = (ast.Labels, ast.Let, ast.Table, ast.Signal, ast.Target)


@dataclass(frozen=True, eq=False)
class ChangedClause:
    """A clause from what it was to what it is, one of the texts empty where there was or is none;
    `edits` make it of the old tree."""

    where: str
    old: str
    new: str
    edits: tuple[Edit, ...]


def definitions(items: Iterable[ast.Item]) -> dict[str, ast.Item]:
    """What can be named in expressions, each as an item of its own, by name; calendars as
    `calendar NAME`."""
    found: dict[str, ast.Item] = {}
    for item in items:
        match item:
            case ast.Data():
                found |= {row.name.name: replace(item, rows=(row,)) for row in item.rows}
            case ast.Params():
                found |= {row.name.name: replace(item, rows=(row,)) for row in item.rows}
            case ast.Calendars():
                found |= {
                    f"calendar {word.name}": replace(item, names=(word,)) for word in item.names
                }
            case ast.Labels() | ast.Let() | ast.Table() | ast.Signal() | ast.Target():
                found[item.name.name] = item
    return found


def changed_clauses(old: Sequence[ast.Item], new: Sequence[ast.Item]) -> list[ChangedClause]:
    """The clauses that differ, in the order of the new ruleset's parts; nodes to be edited are `old`'s."""
    return _Differ(old, new).found


class _Differ:
    def __init__(self, old: Sequence[ast.Item], new: Sequence[ast.Item]) -> None:
        self.found: list[ChangedClause] = []
        self._header(one_of(old, ast.Header), one_of(new, ast.Header))
        self._rows(old, new, ast.Data, "column", without_sentence)
        self._rows(old, new, ast.Params, "param", lambda row: row.value)
        self._definitions(old, new)
        self._layers(all_of(old, ast.Layer), all_of(new, ast.Layer))
        self._hedges(one_of(old, ast.Hedge), one_of(new, ast.Hedge))
        self._list("hold", all_of(old, ast.Holding), all_of(new, ast.Holding))
        self._events(all_of(old, ast.Event), all_of(new, ast.Event))
        self._regimes(all_of(old, ast.Regime), all_of(new, ast.Regime))
        self._list("reallocate", all_of(old, ast.Reallocate), all_of(new, ast.Reallocate))
        self._limits(all_of(old, ast.Limit), all_of(new, ast.Limit))

    def _add(self, where: str, old: Any, new: Any, *edits: Edit, words: Any = text_of) -> None:
        before, after = ("" if item is None else words(item) for item in (old, new))
        self.found.append(ChangedClause(where, before, after, edits))

    # --- pieces that are compared as wholes ---

    def _pair(self, where: str, into: Any, field: str, old: Any, new: Any) -> None:
        """A clause that stands in both, or in one of the two."""
        if old == new:
            return
        edit = Insert(into, field, new) if old is None else Replace(old, new)
        self._add(where, old, new, edit)

    def _list(self, where: str, old: Sequence[Any], new: Sequence[Any], into: Any = None) -> None:
        """Like things in no order: those of one side alone are paired as far as they go."""
        gone, come = apart(old, new)
        for at in range(max(len(gone), len(come))):
            one = gone[at] if at < len(gone) else None
            other = come[at] if at < len(come) else None
            self._pair(where, into, "items" if into is None else "clauses", one, other)

    def _groups(
        self,
        where: str,
        into: Any,
        field: str,
        sides: tuple[Sequence[Any], Sequence[Any]],
        sort: Callable[[Any], Any],
        inside: Callable[[str, Any, Any], bool] = lambda where, old, new: False,
    ) -> None:
        """Clauses of a block by their sort; `inside` may tell of a pair what differs in it."""
        before, after = (by_sort(side, sort) for side in sides)
        for key in dict.fromkeys([*after, *before]):
            one, other = before.get(key, []), after.get(key, [])
            if one == other:
                continue
            if len(one) == len(other) == 1:
                if not inside(where, one[0], other[0]):
                    self._pair(where, into, field, one[0], other[0])
                continue
            gone, come = apart(one, other)
            edits: list[Edit] = [Replace(item, None) for item in gone]
            edits += [Insert(into, field, item) for item in come]
            self._add(where, gone or None, come or None, *edits, words=several_texts)

    # --- conditions ---

    def _condition(self, where: str, old: Any, new: Any) -> None:
        """Two conditions: by the conditions of their `all of` or `any of` where both are of one."""
        if old == new:
            return
        words = {side.operator for side in (old, new) if isinstance(side, ast.Logical)}
        if len(words) != 1:
            self._add(where, old, new, Replace(old, new))
            return
        (operator,) = words
        before, after = (conditions_of(side) for side in (old, new))
        gone, come = apart(before, after)
        if len(gone) == len(come) == 1 and all(
            isinstance(side[0], ast.Logical) for side in (gone, come)
        ):
            self._condition(where, gone[0], come[0])
            return
        for at in range(max(len(gone), len(come))):
            if at >= len(gone):
                edit: Edit = (
                    Insert(old, "items", come[at])
                    if isinstance(old, ast.Logical)
                    else Beside(old, operator, come[at])
                )
                self._add(where, None, come[at], edit)
            else:
                other = come[at] if at < len(come) else None
                self._add(where, gone[at], other, Replace(gone[at], other))

    # --- the header and definitions ---

    def _header(self, old: ast.Header | None, new: ast.Header | None) -> None:
        if old is None or new is None:
            return
        kept = [
            [item for item in side.settings if not isinstance(item, ast.Requires)]
            for side in (old, new)
        ]
        self._groups("header", old, "settings", (kept[0], kept[1]), type)

    def _rows(
        self,
        old: Sequence[ast.Item],
        new: Sequence[ast.Item],
        sort: type[ast.Data] | type[ast.Params],
        word: str,
        said: Callable[[Any], Any],
    ) -> None:
        """Rows of `data` or `param` that both have, by what of them decides."""
        before, after = (
            {row.name.name: row for item in all_of(side, sort) for row in item.rows}
            for side in (old, new)
        )
        for name, row in after.items():
            if name in before and said(before[name]) != said(row):
                self._add(f"{word} {name}", before[name], row, Replace(before[name], row))

    def _definitions(self, old: Sequence[ast.Item], new: Sequence[ast.Item]) -> None:
        before: dict[str, Any] = {
            item.name.name: item for item in old if isinstance(item, _DEFINITIONS)
        }
        for item in new:
            if not isinstance(item, _DEFINITIONS):
                continue
            other = before.get(item.name.name)
            if other is None or other == item:
                continue
            where = f"{type(item).__name__.lower()} {item.name.name}"
            match other, item:
                case ast.Table(), ast.Table() if differ_in_rows(other, item):
                    self._table(where, other, item)
                case ast.Signal(), ast.Signal():
                    self._signal(where, other, item)
                case _:
                    self._add(where, other, item, Replace(other, item))

    def _signal(self, where: str, old: ast.Signal, new: ast.Signal) -> None:
        if (old.when is None) is not (new.when is None):
            self._add(where, old, new, Replace(old, new))
            return
        for word, one, other in (
            ("", old.when, new.when),
            (" from", old.begin, new.begin),
            (" until", old.end, new.end),
        ):
            if one is not None:
                self._condition(where + word, one, other)

    def _table(self, where: str, old: Any, new: Any) -> None:
        """Rows by their bands. Where bands differ, those that together cover the same stretch go
        together: alone they would leave a gap or overlap."""
        bands = [[row.band for row in side.rows] for side in (old, new)]
        matcher = SequenceMatcher(a=bands[0], b=bands[1], autojunk=False)
        for tag, i, j, k, m in matcher.get_opcodes():
            gone, come = list(old.rows[i:j]), list(new.rows[k:m])
            if tag == "equal":
                for one, other in zip(gone, come, strict=True):
                    self._pair(where, old, "rows", one, other)
                continue
            before = old.rows[j] if j < len(old.rows) else None
            edits: list[Edit] = [Replace(row, None) for row in gone]
            edits += [Insert(old, "rows", row, before) for row in come]
            self._add(where, gone or None, come or None, *edits, words=several_texts)

    # --- layers and the hedge ---

    def _layers(self, old: Sequence[ast.Layer], new: Sequence[ast.Layer]) -> None:
        before, after = ({item.name.name: item for item in side} for side in (old, new))
        gone = [item for name, item in before.items() if name not in after]
        for name, item in after.items():
            other = before.get(name)
            if other is None:
                other = next(
                    (one for one in gone if (one.like, one.clauses) == (item.like, item.clauses)),
                    None,
                )
                if other is not None:
                    gone.remove(other)
                self._pair(f"layer {name}", None, "items", other, item)
                continue
            where = f"layer {name}"
            if other.like != item.like:
                self._add(where, other, item, Replace(other, item))
                continue
            sides = (other.clauses, item.clauses)
            self._groups(where, other, "clauses", sides, sort_of_clause, self._clause)
        for item in gone:
            self._pair(f"layer {item.name.name}", None, "items", item, None)

    def _clause(self, where: str, old: Any, new: Any) -> bool:
        match old, new:
            case (ast.OpenWhen(), ast.OpenWhen()):
                self._condition(f"{where}: open when", old.condition, new.condition)
            case (ast.CloseWhen(), ast.CloseWhen()):
                self._condition(f"{where}: close when", old.condition, new.condition)
            case (ast.Structure(), ast.Structure()) if without_choices(old) == without_choices(new):
                self._groups(where, old, "choices", (old.choices, new.choices), sort_of_clause)
            case (ast.Legs(), ast.Legs()) if old.underlying == new.underlying:
                self._groups(where, old, "choices", (old.choices, new.choices), sort_of_clause)
                if len(old.legs) != len(new.legs):
                    edits = [Replace(leg, None) for leg in old.legs]
                    self._add(
                        where, list(old.legs), list(new.legs), *edits,
                        *(Insert(old, "legs", leg) for leg in new.legs), words=several_texts,
                    )  # fmt: skip
                    return True
                for one, other in zip(old.legs, new.legs, strict=True):
                    self._pair(where, old, "legs", one, other)
            case _:
                return False
        return True

    def _hedges(self, old: ast.Hedge | None, new: ast.Hedge | None) -> None:
        if old is None or new is None:
            self._pair("hedge", None, "items", old, new)
            return
        sides = (old.clauses, new.clauses)
        self._groups("hedge", old, "clauses", sides, sort_of_hedge, self._hedge_clause)

    def _hedge_clause(self, where: str, old: Any, new: Any) -> bool:
        match old, new:
            case (ast.HoldBy(), ast.HoldBy()) if old.input == new.input:
                self._table(f"{where}: hold", old, new)
            case (ast.TimeShift(), ast.TimeShift()):
                self._condition(f"{where}: time_shift", old.condition, new.condition)
            case _:
                return False
        return True

    # --- events, regimes, limits ---

    def _events(self, old: Sequence[ast.Event], new: Sequence[ast.Event]) -> None:
        before, after = list(old), list(new)
        pairs = []
        # Those of one window first; then those of one calendar, whose window has moved.
        for sort in (
            lambda item: (item.calendar, item.begin, item.end),
            lambda item: item.calendar,
        ):
            for item in list(after):
                other = next((one for one in before if sort(one) == sort(item)), None)
                if other is not None:
                    before.remove(other)
                    after.remove(item)
                    pairs.append((other, item))
        for one, other in pairs:
            where = f"event {other.calendar.name}"
            if (one.begin, one.end) != (other.begin, other.end):
                moved = replace(one, begin=other.begin, end=other.end)
                # Effects are edited under the event as it was, so both go together.
                if one.effects != other.effects:
                    moved = other
                self._add(where, one, moved, Replace(one, moved), words=window_or_whole(one, other))
                continue
            self._groups(where, one, "effects", (one.effects, other.effects), sort_of_effect)
        for item in before:
            self._pair(f"event {item.calendar.name}", None, "items", item, None)
        for item in after:
            self._pair(f"event {item.calendar.name}", None, "items", None, item)

    def _regimes(self, old: Sequence[ast.Regime], new: Sequence[ast.Regime]) -> None:
        before, after = ({item.name.name: item for item in side} for side in (old, new))
        common = [name for name in before if name in after]
        order = [name for name in after if name in before]
        if common != order:
            # The first that holds wins, so their order is a clause.
            edits = [Replace(item, None) for item in old]
            edits_in = [Insert(None, "items", item) for item in new]
            self._add("regimes", list(old), list(new), *edits, *edits_in, words=several_texts)
            return
        for name, item in after.items():
            where, other = f"regime {name}", before.get(name)
            if other is None:
                later = list(after)[list(after).index(name) + 1 :]
                place = next((before[one] for one in later if one in before), None)
                self._add(where, None, item, Insert(None, "items", item, place))
                continue
            if other.condition is not None and item.condition is not None:
                self._condition(where, other.condition, item.condition)
            self._groups(where, other, "effects", (other.effects, item.effects), sort_of_effect)
        for name, item in before.items():
            if name not in after:
                self._pair(f"regime {name}", None, "items", item, None)

    def _limits(self, old: Sequence[ast.Limit], new: Sequence[ast.Limit]) -> None:
        gone, come = apart(old, new)
        kept = [[item for item in side if item in old and item in new] for side in (old, new)]
        if kept[0] != kept[1]:
            # They act in the order written.
            edits = [Replace(item, None) for item in old]
            edits_in = [Insert(None, "items", item) for item in new]
            self._add("limits", list(old), list(new), *edits, *edits_in, words=several_texts)
            return
        for item in come:
            other = next((one for one in gone if one.subject == item.subject), None)
            if other is not None:
                gone.remove(other)
            if other is None:
                later = list(new)[list(new).index(item) + 1 :]
                place = next((one for one in old if one in later), None)
                self._add("limit", None, item, Insert(None, "items", item, place))
            else:
                self._add("limit", other, item, Replace(other, item))
        for item in gone:
            self._add("limit", item, None, Replace(item, None))
