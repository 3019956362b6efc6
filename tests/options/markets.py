"""Small markets for tests: daily columns and chains written to files and read as a user's are."""

from pathlib import Path

import numpy as np
import pandas as pd

from alvh_rules.market.sessions import exchange
from alvh_rules.options import black_scholes
from alvh_rules.options.trading_data import Asked, TradingData, read_trading_data

SPOT, RATE, YIELD = 2700.0, 1.5, 1.9


def write_daily(path: Path, first: str = "2018-01-02", count: int = 40, **columns) -> Path:
    """Constant columns but for those that are given, from a session on."""
    sessions = exchange().sessions
    start = int(np.searchsorted(sessions, np.datetime64(first)))
    frame = pd.DataFrame({"date": sessions[start : start + count].astype(str)})
    usual = {
        "spx": SPOT,
        "spx_open": SPOT - 5.0,
        "vix": 12.0,
        "vix3m": 14.0,
        "vvix": 90.0,
        "skew": 130.0,
        "tbill_3m": RATE,
        "dividend_yield": YIELD,
    }
    for name, value in {**usual, **columns}.items():
        if value is not None:
            frame[name] = value
    frame.to_csv(path, index=False)
    return path


def write_chain(
    path: Path,
    day: str = "2018-01-02",
    expiry: str = "2018-01-31",
    strikes: tuple[float, ...] = (2500.0, 2600.0, 2650.0, 2700.0, 2750.0, 2800.0),
    volatility: float = 11.0,
    **changes: tuple[float, float],
) -> Path:
    """Quotes at one volatility, 10 cents either side; `changes` gives others by `put2600`."""
    days = float((np.datetime64(expiry) - np.datetime64(day)).astype(int))
    rows = []
    for strike in strikes:
        for right, name in ((-1, "put"), (1, "call")):
            terms = (np.array([value]) for value in (SPOT, strike, volatility, days, RATE, YIELD))
            mid = black_scholes.price(np.array([right], dtype=np.int8), *terms).price[0]
            bid, ask = changes.get(f"{name}{strike:g}", (max(mid - 0.1, 0.0), mid + 0.1))
            rows.append((day, "SPXW", expiry, name, strike, bid, ask))
    names = ["quotedate", "optionroot", "expiration", "type", "strike", "bid", "ask"]
    pd.DataFrame(rows, columns=names).to_csv(path, index=False)
    return path


def read(*paths: Path, **asked) -> tuple[TradingData | None, list[str]]:
    """The data, and the codes of what was found."""
    data, found = read_trading_data(paths, Asked(**asked))
    return data, [item.code for item in found]
