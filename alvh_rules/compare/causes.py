"""Why a decision may differ: the definitions it rests on that say something else.

From the decision, references are followed in both rulesets. A name that computes the same in both ends
the search there. Of one that does not, the parts that the other ruleset has none of are told: clauses of
an `and` or `or`, rows of a table, both ends of a latch, else the whole. Parts are told apart by what they
compute, so that another name or layout of the same is no cause.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable

from alvh_rules.check import checked as c
from alvh_rules.compare.canonical import Canonical
from alvh_rules.compare.comparison import Cause
from alvh_rules.syntax.print_expressions import expression_text

_MOST = 12
_WORDS = re.compile(r"\w+")

Part = tuple[Hashable, str]
"""What a part of a definition means, and how it is written."""


def causes(old: Canonical, new: Canonical, name: str) -> tuple[Cause, ...]:
    """What is said otherwise under a decision that both rulesets have; the first few."""
    found: dict[Cause, None] = {}
    seen: set[str] = set()
    stack = [name]
    while stack and len(found) < _MOST:
        part = stack.pop()
        if part in seen:
            continue
        seen.add(part)
        before, after = old.ruleset.values[part], new.ruleset.values[part]
        under = [
            item
            for item in dict.fromkeys([*_references(before), *_references(after)])
            if item in old.ruleset.values
            and item in new.ruleset.values
            and old.named(item) != new.named(item)
        ]
        stack += reversed(under)
        own = _of(part, _parts(old, before), _parts(new, after))
        if not own and not under:
            # The same parts, put together otherwise.
            own = _of(part, [_whole(old, before)], [_whole(new, after)])
        if under:
            # What is written alike differs by what lies under it, which is told there.
            own = [item for item in own if item.old != item.new]
        if part.startswith("limit."):
            # A limit is told by the decision that it bounds.
            continue
        for item in own:
            found.update(dict.fromkeys(_aliases(old, new, item) or [item]))
    return tuple(item for item in found if not _told_elsewhere(item, name, found))[:_MOST]


def _told_elsewhere(item: Cause, name: str, found: Iterable[Cause]) -> bool:
    """Whether a longer piece of the text says it too (`weight 30%` of `30%`), or the definition itself
    does, where the decision only passes it on."""
    if not (item.old and item.new):
        return False
    for other in found:
        if other is item:
            continue
        if (other.old, other.new) == (item.old, item.new):
            if item.name == name:
                return True
        elif all(
            f" {less} " in f" {more} "
            for less, more in ((item.old, other.old), (item.new, other.new))
        ):
            return True
    return False


def _of(name: str, before: list[Part], after: list[Part]) -> list[Cause]:
    """The parts that only one side has, in pairs as far as they go."""
    # Steps between are the program's own; they go by the decision that they lead to.
    shown = name.partition("@")[0]
    here, there = {means for means, _ in after}, {means for means, _ in before}
    gone = [text for means, text in before if means not in here]
    come = [text for means, text in after if means not in there]
    if len(gone) == len(come):
        return [Cause(shown, one, other) for one, other in zip(gone, come, strict=True)]
    return [*(Cause(shown, text, "") for text in gone), *(Cause(shown, "", text) for text in come)]


def _aliases(old: Canonical, new: Canonical, item: Cause) -> list[Cause]:
    """Of a part that is written alike: the lets of numbers alone, in it, that are not."""
    if item.old != item.new:
        return []
    told = []
    for name in sorted(set(_WORDS.findall(item.old)) & old.aliases.keys() & new.aliases.keys()):
        one, other = expression_text(old.aliases[name]), expression_text(new.aliases[name])
        if one != other:
            told.append(Cause(name, one, other))
    return told


def _references(node: c.Expression) -> list[str]:
    found = []
    stack = [node]
    while stack:
        part = stack.pop()
        if isinstance(part, c.Reference):
            found.append(part.name)
        stack.extend(c.operands(part))
    return found


def _whole(side: Canonical, item: c.Expression, before: str = "") -> Part:
    known = item.span.file in side.ruleset.sources
    text = side.ruleset.text(item.span) if known else ""
    return ((before, side.expression(item)), before + text)


def _parts(side: Canonical, node: c.Expression) -> list[Part]:
    match node:
        case c.Rounded():
            return _parts(side, node.operand)
        case c.Logical():
            return [_whole(side, item) for item in node.items]
        case c.Latch():
            return [_whole(side, node.begin, "from "), _whole(side, node.end, "until ")]
        case c.Table() if node.row_spans and len(node.axes) == 1:
            return [_whole(side, node.axes[0].input, "by "), *_rows(side, node)]
        case _:
            return [_whole(side, node)]


def _rows(side: Canonical, node: c.Table) -> list[Part]:
    """A table's rows: between which edges each answers, and what."""
    axis = node.axes[0]
    edges: list[Hashable] = [None, *zip(axis.edges, axis.joins_above, strict=True), None]
    parts: list[Part] = []
    values = [*node.values, *([node.missing] if node.missing is not None else [])]
    for number, (value, span) in enumerate(zip(values, node.row_spans, strict=False)):
        means: Hashable
        if axis.edges:
            means = tuple(
                (edges[at], edges[at + 1]) for at, row in enumerate(axis.rows) if row == number
            )
        else:
            means = tuple(at for at, row in enumerate(axis.rows) if row == number)
        parts.append(((means, side.expression(value)), side.ruleset.text(span)))
    return parts
