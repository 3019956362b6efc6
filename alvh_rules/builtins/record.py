"""The record of a built-in function: all that the language knows about it, in one place.

A record says what the function takes and gives (kinds and units), how far back it looks, what it
means and by whose definition, and shows an example. Its vectorised kernel is the function of the
same name in `alvh_rules.builtins.kernels.<family>`, imported only when called, so that checking
imports no NumPy. The naive interpreter (`alvh_rules.evaluate.interpreter`) has a definition of its
own, which the kernel must agree with.

How a kernel is called: the arguments in the order of the parameters. A series is a float64 array
(missing is NaN), a condition an int8 array of `core.kleene`, a window an int (rows), a constant a
float, a calendar and its timeline the objects of `evaluate.inputs`, a curve a pair of tuples of
arrays (settlements by month; days to their expiry). A kernel returns a new array of the rows'
length and never changes its arguments. A word is a str, a month an int (1 is the nearest).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from importlib import import_module
from typing import Any

from alvh_rules.core.kinds import NUMERIC, Kind


class Role(Enum):
    """What an argument is to a function."""

    SERIES = "series"
    CONDITION = "condition"
    WINDOW = "window"
    CONSTANT = "constant"
    CALENDAR = "calendar"
    CURVE = "curve"
    MONTH = "month"
    WORD = "word"


class Shape(Enum):
    """Which rows a function reads."""

    POINTWISE = "this row alone"
    WINDOW = "a fixed number of rows back"
    RECURSIVE = "all rows since the first"
    CALENDAR = "a calendar of events"
    RESAMPLE = "completed periods"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One argument a function takes.

    `kinds` are the kinds accepted; parameters of one `group` must agree on a kind, and a bare
    number among them takes it. A bare number where `kinds` has one member takes that one.
    `default` is a number in the held unit. The `repeated` parameters, always the last, stand
    together once or more. `words` are those that a parameter of role `WORD` takes: they mean
    themselves there, whatever else is called so. A `MONTH` counts the months of the call's curve.
    """

    name: str
    role: Role = Role.SERIES
    kinds: frozenset[Kind] = NUMERIC
    group: str = ""
    default: float | None = None
    repeated: bool = False
    least: float | None = None
    most: float | None = None
    words: tuple[str, ...] = ()
    doc: str = ""


@dataclass(frozen=True, slots=True)
class Builtin:
    """A built-in function. See the module's text for how its kernel is called.

    `returns` is the kind of the result, or None for the kind of the first series argument;
    `difference` says whether the result is a difference of levels (None: as the argument is).
    `lookback` takes the windows by parameter name and gives the rows before today that a value
    needs (shape `WINDOW`), or that must pass before the first value (shape `RECURSIVE`).
    `least` and `most` bound the result in the held unit; `within_argument` says that it lies
    between the least and greatest value of its first series.
    `other_names` are what the same is called elsewhere: a call of one is told this one's name.
    """

    name: str
    family: str
    shape: Shape
    parameters: tuple[Parameter, ...]
    returns: Kind | None
    summary: str
    definition: str
    source: str
    example: str
    lookback: Callable[..., int] = lambda **windows: 0
    difference: bool | None = False
    least: float | None = None
    most: float | None = None
    within_argument: bool = False
    other_names: tuple[str, ...] = ()

    @property
    def signature(self) -> str:
        """The call as the documentation prints it."""
        parts = []
        for item in self.parameters:
            text = " or ".join(item.words) or item.name
            parts.append(text if item.default is None else f"{text} = {item.default:g}")
        if self.repeated:
            parts.append("…")
        return f"{self.name}({', '.join(parts)})"

    @property
    def repeated(self) -> tuple[Parameter, ...]:
        """The parameters at the end that stand together once or more."""
        return tuple(item for item in self.parameters if item.repeated)

    def parameters_of(self, count: int) -> tuple[Parameter, ...]:
        """The parameters of a call with so many arguments: the repeated ones as often as written.

        There are never fewer than `parameters`; those beyond the arguments take their defaults.
        """
        extra = max(0, count - len(self.parameters))
        turns = -(-extra // len(self.repeated)) if self.repeated else 0
        return self.parameters + self.repeated * turns

    def kernel(self) -> Callable[..., Any]:
        """The vectorised implementation."""
        return _load(self.family, self.name)


def _load(family: str, name: str) -> Callable[..., Any]:
    module = import_module(f"alvh_rules.builtins.kernels.{family}")
    # A trailing underscore keeps `min_`, `abs_` and the like from hiding Python's own.
    function = getattr(module, name, None) or getattr(module, f"{name}_")
    found: Callable[..., Any] = function
    return found
