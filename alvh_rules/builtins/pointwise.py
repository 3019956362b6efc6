"""Functions of one row. A missing argument, or a result that is not finite, is missing."""

from __future__ import annotations

from alvh_rules.builtins.record import Builtin, Parameter, Shape
from alvh_rules.core.kinds import Kind

_RATIO = (Parameter("x", kinds=frozenset({Kind.RATIO}), doc="a ratio"),)
_SEVERAL = (
    Parameter("x", group="x", doc="a number"),
    Parameter("y", group="x", repeated=True, doc="numbers of the same kind"),
)

RECORDS = (
    Builtin(
        "min",
        "pointwise",
        Shape.POINTWISE,
        _SEVERAL,
        None,
        "The least.",
        "The least of its arguments.",
        "definition",
        "min(vix, vix3m)",
        difference=None,
    ),
    Builtin(
        "max",
        "pointwise",
        Shape.POINTWISE,
        _SEVERAL,
        None,
        "The greatest.",
        "The greatest of its arguments.",
        "definition",
        "max(vix, vix3m)",
        difference=None,
    ),
    Builtin(
        "abs",
        "pointwise",
        Shape.POINTWISE,
        (Parameter("x", doc="a number"),),
        None,
        "The size.",
        "x without its sign.",
        "definition",
        "abs(change(vix))",
        difference=True,
        least=0.0,
    ),
    Builtin(
        "sqrt",
        "pointwise",
        Shape.POINTWISE,
        _RATIO,
        Kind.RATIO,
        "The square root.",
        "Unknown below zero.",
        "definition",
        "sqrt(30 days / 365 days)",
        difference=None,
        least=0.0,
    ),
    Builtin(
        "log",
        "pointwise",
        Shape.POINTWISE,
        _RATIO,
        Kind.RATIO,
        "The natural logarithm.",
        "Unknown at or below zero.",
        "definition",
        "log(spx / ago(spx, 1))",
        difference=True,
    ),
    Builtin(
        "exp",
        "pointwise",
        Shape.POINTWISE,
        _RATIO,
        Kind.RATIO,
        "The exponential.",
        "e to the power x.",
        "definition",
        "exp(-5%)",
        least=0.0,
    ),
    Builtin(
        "clip",
        "pointwise",
        Shape.POINTWISE,
        (
            Parameter("x", group="x", doc="a number"),
            Parameter("low", group="x", doc="its least value"),
            Parameter("high", group="x", doc="its greatest value"),
        ),
        None,
        "A value kept between two bounds.",
        "min(max(x, low), high).",
        "definition",
        "clip(slope, -10%, 10%)",
        difference=None,
    ),
)
