"""Functions of a European option on one row, by Black, Scholes and Merton.

Units, throughout: spot, strike and premium are in one kind, a price or (options on VIX) points of
volatility; volatility is in points a year, rate and yield in percent a year continuously
compounded; days are calendar days, 365 to the year. The forward is spot e^((rate - yield) T). With
a future for the spot and the yield equal to the rate the forward is the future itself, and the
formula is Black's of 1976.

What is not a market is unknown: a spot or strike not above zero, negative days or volatility. At
zero days or zero volatility each value is its limit as the volatility falls to zero: the discounted
intrinsic value of the forward, and its derivatives.
"""

from __future__ import annotations

from alvh_rules.builtins.record import Builtin, Parameter, Role, Shape
from alvh_rules.core.kinds import Kind

_UNDERLYING = frozenset({Kind.PRICE, Kind.VOLATILITY})


def _priced(name: str, doc: str) -> Parameter:
    return Parameter(name, kinds=_UNDERLYING, group="spot", doc=doc)


_RIGHT = Parameter("right", Role.WORD, words=("call", "put"), doc="`call` or `put`")
_SPOT = _priced("spot", "the underlying's price; of a future, with yield = rate, its settlement")
_STRIKE = _priced("strike", "the strike, in the spot's unit")
_PREMIUM = _priced("premium", "the option's price, in the spot's unit")
_VOLATILITY = Parameter(
    "volatility", kinds=frozenset({Kind.VOLATILITY}), doc="implied volatility, points a year"
)
_DAYS = Parameter("days", kinds=frozenset({Kind.DAYS}), doc="calendar days to expiry")
_RATE = Parameter(
    "rate", kinds=frozenset({Kind.RATE}), default=0.0, doc="percent a year, continuous"
)
_YIELD = Parameter(
    "yield",
    kinds=frozenset({Kind.RATE}),
    default=0.0,
    doc="dividends, percent a year, continuous; the rate itself where the spot is a future",
)
_MODEL = (_RIGHT, _SPOT, _STRIKE, _VOLATILITY, _DAYS, _RATE, _YIELD)

_MERTON = "R. C. Merton, Theory of Rational Option Pricing, Bell Journal of Economics 4 (1973)"
_HULL = "J. Hull, Options, Futures, and Other Derivatives, on the Greek letters"
_ARGUMENTS = "spx, 4800, vix, 30 days, tbill, 1.5%"

