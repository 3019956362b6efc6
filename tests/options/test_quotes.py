"""Model quotes: forwards, settlements, spreads, what is unknown; and no row knows a later one."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alvh_rules.options import assumptions, black_scholes
from alvh_rules.options.contracts import Contracts, Quoted, Right, Source
from alvh_rules.options.listing import listed
from alvh_rules.options.quotes import MarketQuotes
from alvh_rules.options.spreads import SPREADS, bid_and_ask
from tests.options.markets import RATE, SPOT, YIELD, read, write_daily

MONTHLY = np.datetime64("2018-01-19")


def options(strikes, right=-1, expiry=MONTHLY, morning=True, underlying="spx") -> Contracts:
    strikes = np.asarray(strikes, dtype=float)
    count = len(strikes)
    return Contracts(
        underlying,
        np.full(count, right, dtype=np.int8),
        strikes,
        np.full(count, expiry),
        np.full(count, morning),
    )


def market(tmp_path, **columns) -> MarketQuotes:
    data, codes = read(write_daily(tmp_path / "daily.csv", **columns))
    assert data is not None, codes
    return MarketQuotes(data.arrays)


def test_puts_and_calls_keep_parity_on_the_forward(tmp_path) -> None:
    held = market(tmp_path)
    strikes, rows = np.arange(2400.0, 3000.0, 25.0), np.zeros(24, dtype=np.int64)
    put = held.quote(options(strikes), rows)
    call = held.quote(options(strikes, 1), rows)
    days = 17.0 - 6.5 / 24.0
    forward = SPOT * np.exp((RATE - YIELD) / 100 * days / 365)
    np.testing.assert_allclose(put.forward, forward, rtol=1e-12)
    worth = np.exp(-RATE / 100 * days / 365) * (forward - strikes)
    np.testing.assert_allclose(call.mid - put.mid, worth, atol=1e-9)
    np.testing.assert_array_equal(put.volatility, call.volatility)
    assert (np.diff(put.volatility[strikes < 2700]) < 0).all()
    assert (np.diff(put.mid) > 0).all()
    assert (put.source == Source.MODEL).all()


def test_one_call_for_all_gives_what_each_alone_does(tmp_path) -> None:
    held = market(tmp_path, spx=np.linspace(2600, 2800, 40), vix=np.linspace(10, 30, 40))
    rng = np.random.default_rng(3)
    rows = rng.integers(0, 12, 30)
    legs = options(rng.choice(np.arange(2500.0, 2900.0, 5.0), 30))
    together = held.quote(legs, rows)
    for place in range(0, 30, 7):
        alone = held.quote(options(legs.strike[place : place + 1]), rows[place : place + 1])
        for name in Quoted.__slots__:
            assert getattr(together, name)[place] == getattr(alone, name)[0]


def test_rows_cut_off_at_the_end_change_nothing_before_them(tmp_path) -> None:
    rng = np.random.default_rng(5)
    columns = {"spx": 2700 + rng.normal(size=40).cumsum(), "vix": 15 + rng.random(40)}
    whole = market(tmp_path, **columns)
    cut = market(tmp_path, count=20, **{name: values[:20] for name, values in columns.items()})
    legs, rows = options(np.full(12, 2650.0)), np.arange(12)
    one, other = whole.quote(legs, rows), cut.quote(legs, rows)
    for name in Quoted.__slots__:
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    for row in range(12):
        np.testing.assert_array_equal(
            whole.expiries("spx", row, Right.PUT).date, cut.expiries("spx", row, Right.PUT).date
        )


def test_settlement_am_is_the_open_and_pm_the_close(tmp_path) -> None:
    held = market(tmp_path)
    row = np.array([int(np.searchsorted(held.arrays.dates, MONTHLY))])
    assert held.settlement(options([2700]), row)[0] == SPOT - 5
    assert held.settlement(options([2700], morning=False), row)[0] == SPOT
    # Asked for on another day nothing has settled.
    assert np.isnan(held.settlement(options([2700]), row - 1)[0])


def test_an_opening_print_that_is_not_known_lies_between_the_closes(tmp_path) -> None:
    spx = np.full(40, SPOT)
    spx[12:14] = [2690.0, 2710.0]
    data, codes = read(write_daily(tmp_path / "daily.csv", spx=spx, spx_open=None))
    assert "ALV844" in codes
    held = MarketQuotes(data.arrays)
    assert held.arrays.dates[12] == MONTHLY
    row = np.array([12])
    assert held.settlement(options([2700]), row)[0] == (SPOT + 2690.0) / 2


def test_expiry_day_is_the_payoff_for_pm_and_nothing_for_am(tmp_path) -> None:
    held = market(tmp_path)
    row = np.array([int(np.searchsorted(held.arrays.dates, MONTHLY))])
    pm = held.quote(options([2750.0], morning=False), row)
    assert pm.mid[0] == pytest.approx(50.0)
    assert pm.delta[0] == -1.0
    assert np.isnan(held.quote(options([2750.0]), row).mid[0])
    assert np.isnan(held.quote(options([2750.0], morning=False), row + 1).mid[0])


def test_what_is_not_known_is_unknown(tmp_path) -> None:
    vix = np.full(40, 12.0)
    vix[3] = np.nan
    held = market(tmp_path, vix=vix)
    found = held.quote(options([2600.0]), np.array([3]))
    assert found.source[0] == Source.UNKNOWN
    assert np.isnan([found.bid[0], found.ask[0], found.mid[0]]).all()
    assert np.isnan(held.quote(options([100.0], underlying="gold"), np.array([0])).mid[0])
    assert len(held.strikes("gold", 0, MONTHLY, Right.PUT)) == 0


def test_shares_are_their_column_and_their_options_their_volatility(tmp_path) -> None:
    path = write_daily(tmp_path / "daily.csv", acme=50.0, acme_iv=30.0)
    data, _ = read(path, underlyings=["acme"])
    held = MarketQuotes(data.arrays)
    share = Contracts(
        "acme",
        np.zeros(1, np.int8),
        np.array([np.nan]),
        np.array(["NaT"], dtype="datetime64[D]"),
        np.zeros(1, bool),
    )
    found = held.quote(share, np.array([0]))
    assert (found.mid[0], found.source[0], found.delta[0]) == (50.0, Source.COLUMN, 1.0)
    assert held.multiplier("acme", Right.OUTRIGHT) == 1.0
    option = held.quote(options([50.0], underlying="acme", morning=False), np.array([0]))
    assert 20 < option.volatility[0] < 30
    assert held.multiplier("acme", Right.CALL) == 100.0


def test_outright_and_options_may_stand_in_one_batch(tmp_path) -> None:
    held = market(tmp_path, acme=50.0)
    legs = Contracts(
        "spx",
        np.array([0, -1], np.int8),
        np.array([np.nan, 2600.0]),
        np.array(["NaT", "2018-01-19"], dtype="datetime64[D]"),
        np.array([False, True]),
    )
    found = held.quote(legs, np.zeros(2, dtype=np.int64))
    assert found.source.tolist() == [Source.COLUMN, Source.MODEL]
    assert found.mid[0] == SPOT


@given(st.floats(0.0, 500.0), st.floats(0.0, 10.0), st.sampled_from(sorted(SPREADS)))
def test_the_model_price_lies_within_bid_and_ask_on_ticks(mid, vega, name) -> None:
    spread = SPREADS[name]
    (bid,), (ask,) = bid_and_ask(np.array([mid]), np.array([vega]), spread)
    assert 0.0 <= bid <= mid + 1e-6
    assert ask >= mid - 1e-6
    assert ask > bid
    for price in (bid, ask):
        tick = spread.ticks[0] if price < 3 else spread.ticks[1]
        assert price / tick == pytest.approx(round(price / tick), abs=1e-4)


def test_model_spreads_are_as_wide_as_the_real_chains(shared_data) -> None:
    from alvh_rules.options.fit import sample

    data, _ = read(
        shared_data / "market" / "daily.csv", chains=[shared_data / "chains" / "spxw_2018_01.csv"]
    )
    quotes, chain = sample(data.arrays), data.arrays.chain
    place = np.flatnonzero(np.isin(chain.row, quotes.row))
    assert len(place) >= len(quotes.k)
    mid = chain.mid[quotes.place]
    bid, ask = bid_and_ask(mid, quotes.vega, SPREADS["SPX"])
    for low, high in ((0.5, 1), (1, 3), (3, 6), (6, 10), (10, 20)):
        inside = (mid >= low) & (mid < high)
        ratio = (ask - bid)[inside].mean() / (2 * quotes.half_spread[inside].mean())
        assert 0.85 < ratio < 1.2


def test_assumed_yields_are_those_of_the_index(shared_data) -> None:
    import pandas

    levels = pandas.read_csv(
        shared_data / "benchmarks" / "cboe_monthly.csv", parse_dates=["date"], index_col="date"
    )
    daily = pandas.read_csv(
        shared_data / "market" / "daily.csv", parse_dates=["date"], index_col="date"
    )
    total = levels.sptr.resample("YE").last().pct_change()
    price = daily.spx.resample("YE").last().pct_change()
    for year in range(1991, 2022):
        day = f"{year}-12-31"
        paid = 100 * ((1 + total[day]) / (1 + price[day]) - 1)
        assert assumptions.DIVIDEND_YIELDS[year] == pytest.approx(paid, abs=0.006)


def test_a_year_uses_the_one_before_it() -> None:
    dates = np.array(["1985-01-02", "1990-06-01", "2000-01-03", "2030-01-02"], "M8[D]")
    found = assumptions.of_the_year_before({1989: 1.0, 1999: 2.0, 2000: 3.0}, dates)
    np.testing.assert_array_equal(found, [1.0, 1.0, 2.0, 3.0])


def test_rates_are_carried_and_said(tmp_path) -> None:
    rates = np.full(40, 2.0)
    rates[:2] = np.nan
    rates[5] = np.nan
    data, codes = read(write_daily(tmp_path / "daily.csv", tbill_3m=rates))
    assert codes.count("ALV844") == 2
    assert data.arrays.rates[[0, 2, 5]].tolist() == [assumptions.BILL_RATES[2017], 2.0, 2.0]


@pytest.mark.parametrize("yielded", [400.0, -1.0, 20.5])
def test_a_dividend_yield_that_is_none_is_refused(tmp_path, yielded) -> None:
    data, codes = read(write_daily(tmp_path / "a.csv"), dividend_yield=yielded)
    assert (data, codes) == (None, ["ALV842"])
    data, codes = read(write_daily(tmp_path / "b.csv", dividend_yield=yielded))
    assert (data, codes) == (None, ["ALV842"])


def test_files_are_told_by_their_columns(tmp_path, shared_data) -> None:
    from alvh_rules.options.trading_data import classify

    files, found = classify([shared_data / "market", shared_data / "chains"])
    assert found == []
    names = {
        item.name: [p.name for p in getattr(files, item.name)] for item in dataclasses.fields(files)
    }
    assert names == {
        "daily": ["daily.csv"],
        "curves": ["vx_curve.csv"],
        "settlements": ["vx_settlements.csv"],
        "chains": ["spxw_2018_01.csv"],
    }


def at_the_money_year(held: MarketQuotes, right: int, begin: str, end: str):
    """Rows, strikes and expiries of one-month options at the money from one third Friday to the next."""
    table, dates = listed("spx", Right.PUT), held.arrays.dates
    days = table.date[
        table.monthly & (table.date >= np.datetime64(begin)) & (table.date < np.datetime64(end))
    ]
    rows = np.searchsorted(dates, days)
    strikes = []
    for row, expiry in zip(rows[:-1], days[1:], strict=True):
        every = held.strikes("spx", int(row), expiry, Right.PUT)
        spot = held.arrays.closes["SPX"][row]
        strikes.append(every[every <= spot].max() if right < 0 else every[every >= spot].min())
    return rows, np.array(strikes), days


def test_a_plain_put_write_follows_cboes_put_index(shared_data) -> None:
    """Each third Friday the put at or below the money is sold, covered by its strike in bills."""
    import pandas

    data, _ = read(shared_data / "market" / "daily.csv")
    held = MarketQuotes(data.arrays)
    dates, rates = held.arrays.dates, held.arrays.rates
    rows, strikes, days = at_the_money_year(held, -1, "1990-01-01", "2022-01-31")
    value, levels = 1.0, np.full(len(dates), np.nan)
    for strike, first, last, expiry in zip(strikes, rows[:-1], rows[1:], days[1:], strict=True):
        span = np.arange(first, last)
        legs = options(np.full(len(span), strike), expiry=expiry)
        # VIX is not known on four days; the mark before is kept there.
        mids = pandas.Series(held.quote(legs, span).mid).ffill().to_numpy()
        settled = held.settlement(options([strike], expiry=expiry), np.array([last]))[0]
        grown = (1 + rates[first] / 100) ** (
            (dates[first : last + 1] - dates[first]).astype(float) / 365
        )
        covered = value / (strike / grown[-1] - mids[0])
        cash = covered * strike * grown / grown[-1]
        levels[first:last] = cash[:-1] - covered * mids
        value = levels[last] = cash[-1] - covered * max(strike - settled, 0.0)
    ours = pandas.Series(levels, pandas.DatetimeIndex(dates)).dropna().resample("ME").last()
    index = (
        pandas.read_csv(
            shared_data / "benchmarks" / "cboe_monthly.csv", parse_dates=["date"], index_col="date"
        )["put"]
        .resample("ME")
        .last()
    )
    both = pandas.concat([ours.pct_change(), index.pct_change()], axis=1, sort=True).dropna()[
        "1990":"2021"
    ]
    assert len(both) > 375
    difference = 100 * (both.iloc[:, 0] - both.iloc[:, 1])
    assert both.corr().iloc[0, 1] > 0.975
    assert difference.std() < 0.65
    assert abs(difference.mean()) < 0.03


def test_prices_agree_with_the_formula_at_the_quoted_volatility(tmp_path) -> None:
    held = market(tmp_path)
    found = held.quote(options([2500.0, 2700.0, 2900.0]), np.zeros(3, dtype=np.int64))
    days = np.full(3, 17.0 - 6.5 / 24.0)
    ours = black_scholes.price(
        np.full(3, -1, np.int8),
        np.full(3, SPOT),
        np.array([2500.0, 2700.0, 2900.0]),
        found.volatility,
        days,
        np.full(3, RATE),
        np.full(3, YIELD),
    )
    np.testing.assert_array_equal(found.mid, ours.price)
    np.testing.assert_array_equal(found.theta, ours.theta)
