"""What the code for one bar calls: a window's native stepper, a step on one row, a calendar, a curve."""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from alvh_rules.core.kleene import FALSE, TRUE, UNKNOWN
from alvh_rules.evaluate.blocks import Block
from alvh_rules.evaluate.cells import DTYPES, Cells
from alvh_rules.evaluate.native_code import encoded, has_encoding
from alvh_rules.evaluate.native_program import machine_of
from alvh_rules.evaluate.steps import Step, dates_in_windows, step_of
from alvh_rules.evaluate.steps import Window as StepOfWindow
from alvh_rules.native import native_is_there
from alvh_rules.plan import graph as g


@dataclass(frozen=True, slots=True)
class Moment:
    """Where a bar stands: its row's place in time, and the periods that may first be read on it.

    `row` is a block of the one row, `ordinal` the number of its session. The periods of each clock
    are given oldest first, each by whether it is sampled on the bar before.
    """

    row: Block
    ordinal: int
    session: tuple[bool, ...] = ()
    week: tuple[bool, ...] = ()
    month: tuple[bool, ...] = ()


NOWHERE: Any = None
"""The moment of a row that goes by no calendar."""


class Called:
    """A step on columns, called for one row of plain values."""

    def __init__(self, number: int, nodes: Sequence[g.Node], step: Step) -> None:
        self.step = step
        self._cells = Cells(nodes)
        self._cells.rows[nodes[number].clock] = 1
        self._parts = [
            (part, g.storage_of(nodes[part].type)) for part in dict.fromkeys(nodes[number].inputs)
        ]
        self._inputs = nodes[number].inputs

    def __call__(self, moment: Moment, *values: Any) -> Any:
        cells = self._cells
        cells.begin(1)
        given = dict(zip(self._inputs, values, strict=True))
        for part, storage in self._parts:
            value = given[part]
            if storage is g.Storage.CURVE:
                cells.values[part] = _curve_of(value)
            else:
                cells.values[part] = np.array([value], dtype=DTYPES[storage])
            cells.whole[part] = False
        with np.errstate(all="ignore"):
            found, _ = self.step.compute(cells, moment.row)
        return found[0].item()

    def save(self) -> Any:
        """What is remembered, as numbers, lists and dictionaries; None for nothing."""
        return self.step.save()

    def load(self, saved: Any) -> None:
        """Take up what was saved."""
        self.step.load(saved)


class Stepped:
    """A window of numbers, worked out by the native machine a row at a time.

    What is saved is what the step on columns saves, the last rows of its inputs: a stepper that is
    given these again stands where it stood. So a state may be taken up where there is no machine.
    """

    def __init__(self, number: int, nodes: Sequence[g.Node], back: int) -> None:
        inputs = nodes[number].inputs
        read = [n for n in dict.fromkeys(inputs) if not isinstance(nodes[n].operation, g.Constant)]
        program = encoded(nodes, (number,), read, (), (number,))
        self._machine = machine_of(program)
        self._begin = np.array(program.kept), np.array(program.counts, dtype=np.int64)
        # Each column is told once.
        self._told = None if read == list(inputs) else [inputs.index(part) for part in read]
        self._tails: list[deque[float]] = [deque(maxlen=back) for _ in inputs]
        self._step = self._machine.stepper(*self._begin).step

    def __call__(self, moment: Moment, *values: Any) -> Any:
        for tail, value in zip(self._tails, values, strict=True):
            tail.append(value)
        if self._told is not None:
            values = tuple(values[place] for place in self._told)
        return self._step(*values)

    def save(self) -> Any:
        """The last rows of each input."""
        return [list(tail) for tail in self._tails]

    def load(self, saved: Any) -> None:
        """Take up what was saved."""
        self._step = self._machine.stepper(*self._begin).step
        for tail in self._tails:
            tail.clear()
        for row in zip(*saved, strict=True):
            self(NOWHERE, *row)


def called(number: int, nodes: Sequence[g.Node]) -> Called | Stepped:
    """What works out a node that has no pattern, on one row."""
    node = nodes[number]
    step = step_of(number, nodes)
    assert step is not None
    storages = {g.storage_of(nodes[part].type) for part in (*node.inputs, number)}
    can_be_stepped = storages == {g.Storage.NUMBER} and native_is_there()
    if isinstance(step, StepOfWindow) and can_be_stepped and has_encoding(nodes, number):
        return Stepped(number, nodes, step.back)
    return Called(number, nodes, step)


def _curve_of(months: Any) -> Any:
    """A curve's lists as columns of one row; one that is not there yet has no months."""
    if months is None:
        return ((), ())
    return tuple(tuple(np.array([month]) for month in part) for part in months)


class Dated:
    """What a calendar says of a row's session."""

    def __init__(self, number: int, nodes: Sequence[g.Node]) -> None:
        step = step_of(number, nodes)
        assert step is not None
        self._step = step
        self._cells = Cells(nodes)
        self._cells.rows[nodes[number].clock] = 1

    def __call__(self, moment: Moment) -> Any:
        found, _ = self._step.compute(self._cells, moment.row)
        return found[0].item()


class Window:
    """Whether a row's session is in the window of an event: `steps.EventWindow` of one session."""

    def __init__(self, number: int, nodes: Sequence[g.Node]) -> None:
        event = nodes[number].operation
        assert isinstance(event, g.Event)
        self._event = event
        self._dates: list[tuple[list[int], int]] | None = None

    def __call__(self, moment: Moment) -> int:
        event, session = self._event, moment.ordinal
        calendar = moment.row.market.calendars[event.calendar]
        if self._dates is None:
            self._dates = [
                (dates.tolist(), begin) for dates, begin in dates_in_windows(event, calendar)
            ]
        if not calendar.first_ordinal <= session <= calendar.last_ordinal:
            return UNKNOWN
        for dates, begin in self._dates:
            place = bisect_left(dates, session - event.end)
            if place < len(dates) and dates[place] <= session - begin:
                return TRUE
        return FALSE


class Curve:
    """A curve on one row: its settlements and days to expiry, a list of months each."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __call__(self, moment: Moment) -> Any:
        return [[float(month[0]) for month in part] for part in moment.row.curve(self._name)]
