"""The simulated market: one seed, one market; its moments; its curve is of one piece."""

import numpy as np
import pandas
import pytest

from alvh_rules.core.kinds import Kind
from alvh_rules.core.schema import Bars, Column, Schema
from alvh_rules.market.expiries import vix_expiries
from alvh_rules.market.read import market_from_frame
from alvh_rules.market.sessions import exchange
from alvh_rules.market.simulate import simulate
from alvh_rules.market.variance_model import PRICED, YEAR, future, index


@pytest.fixture(scope="module", params=[1, 2, 3])
def history(request):
    return simulate(8000, request.param, start="1990-01-02")


def test_one_seed_gives_one_market() -> None:
    frame = simulate(300, 5)
    assert frame.to_csv() == simulate(300, 5).to_csv()
    assert simulate(450, 5).iloc[:300].equals(frame)
    assert not simulate(300, 6).equals(frame)


def test_levels_of_volatility(history) -> None:
    assert 14 < history["vix"].median() < 20
    assert history["vix"].min() > 8
    assert 0.75 < (history["vix3m"] > history["vix"]).mean() < 0.92
    crisis = history[history["vix"] > 40]
    assert len(crisis) > 20
    assert (crisis["vix"] > crisis["vix3m"]).all()


def test_returns_and_volatility(history) -> None:
    returns = np.log(history["spx"]).diff()
    assert returns.corr(history["vix"].diff()) < -0.6
    realised = 100 * np.sqrt(252 * (returns**2).rolling(21).mean())
    assert realised.mean() < history["vix"].mean()
    assert (history["vix"] > realised.shift(-21)).mean() > 0.7


def test_a_bar_holds_its_open_and_close(history) -> None:
    ends = history[["spx_open", "spx"]]
    assert (history["spx_low"] <= ends.min(axis=1)).all()
    assert (history["spx_high"] >= ends.max(axis=1)).all()
    assert (history["adv"] + history["dec"] == 2910).all()


def test_futures_meet_the_index_at_expiry(history) -> None:
    dates = history["date"].to_numpy(dtype="datetime64[D]")
    sessions = exchange().sessions
    eve = np.isin(dates, sessions[np.searchsorted(sessions, vix_expiries()) - 1])
    gap = (history["m1"] / history["vix"] - 1).abs()
    assert gap[eve].max() < 0.03
    assert gap[~eve].mean() > 0.03


def test_the_transform_gives_the_index_itself_at_expiry() -> None:
    v = np.array([0.0, 0.005, 0.02, 0.1, 0.4, 1.0])
    m = np.array([0.002, 0.005, 0.015, 0.03, 0.05, 0.1])
    assert future(np.zeros(6), v, m) == pytest.approx(index(30 / YEAR, v, m), rel=1e-6)


@pytest.mark.parametrize(("v", "m"), [(0.01, 0.015), (0.3, 0.03)])
def test_closed_forms_agree_with_drawn_paths(v, m) -> None:
    days, paths = 93, 20_000
    generator = np.random.default_rng(11)
    fast, slow, average = np.full(paths, v), np.full(paths, m), np.zeros(paths)
    steps = 4 * days
    step = days / YEAR / steps
    for _ in range(steps):
        over, under = np.maximum(fast, 0), np.maximum(slow, 0)
        average += over / steps
        shocks = np.sqrt(step) * generator.standard_normal((2, paths))
        jumped = generator.poisson((PRICED.calm + PRICED.excited * over) * step)
        jumps = PRICED.jump * generator.standard_exponential(paths) * jumped
        fast = fast + PRICED.reversion * (under - over) * step + jumps
        fast += PRICED.wobble * np.sqrt(over) * shocks[0]
        slow = slow + PRICED.level_reversion * (PRICED.level - under) * step
        slow += PRICED.level_wobble * np.sqrt(under) * shocks[1]
    variance = average + (PRICED.calm + PRICED.excited * average) * PRICED.jump_variance
    at = np.array([v]), np.array([m])
    assert index(days / YEAR, *at)[0] == pytest.approx(100 * np.sqrt(variance.mean()), rel=0.02)
    levels = index(30 / YEAR, np.maximum(fast, 0), np.maximum(slow, 0))
    assert future(np.array([float(days)]), *at)[0] == pytest.approx(levels.mean(), rel=0.02)


def test_bars_of_minutes_end_at_the_close_and_are_read() -> None:
    frame = simulate(1000, 2, minutes=5, start="2020-11-25")
    times = pandas.to_datetime(frame["time"])
    closes = times.groupby(times.dt.date).max().astype(str).tolist()
    # The day after Thanksgiving closes at one.
    assert closes[:2] == ["2020-11-25 16:00:00", "2020-11-27 13:00:00"]
    columns = (Column("spx", Kind.PRICE, "spx"), Column("vix", Kind.VOLATILITY, "vix"))
    market, found = market_from_frame(frame, Schema(Bars(5), columns, ()))
    assert found == []
    assert len(market.timeline) == 1000


def test_a_simulated_curve_is_read_without_a_finding() -> None:
    months = tuple(f"m{month}" for month in range(1, 8))
    columns = (Column("vx", Kind.CURVE, "m1", months), Column("p", Kind.INDEX, "pct_above_50dma"))
    market, found = market_from_frame(simulate(300, 1), Schema(Bars(), columns, ()))
    assert found == []
    assert np.isfinite(market.columns["vx[7]"]).all()
    assert (np.diff([market.columns[f"vx.days[{k}]"] for k in range(1, 8)], axis=0) > 25).all()


def test_sessions_that_the_exchange_has_not_listed_are_refused() -> None:
    with pytest.raises(ValueError, match="known sessions"):
        simulate(1_000_000, 1)
