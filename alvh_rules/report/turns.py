"""The nearest change that would turn a condition the other way, on one row.

1. A comparison turns when one side moves to the other, which is held where it is: the first side
   that is not a number written in the ruleset moves. `past` says that reaching it is not enough.
2. What must all hold is turned on by turning each clause that fails, together, and off by its
   nearest clause; what needs any one, the other way round. Names are followed to their definitions.
3. How near a move is, is told in the mover's own days: the move over the median of its changes from
   row to row, of the last 252. Moves that are needed together add up.

4. What was found is tried: a measure that stands in several clauses may turn one on and another off.

A latch, a `for N sessions` and a date turn only as far as today can turn them: a clause that should
have held yesterday has no turn, nor has one that is unknown.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from alvh_rules.check import checked as c
from alvh_rules.core.kinds import NUMERIC, Kind
from alvh_rules.core.kleene import FALSE, TRUE, UNKNOWN
from alvh_rules.evaluate.engine import Evaluation
from alvh_rules.plan.scalars import COMPARE
from alvh_rules.report.values import shown

_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
TYPICAL_OF = 252
"""The rows whose changes tell how far a measure typically moves."""
_DEEPEST = 60


@dataclass(frozen=True, slots=True)
class Move:
    """A measure's rise or fall from where it is: to a value, or past it.

    `other` names what gives the value, empty where the ruleset writes the number.
    """

    expression: c.Expression
    text: str
    start: float
    end: float
    rises: bool
    past: bool
    kind: Kind
    other: str

    @property
    def reached(self) -> float:
        """The nearest value that is far enough."""
        beyond = math.inf if self.rises else -math.inf
        return math.nextafter(self.end, beyond) if self.past else self.end

    def describe(self) -> str:
        """Such as `slope rises by 23.1% past 5% (steep)`."""
        verb = "rises" if self.rises else "falls"
        by = f" by {shown(abs(self.end - self.start), self.kind)}" if self.end != self.start else ""
        to = "past" if self.past else "to"
        other = f" ({self.other})" if self.other else ""
        return f"{self.text} {verb}{by} {to} {shown(self.end, self.kind)}{other}"


@dataclass(frozen=True, slots=True)
class Turn:
    """Moves that turn a condition together, and how far they are in typical row-to-row changes."""

    moves: tuple[Move, ...]
    distance: float

    def describe(self) -> str:
        """All moves, as a sentence's end."""
        return " and ".join(move.describe() for move in self.moves)


_NOTHING = Turn((), 0.0)


