"""Which clauses of two rulesets are compared with which: those of one sort take each other's place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from alvh_rules.compare.clause_words import text_of, window_text
from alvh_rules.syntax import ast


def all_of(items: Sequence[ast.Item], sort: Any) -> list[Any]:
    """The items of one class."""
    return [item for item in items if isinstance(item, sort)]


def one_of(items: Sequence[ast.Item], sort: Any) -> Any | None:
    """The first item of a class; None where there is none."""
    return next(iter(all_of(items, sort)), None)


def by_sort(nodes: Sequence[Any], sort: Callable[[Any], Any]) -> dict[Any, list[Any]]:
    """Nodes by their sort, in order."""
    found: dict[Any, list[Any]] = {}
    for node in nodes:
        found.setdefault(sort(node), []).append(node)
    return found


def apart(old: Sequence[Any], new: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """What only one of two lists has, each as often as it has it."""
    gone, come = list(old), []
    for item in new:
        if item in gone:
            del gone[gone.index(item)]
        else:
            come.append(item)
    return gone, come


def conditions_of(condition: Any) -> tuple[Any, ...]:
    """The conditions of an `all of` or `any of`; of another, itself."""
    return condition.items if isinstance(condition, ast.Logical) else (condition,)


def differ_in_rows(old: ast.Table, new: ast.Table) -> bool:
    """Whether two tables differ in rows alone."""
    return (old.inputs, old.interpolated, old.columns) == (
        new.inputs,
        new.interpolated,
        new.columns,
    )


def without_sentence(row: ast.DataRow) -> ast.DataRow:
    """A column without what describes it."""
    return replace(row, description="")


def without_choices(structure: ast.Structure) -> ast.Structure:
    """A structure without its strikes and expiries."""
    return replace(structure, choices=())


def sort_of_clause(clause: Any) -> str:
    """Clauses of one sort take each other's place."""
    match clause:
        case ast.Structure() | ast.Legs():
            return "structure"
        case ast.Weight() | ast.Size():
            return "size"
        case ast.Selection(measure="wings"):
            return "wings"
        case ast.Selection() | ast.AtTheMoney() | ast.AtStrike() | ast.Offset():
            return "strikes"
        case _:
            return type(clause).__name__


def sort_of_hedge(clause: Any) -> str:
    """Clauses of the hedge; either `hold` takes the place of the other."""
    return "hold" if isinstance(clause, ast.HoldBy | ast.HoldOne) else type(clause).__name__


def sort_of_effect(effect: ast.Effect) -> tuple[str, str]:
    """Effects on one name."""
    return type(effect).__name__, effect.subject.name


def several_texts(nodes: Sequence[Any]) -> str:
    """Several clauses on one line."""
    return "; ".join(map(text_of, nodes))


def window_or_whole(old: ast.Event, new: ast.Event) -> Callable[[Any], str]:
    """How an event is told that has moved: by its window, where nothing else differs."""
    return window_text if old.effects == new.effects else text_of
