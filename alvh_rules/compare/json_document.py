"""A comparison as JSON. Its schema is `docs/diff.schema.json`; within a version keys are only added."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from alvh_rules import __version__
from alvh_rules.compare.bump import raised
from alvh_rules.compare.comparison import SAME, UNDECIDED, Comparison, Decision
from alvh_rules.findings.report import sound

if TYPE_CHECKING:
    from alvh_rules.compare.history import History
    from alvh_rules.compare.results import Figures, Ran, Results

VERSION: Final = 1
"""The version of the document's shape."""


def as_json(comparison: Comparison) -> str:
    """The whole comparison, in ASCII."""
    before, after, bump = comparison.before, comparison.after, comparison.bump
    moved = comparison.header_bump
    document = {
        "version": VERSION,
        "tool": {"name": "alvh", "version": __version__},
        "command": "diff",
        "old": {"from": comparison.old_name, "name": before.name, "version": before.version},
        "new": {"from": comparison.new_name, "name": after.name, "version": after.version},
        "bump": bump.word,
        "reasons": list(comparison.reasons),
        "suggested_version": raised(before.version, bump),
        "header_bump": None if moved is None else moved.word,
        "header_is_enough": not comparison.too_small,
        "nothing_in_common": comparison.nothing_in_common,
        "no_proof": comparison.proof,
        "decisions": [_decision(item) for item in comparison.decisions],
        "changes": [
            {
                "part": item.part,
                "what": item.what,
                "old": item.old,
                "new": item.new,
                "bump": item.bump.word,
                "note": item.note,
            }
            for item in comparison.changes
        ],
        "history": None if comparison.history is None else _history(comparison.history),
        "results": None if comparison.results is None else _results(comparison.results),
    }
    return sound(json.dumps(document, indent=2))


def _decision(item: Decision) -> dict[str, Any]:
    example = None
    if item.example is not None:
        example = {"given": dict(item.example), "old": item.old, "new": item.new}
    return {
        "name": item.name,
        "same": None if item.status == UNDECIDED else item.status == SAME,
        "status": item.status,
        "how": item.how,
        "region": item.region,
        "boundary": item.boundary,
        "reason": item.reason,
        "example": example,
        "kind": item.kind,
        "bump": item.bump.word,
        "causes": [asdict(cause) for cause in item.causes],
    }


def _results(results: Results) -> dict[str, Any]:
    return {
        "old": _ran(results.old),
        "new": _ran(results.new),
        "clauses": [
            {
                "changes": [
                    {"where": clause.where, "old": clause.old, "new": clause.new}
                    for clause in item.clauses
                ],
                "same": item.same,
                "alone": _figures(item.alone),
                "last": _figures(item.last),
                "reason": item.reason,
            }
            for item in results.clauses
        ],
        "interaction": _figures(results.interaction),
        "why": results.why,
        "note": results.note,
        "backtests": results.backtests,
    }


def _ran(ran: Ran | None) -> dict[str, Any] | None:
    if ran is None:
        return None
    return {
        "first": ran.first,
        "last": ran.last,
        "sessions": ran.sessions,
        "figures": _figures(ran.figures),
    }


def _figures(figures: Figures | None) -> dict[str, float | None] | None:
    """What is not known is null, as JSON has no word for it."""
    if figures is None:
        return None
    return {
        name: value if math.isfinite(value) else None for name, value in asdict(figures).items()
    }


def _history(history: History) -> dict[str, Any]:
    return {
        "sessions": history.sessions,
        "changed": history.changed,
        "unit": history.unit,
        "first": history.first,
        "last": history.last,
        "apart": history.apart,
        "decisions": [
            {
                "name": item.name,
                "sessions": item.sessions,
                "average": item.average,
                "moves": [
                    {"old": old, "new": new, "sessions": times} for old, new, times in item.moves
                ],
                "rounding": item.rounding,
                "first": None if item.first is None else asdict(item.first),
                "last": None if item.last is None else asdict(item.last),
                "most": None if item.most is None else asdict(item.most),
            }
            for item in history.decisions
        ],
    }
