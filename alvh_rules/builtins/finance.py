"""Functions of finance on one row. Rates are in percent a year, prices and money in dollars."""

from __future__ import annotations

from alvh_rules.builtins.record import Builtin, Parameter, Shape
from alvh_rules.core.kinds import Kind


def _of(kind: Kind, name: str, doc: str, repeated: bool = False) -> Parameter:
    return Parameter(name, kinds=frozenset({kind}), repeated=repeated, doc=doc)


def _volatility(name: str, doc: str, repeated: bool = False) -> Parameter:
    return _of(Kind.VOLATILITY, name, doc, repeated)


_BREALEY = "R. Brealey, S. Myers and F. Allen, Principles of Corporate Finance"

RECORDS = (
    Builtin(
        "capm_return",
        "finance",
        Shape.POINTWISE,
        (
            _of(Kind.RATE, "risk_free", "the rate without risk, percent a year"),
            _of(Kind.RATIO, "beta", "the asset's beta to the market"),
            _of(Kind.RATE, "market", "the market's expected return, percent a year"),
        ),
        Kind.RATE,
        "The return that the capital asset pricing model requires.",
        "risk_free + beta (market - risk_free), in percent a year.",
        "W. F. Sharpe, Capital Asset Prices, Journal of Finance 19 (1964)",
        "capm_return(tbill, 120%, market_return)",
    ),
    Builtin(
        "wacc",
        "finance",
        Shape.POINTWISE,
        (
            _of(Kind.MONEY, "equity_value", "market value of equity"),
            _of(Kind.MONEY, "debt_value", "market value of debt"),
            _of(Kind.RATE, "cost_of_equity", "percent a year"),
            _of(Kind.RATE, "cost_of_debt", "percent a year, before tax"),
            _of(Kind.RATIO, "tax", "the tax rate"),
        ),
        Kind.RATE,
        "The weighted average cost of capital.",
        "(E cost_of_equity + D cost_of_debt (1 - tax)) / (E + D), in percent a year.",
        _BREALEY,
        "wacc(equity_value, debt_value, cost_of_equity, cost_of_debt, 21%)",
    ),
    Builtin(
        "npv",
        "finance",
        Shape.POINTWISE,
        (
            _of(Kind.RATE, "rate", "percent a period"),
            _of(
                Kind.MONEY, "flow", "cash flows, the first today, then one a period", repeated=True
            ),
        ),
        Kind.MONEY,
        "The net present value of cash flows.",
        "The sum of flow k over (1 + rate)^k, k from 0; unknown at a rate of -100% or less.",
        _BREALEY,
        "npv(tbill, outlay, first_flow, second_flow)",
    ),
    Builtin(
        "irr",
        "finance",
        Shape.POINTWISE,
        (
            _of(Kind.MONEY, "first", "the cash flow today; money paid out is below zero"),
            _of(Kind.MONEY, "flow", "the cash flows after it, one a period", repeated=True),
        ),
        Kind.RATE,
        "The internal rate of return of cash flows.",
        "The rate, percent a period, at which the flows' net present value is zero. It is given where it is the only"
        " one: where the flows, those of zero left out, change their sign exactly once (Descartes), and it lies between"
        " -99.99% and 1000%; otherwise unknown.",
        _BREALEY,
        "irr(outlay, first_flow, second_flow)",
        difference=True,
    ),
    Builtin(
        "ddm_value",
        "finance",
        Shape.POINTWISE,
        (
            _of(Kind.PRICE, "dividend", "the last year's dividend"),
            _of(Kind.RATE, "required", "the required return, percent a year"),
            _of(Kind.RATE, "growth", "the dividend's growth, percent a year"),
        ),
        Kind.PRICE,
        "The value of a share by the dividend discount model.",
        "dividend (1 + growth) / (required - growth); unknown where growth is not below required.",
        "M. J. Gordon, Dividends, Earnings, and Stock Prices, Review of Economics and Statistics 41 (1959)",
        "ddm_value(dividend, required, growth)",
    ),
    Builtin(
        "price_to_earnings",
        "finance",
        Shape.POINTWISE,
        (
            _of(Kind.PRICE, "price", "a share's price"),
            _of(Kind.PRICE, "earnings", "earnings a share, a year"),
        ),
        Kind.RATIO,
        "Price over earnings.",
        "price / earnings; unknown where earnings are not above zero.",
        _BREALEY,
        "price_to_earnings(share_price, earnings)",
    ),
    Builtin(
        "price_to_cash_flow",
        "finance",
        Shape.POINTWISE,
        (
            _of(Kind.PRICE, "price", "a share's price"),
            _of(Kind.PRICE, "cash_flow", "operating cash flow a share, a year"),
        ),
        Kind.RATIO,
        "Price over cash flow.",
        "price / cash_flow; unknown where the cash flow is not above zero.",
        _BREALEY,
        "price_to_cash_flow(share_price, cash_flow)",
    ),
    Builtin(
        "quick_ratio",
        "finance",
        Shape.POINTWISE,
        (
            _of(Kind.MONEY, "current_assets", "current assets"),
            _of(Kind.MONEY, "inventory", "inventory"),
            _of(Kind.MONEY, "current_liabilities", "current liabilities"),
        ),
        Kind.RATIO,
        "What could be paid at once over what is owed soon.",
        "(current_assets - inventory) / current_liabilities.",
        _BREALEY,
        "quick_ratio(current_assets, inventory, current_liabilities)",
    ),
    Builtin(
        "forward_volatility",
        "finance",
        Shape.POINTWISE,
        (
            _of(Kind.VOLATILITY, "near", "volatility to the near date, points"),
            _of(Kind.DAYS, "near_days", "calendar days to the near date"),
            _of(Kind.VOLATILITY, "far", "volatility to the far date, points"),
            _of(Kind.DAYS, "far_days", "calendar days to the far date"),
        ),
        Kind.VOLATILITY,
        "The volatility between two dates that two volatilities imply.",
        "sqrt((far² T2 - near² T1) / (T2 - T1)); unknown where the variance between would be negative.",
        "J. Gatheral, The Volatility Surface (2006), on total variance",
        "forward_volatility(vix, 30 days, vix3m, 93 days)",
        least=0.0,
        other_names=("forward_vol", "fwd_vol"),
    ),
    Builtin(
        "reer",
        "finance",
        Shape.POINTWISE,
        (
            _volatility("x", "the volatility that is measured"),
            _volatility("norm", "what is normal for it: its long average, for example"),
            _volatility("other", "a volatility that it is measured against", repeated=True),
            _volatility("other_norm", "what is normal for that one", repeated=True),
            _of(Kind.RATIO, "weight", "that one's weight; only their proportions count", True),
        ),
        Kind.RATIO,
        "A volatility's real effective level: against a basket of others, each deflated by its norm.",
        "The product of ((x / norm) / (other / other_norm))^weight over the basket, the weights scaled to sum to one:"
        " a real effective exchange rate, with the norms for price levels. 100% is par; above it x is dear against the"
        " basket. Unknown where a volatility or a norm is not above zero, or a weight is below zero, or all are zero.",
        "Bank for International Settlements, effective exchange rate indices: a geometric weighted average of bilateral"
        " rates, adjusted by relative prices",
        "reer(vix, sma(vix, 252), vix3m, sma(vix3m, 252), 60%, other_vix, sma(other_vix, 252), 40%)",
        least=0.0,
    ),
)