RECORDS = (
    Builtin(
        "option_price",
        "options",
        Shape.POINTWISE,
        _MODEL,
        None,
        "What a European option is worth.",
        "A call: S e^(-qT) N(d1) - K e^(-rT) N(d2); a put: K e^(-rT) N(-d2) - S e^(-qT) N(-d1);"
        " d1 = (ln(S/K) + (r - q + σ²/2) T) / (σ √T), d2 = d1 - σ √T, T = days / 365."
        " With a future for the spot and yield = rate it is Black's formula of 1976.",
        f"{_MERTON}; F. Black, The pricing of commodity contracts (1976)",
        f"option_price(call, {_ARGUMENTS})",
        least=0.0,
        other_names=("black_scholes", "bs_price", "price_option"),
    ),
    Builtin(
        "implied_volatility",
        "options",
        Shape.POINTWISE,
        (_RIGHT, _PREMIUM, _SPOT, _STRIKE, _DAYS, _RATE, _YIELD),
        Kind.VOLATILITY,
        "The volatility at which an option is worth its premium.",
        "The inverse of option_price in its volatility. Unknown with no days left, and unless the premium lies between"
        " its bounds without arbitrage: the discounted intrinsic value of the forward, and S e^(-qT) for a call or"
        " K e^(-rT) for a put. Nearer to the latter than 10⁻¹² of it, or in the money so near to the former, it is"
        " unknown too: rounding alone would decide. Deep in the money the premium tells fewer digits of the volatility:"
        " its own last digit over vega is what is lost.",
        f"{_MERTON}; solved on the value out of the money as P. Jäckel does, Let's Be Rational (2015)",
        "implied_volatility(put, quote, spx, 4600, 30 days, tbill, 1.5%)",
        least=0.0,
        other_names=("iv", "implied_vol", "impliedvol"),
    ),
    Builtin(
        "delta",
        "options",
        Shape.POINTWISE,
        _MODEL,
        Kind.RATIO,
        "The change of an option's value with the spot's.",
        "A call: e^(-qT) N(d1); a put: -e^(-qT) N(-d1).",
        _HULL,
        f"delta(put, {_ARGUMENTS})",
    ),
    Builtin(
        "gamma",
        "options",
        Shape.POINTWISE,
        _MODEL,
        Kind.RATIO,
        "The change of delta for one point of the spot.",
        "e^(-qT) φ(d1) / (S σ √T), for calls and puts alike.",
        _HULL,
        f"gamma(call, {_ARGUMENTS})",
        least=0.0,
    ),
    Builtin(
        "theta",
        "options",
        Shape.POINTWISE,
        _MODEL,
        None,
        "The change of an option's value as one calendar day passes.",
        "1/365 of: -S e^(-qT) φ(d1) σ / (2 √T) - r K e^(-rT) N(d2) + q S e^(-qT) N(d1) for a call,"
        " -S e^(-qT) φ(d1) σ / (2 √T) + r K e^(-rT) N(-d2) - q S e^(-qT) N(-d1) for a put. Mostly below zero.",
        _HULL,
        f"theta(call, {_ARGUMENTS})",
        difference=True,
    ),
    Builtin(
        "vega",
        "options",
        Shape.POINTWISE,
        _MODEL,
        None,
        "The change of an option's value for one point of volatility.",
        "1/100 of S e^(-qT) φ(d1) √T, for calls and puts alike.",
        _HULL,
        f"vega(call, {_ARGUMENTS})",
        least=0.0,
    ),
    Builtin(
        "extrinsic",
        "options",
        Shape.POINTWISE,
        (_RIGHT, _PREMIUM, _SPOT, _STRIKE),
        None,
        "What an option costs above its intrinsic value.",
        "premium - max(S - K, 0) for a call, premium - max(K - S, 0) for a put. A European option deep in the money"
        " may have less than none.",
        "J. Hull, Options, Futures, and Other Derivatives, on time value",
        "extrinsic(put, quote, spx, 4600)",
        difference=True,
    ),
    Builtin(
        "probability_of_profit",
        "options",
        Shape.POINTWISE,
        (
            _SPOT,
            _priced("lower", "the lower breakeven; 0 for none"),
            _priced("upper", "the upper breakeven"),
            _VOLATILITY,
            _DAYS,
            _RATE,
            _YIELD,
        ),
        Kind.RATIO,
        "The chance that the spot ends between two breakevens.",
        "N(-d2(upper)) - N(-d2(lower)), the risk-neutral chance under the lognormal law that the spot at expiry lies"
        " above `lower` and below `upper`, where a condor sold makes its profit; on a breakeven itself there is none. With a lower bound of 0 it is"
        " the chance to end below `upper`, and 100% less that the chance to end above. Unknown where upper is below lower.",
        "J. Hull, Options, Futures, and Other Derivatives: N(d2) is the chance that a call is exercised",
        "probability_of_profit(spx, 4500, 5100, vix, 30 days, tbill, 1.5%)",
        least=0.0,
        most=1.0,
        other_names=("pop", "prob_profit"),
    ),
    Builtin(
        "breakeven",
        "options",
        Shape.POINTWISE,
        (
            _RIGHT,
            _priced("strike", "the strike"),
            _priced("premium", "what was paid, or taken in, in the strike's unit"),
        ),
        None,
        "Where an option at expiry is worth its premium.",
        "strike + premium for a call, strike - premium for a put. Of a condor sold: its short strikes and its whole credit.",
        "definition",
        "breakeven(put, 4600, quote)",
    ),
    Builtin(
        "parity_gap",
        "options",
        Shape.POINTWISE,
        (
            _priced("call", "the call's price"),
            _priced("put", "the put's price, of the same strike and expiry"),
            _SPOT,
            _STRIKE,
            _DAYS,
            _RATE,
            _YIELD,
        ),
        None,
        "How far a call and a put are from parity.",
        "call - put - (S e^(-qT) - K e^(-rT)). Above zero a conversion earns it (sell the call, buy the put and the"
        " spot); below zero a reversal does. Of European options.",
        "H. R. Stoll, The Relationship Between Put and Call Option Prices, Journal of Finance 24 (1969)",
        "parity_gap(quote, other_quote, spx, 4600, 30 days, tbill, 1.5%)",
        difference=True,
    ),
)
