"""Chains: quotes as they are, what is no good unknown, volatilities and parity of our own."""

import numpy as np
import pytest

from alvh_rules.options import black_scholes
from alvh_rules.options.chain_prices import ChainPrices, parity_edges
from alvh_rules.options.contracts import Contracts, Right, Source
from alvh_rules.options.quotes import MarketQuotes
from tests.options.markets import RATE, SPOT, YIELD, read, write_chain, write_daily

EXPIRY = np.datetime64("2018-01-31")
CALL, PUT = 1, -1


def contract(
    *legs: tuple[int, float], expiry: str = "2018-01-31", morning: bool = False
) -> Contracts:
    count = len(legs)
    return Contracts(
        "spx",
        np.array([right for right, _ in legs], dtype=np.int8),
        np.array([strike for _, strike in legs]),
        np.full(count, np.datetime64(expiry)),
        np.full(count, morning),
    )


def quotes(tmp_path, *chains, **asked) -> MarketQuotes:
    daily = write_daily(tmp_path / "daily.csv")
    data, codes = read(daily, chains=chains, **asked)
    assert data is not None, codes
    return MarketQuotes(data.arrays)


def at(row: int, count: int) -> np.ndarray:
    return np.full(count, row)


def test_bids_asks_and_volatilities_are_the_chains(tmp_path) -> None:
    market = quotes(tmp_path, write_chain(tmp_path / "chain.csv"))
    found = market.quote(contract((PUT, 2600), (CALL, 2750), (CALL, 2500)), at(0, 3))
    assert (found.source == Source.CHAIN).all()
    np.testing.assert_allclose(found.ask - found.bid, 0.2)
    np.testing.assert_allclose(found.volatility, 11.0, atol=1e-6)
    days = 29.0
    forward = SPOT * np.exp((RATE - YIELD) / 100 * days / 365)
    np.testing.assert_allclose(found.forward, forward, rtol=1e-9)
    terms = (np.array([value]) for value in (SPOT, 2600.0, 11.0, days, RATE, YIELD))
    expected = black_scholes.price(np.array([PUT], dtype=np.int8), *terms)
    for name in ("delta", "gamma", "theta", "vega"):
        assert getattr(found, name)[0] == pytest.approx(getattr(expected, name)[0], rel=1e-6)


def test_a_contract_without_a_good_quote_is_unknown_not_modelled(tmp_path) -> None:
    chain = write_chain(
        tmp_path / "chain.csv",
        put2500=(0.0, 0.0),
        put2600=(5.0, 4.0),
        put2650=(np.nan, 9.0),
        call2800=(0.0, 0.05),
    )
    market = quotes(tmp_path, chain)
    legs = contract((PUT, 2500), (PUT, 2600), (PUT, 2650), (PUT, 2625), (CALL, 2800))
    found = market.quote(legs, at(0, 5))
    assert found.source.tolist() == [Source.UNKNOWN] * 4 + [Source.CHAIN]
    assert np.isnan(found.mid[:4]).all()
    assert np.isnan(found.bid[:4]).all()
    # Nothing bid, something asked: a quote to buy at.
    assert (found.bid[4], found.ask[4], found.mid[4]) == (0.0, 0.05, 0.025)
    assert market.strikes("spx", 0, EXPIRY, Right.PUT).tolist() == [2700, 2750, 2800]


def test_what_is_wrong_is_counted_and_named(tmp_path) -> None:
    chain = write_chain(tmp_path / "chain.csv", put2600=(5.0, 4.0), call2700=(0.0, 0.0))
    _, codes = read(write_daily(tmp_path / "daily.csv"), chains=[chain])
    assert codes == ["ALV831", "ALV832"]


def test_other_expiries_and_days_are_the_models(tmp_path) -> None:
    market = quotes(tmp_path, write_chain(tmp_path / "chain.csv"))
    same = contract((PUT, 2600))
    assert market.quote(same, at(1, 1)).source[0] == Source.MODEL
    other = contract((PUT, 2600), expiry="2018-01-19", morning=True)
    assert market.quote(other, at(0, 1)).source[0] == Source.MODEL


