"""Functions of a series in time: earlier values, changes, crossings, conditions that last."""

from __future__ import annotations

from alvh_rules.builtins.record import Builtin, Parameter, Role, Shape
from alvh_rules.core.kinds import Kind

_X = Parameter("x", doc="a number on each row")
_N = Parameter("n", Role.WINDOW, doc="rows, or `N sessions`")
_PAIR = (Parameter("a", group="a", doc="a number"), Parameter("b", group="a", doc="a number of the same kind"))

RECORDS = (
    Builtin("ago", "series", Shape.WINDOW, (_X, Parameter("n", Role.WINDOW, least=0, doc="rows back, zero or more")),
            None, "The value n rows ago.", "x on the row n rows before this one.", "definition", "ago(vix, 5 sessions)",
            lambda n: n, None, within_argument=True),
    Builtin("change", "series", Shape.WINDOW, (_X, Parameter("n", Role.WINDOW, default=1, doc="rows back")),
            None, "The change over n rows.", "x less x n rows ago.", "definition", "change(vix, 1)", lambda n: n, True),
    Builtin("cumulative", "series", Shape.RECURSIVE, (_X,), None, "The running sum since the first row.",
            "The sum of all known values so far; unknown on a missing row, which adds nothing.", "definition",
            "cumulative(change(spx))", lambda: 0, None),
    Builtin("crosses_above", "series", Shape.WINDOW, _PAIR, Kind.FLAG, "Whether a has just risen above b.",
            "a > b now, and a <= b one row before.", "definition", "crosses_above(vix, sma(vix, 20))", lambda: 1),
    Builtin("crosses_below", "series", Shape.WINDOW, _PAIR, Kind.FLAG, "Whether a has just fallen below b.",
            "a < b now, and a >= b one row before.", "definition", "crosses_below(vix, sma(vix, 20))", lambda: 1),
    Builtin("sessions_since", "series", Shape.RECURSIVE, (Parameter("condition", Role.CONDITION, doc="a condition"),),
            Kind.SESSIONS, "Rows since a condition last held.",
            "0 on a row where it holds; unknown before it first held, and after an unknown row until it holds again.",
            "definition", "sessions_since(vix > 30)", lambda: 0, least=0.0),
    Builtin("held", "series", Shape.WINDOW, (Parameter("condition", Role.CONDITION, doc="a condition"), _N),
            Kind.FLAG, "Whether a condition held on each of the last n rows, today included.",
            "Kleene's `and` of the n rows; rows before the first are unknown.", "definition",
            "held(vix > 20, 3)", lambda n: n - 1),
    Builtin("latch", "series", Shape.RECURSIVE,
            (Parameter("begin", Role.CONDITION, doc="switches on"), Parameter("end", Role.CONDITION, doc="switches off, and wins")),
            Kind.FLAG, "On from `begin` until `end`.", "not end and (begin or the row before), in Kleene's logic; off at the start.",
            "definition", "latch(vix > 30, vix < 20)", lambda: 0),
    Builtin("weekly", "resample", Shape.RESAMPLE, (_X,), None, "An expression over completed exchange weeks.",
            "The expression evaluated on each week's last session, held until the next week is complete.", "definition",
            "weekly(rsi(spx, 14))", lambda: 0, None),
    Builtin("monthly", "resample", Shape.RESAMPLE, (_X,), None, "An expression over completed months.",
            "The expression evaluated on each month's last session, held until the next month is complete.", "definition",
            "monthly(sma(spx, 10))", lambda: 0, None),
)
