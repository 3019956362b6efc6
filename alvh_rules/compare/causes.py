"""Why a decision may differ: the definitions it rests on that are written otherwise.

From the decision, references are followed in both rulesets. A name that computes the same in both ends
the search there. One that does not, while all it refers to that has a namesake computes the same, is a
cause: of an `and`, `or` or a table its clauses or rows that are in one ruleset alone are told, of anything
else the whole text.
"""

from __future__ import annotations

from alvh_rules.check import checked as c
from alvh_rules.compare.canonical import Canonical
from alvh_rules.compare.comparison import Cause

_MOST = 12


def causes(old: Canonical, new: Canonical, name: str) -> tuple[Cause, ...]:
    """What is written otherwise under a decision that both rulesets have; the first few."""
    found: dict[str, list[Cause]] = {}
    seen: set[str] = set()
    stack = [name]
    while stack and len(found) < _MOST:
        part = stack.pop()
        if part in seen or not _differs(old, new, part):
            continue
        seen.add(part)
        before, after = old.ruleset.values[part], new.ruleset.values[part]
        names = dict.fromkeys([*_references(before), *_references(after)])
        under = [item for item in names if _differs(old, new, item)]
        stack += reversed(under)
        said = _said(old.ruleset, new.ruleset, part, before, after)
        if said and _written(old.ruleset, before) != _written(new.ruleset, after):
            found[part] = said
    return tuple(item for items in found.values() for item in items)[:_MOST]


def _differs(old: Canonical, new: Canonical, name: str) -> bool:
    if name not in old.ruleset.values or name not in new.ruleset.values:
        return False
    return old.named(name) != new.named(name)


def _references(node: c.Expression) -> list[str]:
    found = []
    stack = [node]
    while stack:
        part = stack.pop()
        if isinstance(part, c.Reference):
            found.append(part.name)
        stack.extend(c.operands(part))
    return found


def _text(ruleset: c.CheckedRuleset, node: c.Expression) -> str:
    return ruleset.text(node.span) if node.span.file in ruleset.sources else ""


def _written(ruleset: c.CheckedRuleset, node: c.Expression) -> list[str]:
    """The clauses, rows or text of an expression, in no order."""
    return sorted(_parts(ruleset, node))


def _parts(ruleset: c.CheckedRuleset, node: c.Expression) -> list[str]:
    match node:
        case c.Rounded():
            return _parts(ruleset, node.operand)
        case c.Logical():
            return [_text(ruleset, item) for item in node.items]
        case c.Table(row_spans=spans) | c.Interpolate(row_spans=spans) if spans:
            head = [_text(ruleset, axis.input) for axis in getattr(node, "axes", ())]
            columns = getattr(node, "column_spans", ())
            return [
                *(f"by {text}" for text in head),
                *(ruleset.text(span) for span in (*columns, *spans)),
            ]
        case c.Latch():
            begin, end = _text(ruleset, node.begin), _text(ruleset, node.end)
            return [f"from {begin}", f"until {end}"]
        case _:
            return [_text(ruleset, node)]


def _said(
    old: c.CheckedRuleset,
    new: c.CheckedRuleset,
    name: str,
    before: c.Expression,
    after: c.Expression,
) -> list[Cause]:
    one, other = _parts(old, before), _parts(new, after)
    gone = [text for text in one if text not in other]
    come = [text for text in other if text not in one]
    if "@" in name or name.startswith("limit."):
        # Steps between are ours; the clauses that made them are told by their own.
        name = name.partition("@")[0]
    if len(gone) == len(come):
        return [Cause(name, a, b) for a, b in zip(gone, come, strict=True)]
    return [*(Cause(name, text, "") for text in gone), *(Cause(name, "", text) for text in come)]
