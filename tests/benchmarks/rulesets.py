"""Rulesets to measure with: 60 lines each, all different, all without errors."""

import random

LINES = 60

_COLUMNS = ["tbill", "spx", "vix", "vix3m"]


def ruleset(number: int) -> str:
    """The ruleset of a number: the same on every machine and in every run."""
    rng = random.Random(number)
    lines = [
        f"ruleset measured_{number} version 1.0.{number % 100}",
        f'  "Condors under a hedge, number {number}."',
        f"  capital ${rng.randint(1, 9)},000,000",
        "data",
        '  spx    price       "S&P 500 close"',
        "  vix    volatility",
        "  vix3m  volatility",
        f"  tbill  rate        carry {rng.randint(1, 9)} sessions",
        "calendar fomc",
        "param",
        f"  steep = {rng.randint(3, 8)}%  from 2% to 10% by 1%",
        f"  calm  = {rng.randint(56, 74)}  from 55 to 75 by 1",
        "let slope    = vix3m / vix - 1  # of the term structure",
        f"let momentum = rsi(spx, {rng.randint(5, 30)})",
        f"let realized = realized_volatility(spx, {rng.randint(10, 60)} sessions)",
        "table hedge_ratio by slope",
        *_rows(rng),
        f"signal inverted from slope < 0% until slope > {rng.randint(1, 4)}% for 3 sessions",
        "layer short",
        "  sell iron condor on spx",
        f"    expiring 7 to 21 days, nearest {rng.randint(8, 20)} days",
        "    probability_of_profit 70% to 85%, nearest 80%",
        f"    wings {rng.randint(10, 60)} points",
        f"  weight {rng.randint(20, 50)}%",
        f"  at most {rng.randint(1, 5)} open",
        "  open when all of",
        "    slope > steep",
        "    momentum between 35 and calm",
        "    not inverted",
        "  close when any of",
        f"    profit >= {rng.randint(30, 70)}% of credit",
        "    loss >= 200% of credit",
        "    breached",
        "hedge",
        "  ratio hedge_ratio of vega",
        "  hold vix futures months 4 to 7",
        "event fomc from 1 session before to same session",
        f"  short x {rng.randint(20, 80)}%",
        "limit total_weight <= 100%",
        "always hedge.ratio between 0% and 200%",
        'test "steep contango opens the short layer"',
        "  given",
        "    vix = 14, vix3m = 16, momentum = 50, realized = 10%",
        "  expect",
        "    short.weight > 0%",
    ]
    for extra in range(LINES - len(lines)):
        lines.insert(15, _target(extra, rng))
    return "\n".join(lines) + "\n"


def _rows(rng: random.Random) -> list[str]:
    edges = sorted(rng.sample(range(-10, 15), 3))
    return [
        f"  below {edges[0]}%  => 150%",
        f"  {edges[0]}% to {edges[1]}% => 100%",
        f"  {edges[1]}% to {edges[2]}% => 60%",
        f"  {edges[2]}% or more => 35%",
        "  missing => 100%",
    ]


def _target(number: int, rng: random.Random) -> str:
    days = rng.randint(5, 100)
    column = _COLUMNS[number % len(_COLUMNS)]
    return f"target measure_{number} = " + rng.choice(
        [
            f"zscore({column}, {days} sessions) - {rng.randint(1, 9) / 10}",
            f"{column} / sma({column}, {days}) - 1",
            f"if slope > {rng.randint(1, 9)}% then ema(vix, {days}) else vix3m + {days / 10}",
            f"max(highest({column}, {days}) - {column}, {column} - lowest({column}, {days}))",
            f"percentile_rank({column}, {days} sessions) > 90% and (vix < 30 or not slope > 0%)",
        ]
    )
