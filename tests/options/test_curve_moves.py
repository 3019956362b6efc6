"""The square root of time, held to how volatility indices and VIX futures did move."""

import numpy as np
import pandas as pd
import pytest

from alvh_rules.options.curve_moves import LEAST, future_move, volatility_move
from tests.backtest.indices import SHARED


def test_vix_itself_moves_by_a_point_and_near_ones_more_than_far_ones() -> None:
    assert volatility_move(30.0) == 1.0
    assert future_move(0.0) == 1.0
    assert volatility_move(120.0) == 0.5
    assert volatility_move(1.0) == volatility_move(LEAST)
    moves = [future_move(days) for days in range(0, 300, 30)]
    assert moves == sorted(moves, reverse=True)


@pytest.mark.parametrize("days", [10.0, 45.0, 160.0])
def test_a_future_moves_as_the_forward_volatility_of_options_that_move(days) -> None:
    """By finite differences: options of T and T + 30 days move, and what lies between them with them."""
    sigma, bump = 20.0, 1e-5

    def variance(maturity: float, moved: float) -> float:
        move = np.sqrt(30.0 / maturity)
        return float((sigma + moved * move) ** 2 * maturity)

    def forward(moved: float) -> float:
        return float(np.sqrt((variance(days + 30.0, moved) - variance(days, moved)) / 30.0))

    slope = (forward(bump) - forward(-bump)) / (2.0 * bump)
    assert future_move(days) == pytest.approx(slope, rel=1e-6)


@pytest.mark.skipif(
    not SHARED.is_dir(), reason="the real market data does not stand beside the project"
)
def test_markets_moved_so() -> None:
    """Slopes of daily changes on those of VIX; what is assumed is within a tenth of a point beyond a
    month, where a parallel move would be wrong by a half and more."""
    daily = pd.read_csv(SHARED / "market" / "daily.csv", parse_dates=["date"]).set_index("date")
    change = daily[["vix", "vix3m", "vix6m"]].diff().dropna()
    for name, days in (("vix3m", 93.0), ("vix6m", 184.0)):
        slope = np.polyfit(change["vix"], change[name], 1)[0]
        assert volatility_move(days) == pytest.approx(slope, abs=0.1)
    rows = pd.read_csv(
        SHARED / "market" / "vx_settlements.csv", parse_dates=["date", "expiry"]
    ).query("settle > 5 and expiry > date")
    futures = rows.pivot_table(index="date", columns="expiry", values="settle")
    moved = futures.diff().stack().rename("moved").reset_index()
    moved["days"] = (moved["expiry"] - moved["date"]).dt.days
    moved["vix"] = moved["date"].map(daily["vix"].diff())
    moved = moved.dropna()
    for low, high in ((25, 40), (50, 70), (80, 110), (110, 150), (150, 210)):
        part = moved[(moved["days"] >= low) & (moved["days"] < high)]
        slope = np.polyfit(part["vix"], part["moved"], 1)[0]
        assert len(part) > 900
        assert future_move(float(part["days"].mean())) == pytest.approx(slope, abs=0.1)
