"""Functions of a window of rows, today included. A missing row makes the value unknown."""

from __future__ import annotations

from alvh_rules.builtins.record import Builtin, Parameter, Role, Shape
from alvh_rules.core.kinds import Kind

_X = Parameter("x", doc="a number on each row")
_N = Parameter("n", Role.WINDOW, doc="rows in the window, or `N sessions`")
_N2 = Parameter("n", Role.WINDOW, least=2, doc="rows in the window, two or more")


def _window(n: int) -> int:
    return n - 1


RECORDS = (
    Builtin(
        "sma",
        "windows",
        Shape.WINDOW,
        (_X, _N),
        None,
        "The simple moving average.",
        "The sum of n values over n.",
        "definition",
        "sma(spx, 200)",
        _window,
        None,
        within_argument=True,
    ),
    Builtin(
        "wma",
        "windows",
        Shape.WINDOW,
        (_X, _N),
        None,
        "The linearly weighted moving average.",
        "Weights 1, 2, …, n from the oldest to today, over n(n+1)/2.",
        "definition",
        "wma(spx, 20)",
        _window,
        None,
        within_argument=True,
    ),
    Builtin(
        "highest",
        "windows",
        Shape.WINDOW,
        (_X, _N),
        None,
        "The greatest value.",
        "The maximum of n values.",
        "definition",
        "highest(spx, 252)",
        _window,
        None,
        within_argument=True,
    ),
    Builtin(
        "lowest",
        "windows",
        Shape.WINDOW,
        (_X, _N),
        None,
        "The least value.",
        "The minimum of n values.",
        "definition",
        "lowest(spx, 252)",
        _window,
        None,
        within_argument=True,
    ),
    Builtin(
        "stdev",
        "windows",
        Shape.WINDOW,
        (_X, _N2),
        None,
        "The sample standard deviation.",
        "The square root of the squared deviations' sum over n - 1.",
        "definition",
        "stdev(vix, 20)",
        _window,
        True,
        least=0.0,
    ),
    Builtin(
        "zscore",
        "windows",
        Shape.WINDOW,
        (_X, _N2),
        Kind.RATIO,
        "Standard deviations from the mean.",
        "(x - mean) / stdev over the window; unknown for a constant window.",
        "definition",
        "zscore(vix, 252)",
        _window,
        True,
    ),
    Builtin(
        "percentile_rank",
        "windows",
        Shape.WINDOW,
        (_X, _N),
        Kind.RATIO,
        "The share of the window at or below today.",
        "The count of the n values, today's included, that are at most today's, over n.",
        "SciPy, percentileofscore, kind 'weak'",
        "percentile_rank(vix, 252 sessions)",
        _window,
        least=0.0,
        most=1.0,
    ),
    Builtin(
        "realized_volatility",
        "windows",
        Shape.WINDOW,
        (Parameter("price", kinds=frozenset({Kind.PRICE}), doc="a price"), _N),
        Kind.VOLATILITY,
        "Realised volatility, zero mean, 252 sessions a year.",
        "100 sqrt(252/n × the sum of n squared log returns), in points.",
        "J. Hull, Options, Futures, and Other Derivatives, on estimating volatility, with zero mean",
        "realized_volatility(spx, 20 sessions)",
        lambda n: n,
        least=0.0,
    ),
)