class Turns:
    """Finds turns on one row of an evaluation that kept everything."""

    def __init__(self, evaluation: Evaluation, row: int) -> None:
        self.evaluation = evaluation
        self.row = row
        self._typical: dict[int, float] = {}

    def of(self, node: c.Expression) -> Turn | None:
        """What would turn the condition the other way; None where it is unknown or cannot turn."""
        now = int(self.evaluation.value(node)[self.row])
        turn = self._to(node, -now, 0) if now in (TRUE, FALSE) else None
        if turn is None:
            return None
        moved = {move.expression: move.reached for move in turn.moves}
        return turn if self._after(node, moved) == -now else None

    def _after(self, node: c.Expression, moved: Mapping[c.Expression, float]) -> int:
        """The condition's truth on this row with the measures moved and all else as it is."""
        now = int(self.evaluation.value(node)[self.row])
        match node:
            case c.Reference():
                return self._after(self.evaluation.ruleset.values[node.name], moved)
            case c.Not():
                return -self._after(node.operand, moved)
            case c.Logical():
                truths = [self._after(item, moved) for item in node.items]
                return min(truths) if node.operator == "and" else max(truths)
            case c.Compare() if node.left in moved or node.right in moved:
                left, right = (
                    moved.get(side, float(self.evaluation.value(side)[self.row]))
                    for side in (node.left, node.right)
                )
                if math.isnan(left) or math.isnan(right):
                    return UNKNOWN
                return TRUE if COMPARE[node.operator](left, right) else FALSE
            case c.Latch():
                before = int(self.evaluation.value(node)[self.row - 1]) if self.row else FALSE
                end, begin = self._after(node.end, moved), self._after(node.begin, moved)
                return min(-end, max(begin, before))
            case c.Lasting(clock=""):
                held = self.evaluation.value(node.condition)
                days = [int(day) for day in held[max(self.row - node.count + 1, 0) : self.row]]
                early = [UNKNOWN] if self.row < node.count - 1 else []
                return min([*days, *early, self._after(node.condition, moved)])
            case _:
                return now

    def _to(self, node: c.Expression, target: int, depth: int) -> Turn | None:
        if depth > _DEEPEST:
            return None
        if int(self.evaluation.value(node)[self.row]) == target:
            return _NOTHING
        match node:
            case c.Reference():
                return self._to(self.evaluation.ruleset.values[node.name], target, depth + 1)
            case c.Not():
                return self._to(node.operand, -target, depth + 1)
            case c.Logical():
                turns = [self._to(item, target, depth + 1) for item in node.items]
                needs_all = (node.operator == "and") == (target == TRUE)
                return _together(turns) if needs_all else _nearest(turns)
            case c.Compare():
                return self._compare(node)
            case c.Latch():
                return self._latch(node, target, depth)
            case c.Lasting(clock=""):
                held = self.evaluation.value(node.condition)
                before = held[max(self.row - node.count + 1, 0) : self.row]
                if target == TRUE and (len(before) < node.count - 1 or (before != TRUE).any()):
                    return None
                return self._to(node.condition, target, depth + 1)
            case _:
                return None

    def _latch(self, node: c.Latch, target: int, depth: int) -> Turn | None:
        before = int(self.evaluation.value(node)[self.row - 1]) if self.row else FALSE
        ends, begins = (
            self._to(part, truth, depth + 1)
            for part, truth in ((node.end, -target), (node.begin, target))
        )
        if target == TRUE:
            return ends if before == TRUE else _together([ends, begins])
        return _nearest([ends, begins]) if before == FALSE else ends

    def _compare(self, node: c.Compare) -> Turn | None:
        if node.operator not in _MIRRORED or node.left.type.kind not in NUMERIC:
            return None
        mover, other = node.left, node.right
        sign = node.operator
        if isinstance(mover, c.Constant):
            mover, other = other, mover
            sign = _MIRRORED[sign]
        start, end = (float(self.evaluation.value(side)[self.row]) for side in (mover, other))
        if math.isnan(start) or math.isnan(end) or isinstance(mover, c.Constant):
            return None
        holds = COMPARE[sign](start, end)
        # At equality `<=` and `>=` hold: reaching it turns them on, and only passing it off.
        past = holds == (sign in ("<=", ">="))
        rises = holds == (sign in ("<", "<="))
        held = "" if isinstance(other, c.Constant) else self._text(other)
        text, kind = self._text(mover), mover.type.kind
        move = Move(mover, text, start, end, rises, past, kind, held)
        return Turn((move,), self._distance(move))

    def _text(self, node: c.Expression) -> str:
        return (
            node.name if isinstance(node, c.Reference) else self.evaluation.ruleset.text(node.span)
        )

    def _distance(self, move: Move) -> float:
        size = abs(move.end - move.start)
        if size == 0.0:
            return 0.0
        # The ruleset holds the expressions: none of them can be another in its place.
        typical = self._typical.get(id(move.expression))
        if typical is None:
            column = self.evaluation.value(move.expression)
            changes = np.abs(np.diff(column[max(self.row - TYPICAL_OF, 0) : self.row + 1]))
            known = changes[~np.isnan(changes)]
            typical = float(np.median(known)) if len(known) else 0.0
            self._typical[id(move.expression)] = typical
        return size / typical if typical > 0 else math.inf


def _nearest(turns: Iterable[Turn | None]) -> Turn | None:
    known = [turn for turn in turns if turn is not None]
    return min(known, key=lambda turn: (turn.distance, len(turn.moves)), default=None)


def _together(turns: Iterable[Turn | None]) -> Turn | None:
    """All of the turns at once; None where one is impossible, or two pull one measure two ways."""
    moves: dict[c.Expression, Move] = {}
    distance = 0.0
    for turn in turns:
        if turn is None:
            return None
        distance += turn.distance
        for move in turn.moves:
            have = moves.setdefault(move.expression, move)
            if have.rises != move.rises:
                return None
            if (abs(move.end - move.start), move.past) > (abs(have.end - have.start), have.past):
                moves[move.expression] = move
    return Turn(tuple(moves.values()), distance)