def test_no_row_reads_a_later_one(tmp_path) -> None:
    first = write_chain(tmp_path / "a.csv")
    second = write_chain(tmp_path / "b.csv", day="2018-01-03", volatility=30.0)
    legs = contract((PUT, 2600), (CALL, 2800))
    alone = quotes(tmp_path, first).quote(legs, at(0, 2))
    both = quotes(tmp_path, first, second)
    again = both.quote(legs, at(0, 2))
    for name in ("bid", "ask", "mid", "volatility", "delta"):
        np.testing.assert_array_equal(getattr(alone, name), getattr(again, name))
    np.testing.assert_allclose(both.quote(legs, at(1, 2)).volatility, 30.0, atol=1e-6)


def test_an_expiry_that_no_rule_lists_is_listed_by_its_chain(tmp_path) -> None:
    chain = write_chain(tmp_path / "chain.csv", expiry="2018-01-11")
    market = quotes(tmp_path, chain)
    dates = [str(date) for date in market.expiries("spx", 0, Right.PUT).date]
    assert "2018-01-11" in dates
    assert dates == sorted(dates)
    assert "2018-01-11" not in [str(date) for date in market.expiries("spx", 1, Right.PUT).date]


def test_parity_leaves_nothing_over_in_a_consistent_chain_and_finds_what_is_put_in(
    tmp_path,
) -> None:
    daily = write_daily(tmp_path / "daily.csv")
    data, _ = read(daily, chains=[write_chain(tmp_path / "chain.csv")])
    assert data is not None
    prices = ChainPrices(data.arrays.chain, data.arrays.rates)
    edges = parity_edges(prices)
    np.testing.assert_allclose(edges.gap, 0.0, atol=1e-6)
    # Both ways cost the two spreads: 20 cents, 20 dollars a contract.
    np.testing.assert_allclose(edges.conversion, -20.0, atol=1e-3)
    np.testing.assert_allclose(edges.reversal, -20.0, atol=1e-3)
    mid = data.arrays.chain.mid[
        (data.arrays.chain.strike == 2700) & (data.arrays.chain.right == CALL)
    ]
    dear = write_chain(tmp_path / "dear.csv", call2700=(mid[0] + 0.9, mid[0] + 1.1))
    data, _ = read(daily, chains=[dear])
    edges = parity_edges(ChainPrices(data.arrays.chain, data.arrays.rates))
    place = int(np.flatnonzero(edges.strike == 2700)[0])
    assert edges.gap[place] == pytest.approx(1.0, abs=1e-6)
    assert edges.conversion[place] == pytest.approx(80.0, abs=1e-3)
    assert edges.reversal[place] == pytest.approx(-120.0, abs=1e-3)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda text: text.replace("quotedate", "seen"), "ALV830"),
        (lambda text: text + text.splitlines()[1] + "\n", "ALV834"),
        (lambda text: text.replace("2018-01-02", "2017-01-03"), "ALV835"),
        (lambda text: text.replace("put", "pat", 1), "ALV805"),
        (lambda text: text.replace("2018-01-31", "20188-01-31", 1), "ALV805"),
        (lambda text: text.replace(",2600.0,", ",-2600.0,", 1), "ALV805"),
        (lambda text: text.replace("SPXW", "VIX", 1), "ALV837"),
    ],
)
def test_bad_chains_are_refused(tmp_path, change, code) -> None:
    path = write_chain(tmp_path / "chain.csv")
    path.write_text(change(path.read_text()))
    data, codes = read(write_daily(tmp_path / "daily.csv"), chains=[path])
    assert data is None
    assert code in codes


def test_the_real_chain(shared_data) -> None:
    chain = shared_data / "chains" / "spxw_2018_01.csv"
    data, codes = read(shared_data / "market" / "daily.csv", chains=[chain])
    assert data is not None
    assert {"ALV831", "ALV830", "ALV834"}.isdisjoint(codes)
    held = data.arrays.chain
    assert held.underlying == "SPX"
    assert not held.morning.any()
    prices = ChainPrices(held, data.arrays.rates)
    spot = data.arrays.closes["SPX"][held.row]
    # The file's quotes are of 16:15, the daily close of 16:00.
    assert np.nanmax(np.abs(prices.forwards[held.groups] / spot - 1.0)) < 0.004
    # Quotes are rounded and wide: an edge after bids and asks is a mistake somewhere.
    edges = parity_edges(prices)
    assert np.mean(np.maximum(edges.conversion, edges.reversal) > 25.0) < 0.01
