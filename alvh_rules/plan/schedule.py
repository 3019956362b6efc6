"""Which nodes a run computes, in what order, and when each column is let go.

Worked out from the wanted nodes before any data is read: what none of them rests on is not computed,
and a column is freed as soon as its last reader has run.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from alvh_rules.plan import graph as g


@dataclass(frozen=True, slots=True)
class Step:
    """Compute a node, then let go of the columns that no later step reads."""

    number: int
    frees: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Schedule:
    """The steps of a run; `most_alive` is how many columns are held at once at the worst."""

    steps: tuple[Step, ...]
    most_alive: int


def schedule(nodes: Sequence[g.Node], wanted: Iterable[int]) -> Schedule:
    """The steps that give the wanted nodes, which are kept."""
    kept = set(wanted)
    needed = set(kept)
    for number in range(len(nodes) - 1, -1, -1):
        if number in needed:
            needed.update(nodes[number].inputs)
    last_reader: dict[int, int] = {}
    order = sorted(needed)
    for number in order:
        last_reader.update(dict.fromkeys(nodes[number].inputs, number))
    frees: dict[int, list[int]] = {}
    for number, reader in last_reader.items():
        if number not in kept:
            frees.setdefault(reader, []).append(number)
    steps = []
    alive = most = 0
    for number in order:
        alive += 1
        most = max(most, alive)
        freed = tuple(frees.get(number, ()))
        alive -= len(freed)
        steps.append(Step(number, freed))
    return Schedule(tuple(steps), most)
