"""Ask the solver, within bounds of time and memory.

A question is asked with the facts that its unknowns lead to. One budget of seconds is shared by all
questions; each gets at most a part of what is left, so that one hard question does not starve the
rest. What the solver cannot answer in its time is undecided, with its own reason.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import z3

from alvh_rules.prove.symbols import Symbols

MOST_MEGABYTES = 2_000
"""Memory that the solver may take in all; beyond it a question is undecided."""
MOST_ALLOCATED = 4_000
"""Megabytes at which Z3 allocates no more. The bound above is looked at where the solver can stop; an
allocation that is refused can end the process, so this one stands far above it."""
MOST_SHARE = 0.25
"""Of the seconds left, what one question may take."""


OUT_OF_TIME = "the time was spent on what came before"


@dataclass
class Budget:
    """Seconds for all questions together."""

    seconds: float
    begun: float = field(default_factory=time.perf_counter)

    @property
    def left(self) -> float:
        """Seconds that are left."""
        return self.seconds - (time.perf_counter() - self.begun)


@dataclass(frozen=True)
class Answer:
    """`yes` with a model, `no`, or `unknown` with the reason; and the seconds it took."""

    verdict: str
    seconds: float
    model: z3.ModelRef | None = None
    reason: str = ""


class FreshSolver:
    """A solver in a context of its own, so that the same question has the same answer.

    In a context that others have used, the order in which expressions were first made steers the
    search, and a market shown would depend on what was asked before.
    """

    def __init__(self, milliseconds: int) -> None:
        self._context = z3.Context()
        self._solver = z3.Solver(ctx=self._context)
        self._solver.set("timeout", milliseconds)
        self._solver.set("max_memory", MOST_MEGABYTES)
        self._solver.set("random_seed", 1)

    def add(self, *formulas: z3.BoolRef) -> None:
        """What must hold."""
        self._solver.add(*(formula.translate(self._context) for formula in formulas))

    def check(self) -> str:
        """`sat`, `unsat` or `unknown`."""
        return str(self._solver.check())

    def model(self) -> z3.ModelRef:
        """The model of the last check, for formulas as they were given."""
        return self._solver.model().translate(z3.main_ctx())

    def reason(self) -> str:
        """Why the last check was unknown."""
        return str(self._solver.reason_unknown())

    def push(self) -> None:
        """What is added from here on can be taken back."""
        self._solver.push()

    def pop(self) -> None:
        """Take back what was added since `push`."""
        self._solver.pop()


class Asker:
    """Asks whether a market exists."""

    def __init__(self, symbols: Symbols, budget: Budget) -> None:
        self.symbols = symbols
        self.budget = budget
        self.always: list[z3.BoolRef] = []
        """What every question takes for granted."""
        z3.set_param("memory_max_size", MOST_ALLOCATED)

    def exists(self, *formulas: z3.BoolRef, wishes: Sequence[z3.BoolRef] = ()) -> Answer:
        """Whether a market is such. `wishes` are granted where they can be, the first first."""
        begun = time.perf_counter()
        if any(z3.is_false(formula) for formula in formulas):
            return Answer("no", 0.0)
        left = self.budget.left
        if left <= 0.01:
            return Answer("unknown", 0.0, None, OUT_OF_TIME)
        asked = [*formulas, *self.always]
        try:
            solver = FreshSolver(max(20, int(1000 * max(left * MOST_SHARE, min(left, 0.5)))))
            solver.add(*asked, *self.symbols.facts_for(asked))
            found = solver.check()
            model = solver.model() if found == "sat" else None
            for wish in wishes if found == "sat" else ():
                if self.budget.left <= 0.01:
                    break
                solver.push()
                solver.add(wish)
                if solver.check() == "sat":
                    model = solver.model()
                else:
                    solver.pop()
        except z3.Z3Exception as problem:
            if not any(word in str(problem) for word in ("memory", "cancel", "interrupt")):
                raise  # a fault of this program, and no limit that was reached
            return Answer("unknown", time.perf_counter() - begun, None, _said(str(problem)))
        seconds = time.perf_counter() - begun
        if model is not None:
            return Answer("yes", seconds, model)
        if found == "unsat":
            return Answer("no", seconds)
        return Answer("unknown", seconds, None, _said(solver.reason()))


def _said(reason: str) -> str:
    """The solver's reason in plain words."""
    if "memory" in reason:
        return f"the solver would need more than {MOST_MEGABYTES:,} MB"
    if "timeout" in reason or "canceled" in reason:
        return "the solver ran out of its time"
    if "incomplete" in reason:
        return "products of data are beyond what the solver decides"
    return f"the solver gave up ({reason})"
