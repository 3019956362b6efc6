"""Recursive averages. On a missing row the value is unknown, the state is held, and it goes on."""

from __future__ import annotations

from alvh_rules.builtins.record import Builtin, Parameter, Role, Shape
from alvh_rules.core.kinds import Kind

_X = Parameter("x", doc="a number on each row")
_N = Parameter("n", Role.WINDOW, doc="rows, or `N sessions`")
_FAST = Parameter("fast", Role.WINDOW, default=12, doc="rows of the fast average")
_SLOW = Parameter("slow", Role.WINDOW, default=26, doc="rows of the slow average")
_SIGNAL = Parameter("signal", Role.WINDOW, default=9, doc="rows of the signal's average")
_PRICE = frozenset({Kind.PRICE})
_BAR = tuple(
    Parameter(name, kinds=_PRICE, doc=f"the {name} of each row")
    for name in ("high", "low", "close")
)
_APPEL = "G. Appel, Technical Analysis: Power Tools for Active Investors (2005)"
_WILDER = "J. W. Wilder, New Concepts in Technical Trading Systems (1978)"

RECORDS = (
    Builtin(
        "ema",
        "averages",
        Shape.RECURSIVE,
        (_X, _N),
        None,
        "The exponential moving average.",
        "a x + (1 - a) times the average before, a = 2/(n+1); begun with the mean of the first n known values.",
        "TA-Lib, EMA",
        "ema(spx, 50)",
        lambda n: n - 1,
        None,
        within_argument=True,
        other_names=("ewma", "ewm", "exponential_moving_average"),
    ),
    Builtin(
        "rsi",
        "averages",
        Shape.RECURSIVE,
        (_X, _N),
        Kind.INDEX,
        "Wilder's relative strength index.",
        "100 - 100/(1 + average gain / average loss), Wilder's smoothing 1/n begun with the means of the first n"
        " changes; 50 where nothing has moved.",
        _WILDER,
        "rsi(spx, 14)",
        lambda n: n,
        least=0.0,
        most=100.0,
    ),
    Builtin(
        "macd",
        "averages",
        Shape.RECURSIVE,
        (_X, _FAST, _SLOW),
        None,
        "Moving average convergence divergence.",
        "ema(x, fast) less ema(x, slow).",
        _APPEL,
        "macd(spx, 12, 26)",
        lambda fast, slow: max(fast, slow) - 1,
        True,
        other_names=("macd_line",),
    ),
    Builtin(
        "macd_signal",
        "averages",
        Shape.RECURSIVE,
        (_X, _FAST, _SLOW, _SIGNAL),
        None,
        "The MACD's signal line.",
        "The ema of the MACD over `signal` rows.",
        _APPEL,
        "macd_signal(spx, 12, 26, 9)",
        lambda fast, slow, signal: max(fast, slow) + signal - 2,
        True,
    ),
    Builtin(
        "macd_histogram",
        "averages",
        Shape.RECURSIVE,
        (_X, _FAST, _SLOW, _SIGNAL),
        None,
        "The MACD less its signal.",
        "macd less macd_signal.",
        _APPEL,
        "macd_histogram(spx, 12, 26, 9)",
        lambda fast, slow, signal: max(fast, slow) + signal - 2,
        True,
        other_names=("macd_hist", "macdhist"),
    ),
    Builtin(
        "atr",
        "averages",
        Shape.RECURSIVE,
        (*_BAR, _N),
        Kind.PRICE,
        "Wilder's average true range.",
        "Wilder's average of max(high, close before) - min(low, close before), begun with the mean of the first n.",
        _WILDER,
        "atr(high, low, spx, 14)",
        lambda n: n,
        True,
        least=0.0,
        other_names=("average_true_range",),
    ),
)
