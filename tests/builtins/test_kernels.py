"""Kernels against independent implementations, and the laws that all of them keep."""

import zlib

import numpy as np
import pandas as pd
import pytest
import talib
from scipy.stats import percentileofscore

from alvh_rules.builtins.kernels import averages, series, windows
from alvh_rules.builtins.record import Role, Shape
from alvh_rules.builtins.registry import BUILTINS
from alvh_rules.evaluate.interpreter import FUNCTIONS

RANDOM = np.random.default_rng(5)
X = 100 * np.exp(np.cumsum(RANDOM.normal(0, 0.02, 400)))
GAPS = X.copy()
GAPS[RANDOM.random(400) < 0.05] = np.nan


@pytest.mark.parametrize("n", [2, 3, 5, 14, 64, 100])
def test_windows_agree_with_pandas_and_talib(n: int) -> None:
    rolling = pd.Series(GAPS).rolling(n)
    close = {"rtol": 1e-9, "equal_nan": True}
    np.testing.assert_allclose(windows.sma(GAPS, n), rolling.mean(), **close)
    np.testing.assert_array_equal(windows.highest(GAPS, n), rolling.max())
    np.testing.assert_array_equal(windows.lowest(GAPS, n), rolling.min())
    np.testing.assert_allclose(windows.stdev(GAPS, n), rolling.std(), rtol=1e-7, equal_nan=True)
    np.testing.assert_allclose(windows.wma(X, n), talib.WMA(X, n), **close)
    ranks = [percentileofscore(X[t - n + 1 : t + 1], X[t], "weak") / 100 for t in range(n - 1, 400)]
    np.testing.assert_allclose(windows.percentile_rank(X, n)[n - 1 :], ranks, **close)


def test_averages_agree_with_talib() -> None:
    close = {"rtol": 1e-9, "equal_nan": True}
    np.testing.assert_allclose(averages.ema({}, X, 20), talib.EMA(X, 20), **close)
    np.testing.assert_allclose(averages.rsi({}, X, 14), talib.RSI(X, 14), **close)
    high, low = X * 1.01, X * 0.98
    np.testing.assert_allclose(
        averages.atr({}, high, low, X, 14), talib.ATR(high, low, X, 14), **close
    )
    line, signal, bars = talib.MACD(X, 12, 26, 9)
    # TA-Lib starts its fast average later; the two meet once that start is forgotten.
    np.testing.assert_allclose(averages.macd({}, X, 12, 26)[250:], line[250:], atol=1e-6)
    np.testing.assert_allclose(
        averages.macd_signal({}, X, 12, 26, 9)[250:], signal[250:], atol=1e-6
    )
    np.testing.assert_allclose(
        averages.macd_histogram({}, X, 12, 26, 9)[250:], bars[250:], atol=1e-6
    )


def test_a_constant_series_has_no_deviation_and_no_score() -> None:
    flat = np.full(50, 0.1)
    assert (windows.stdev(flat, 7)[6:] == 0).all()
    assert np.isnan(windows.zscore(flat, 7)).all()


def test_a_missing_row_holds_a_recursive_average() -> None:
    gap = X.copy()
    gap[100] = np.nan
    out = averages.ema({}, gap, 10)
    assert np.isnan(out[100])
    expected = averages.ema({}, np.delete(X, 100), 10)
    np.testing.assert_array_equal(np.delete(out, 100), expected)


def test_realized_volatility_by_hand() -> None:
    price = np.array([100.0, 110.0, 99.0])
    squares = np.log(1.1) ** 2 + np.log(0.9) ** 2
    assert windows.realized_volatility(price, 2)[2] == pytest.approx(100 * np.sqrt(126 * squares))


def test_latch_and_held_follow_kleene() -> None:
    begin = np.array([0, 1, 0, -1, -1, 1, -1], dtype=np.int8)
    end = np.array([-1, -1, -1, 0, 1, 1, -1], dtype=np.int8)
    assert series.latch({}, begin, end).tolist() == [0, 1, 1, 0, -1, -1, -1]
    condition = np.array([1, 1, 0, 1, 1, -1, 1], dtype=np.int8)
    assert series.held(condition, 2).tolist() == [0, 1, 0, 0, 1, -1, -1]
    assert series.held(condition[:1], 5).tolist() == [0]


def _curve(x):
    """Three months a month apart, of which the first goes from 0 to 30 days."""
    first = np.arange(len(x)) % 31.0
    return (x, x + 1, x * 1.1), (first, first + 30, first + 61)


def _arguments(record, x):
    condition = np.where(np.isnan(x), 0, np.where(x > 100, 1, -1)).astype(np.int8)
    out = []
    for number, parameter in enumerate(record.parameters):
        match parameter.role:
            case Role.WINDOW:
                out.append(3 + number)
            case Role.MONTH:
                out.append(number)
            case Role.WORD:
                out.append(parameter.words[0])
            case Role.CURVE:
                out.append(_curve(x))
            case Role.CONDITION:
                out.append(condition)
            case _:
                out.append(x + number)
    return out


def called(record, arguments):
    """A kernel's answer; one that remembers begins with nothing."""
    memory = [{}] if record.shape is Shape.RECURSIVE else []
    return record.kernel()(*memory, *arguments)


SERIES = [r for r in BUILTINS.values() if r.shape not in (Shape.CALENDAR, Shape.RESAMPLE)]


@pytest.mark.parametrize("record", SERIES, ids=lambda record: record.name)
def test_cutting_rows_off_changes_nothing_before_them(record) -> None:
    whole = called(record, _arguments(record, GAPS))
    for cut in (1, 7, 50, 399):
        part = called(record, _arguments(record, GAPS[:cut]))
        np.testing.assert_array_equal(part, whole[:cut])


@pytest.mark.parametrize(
    "record", [r for r in SERIES if r.shape is Shape.WINDOW], ids=lambda record: record.name
)
def test_a_window_reads_no_further_than_its_record_says(record) -> None:
    names = {p.name: 3 + i for i, p in enumerate(record.parameters) if p.role is Role.WINDOW}
    back = record.lookback(**names)
    changed = X.copy()
    changed[: 399 - back] = 7.0
    assert (
        called(record, _arguments(record, changed))[399]
        == called(record, _arguments(record, X))[399]
    )


@pytest.mark.parametrize("record", BUILTINS.values(), ids=lambda record: record.name)
def test_records_are_documented(record) -> None:
    assert record.summary
    assert record.definition
    assert record.source
    assert record.example.startswith(f"{record.name}(")
    assert all(parameter.doc for parameter in record.parameters)


def test_pairs_agree_with_pandas() -> None:
    y = np.roll(GAPS, 3) + X
    rolling = pd.Series(GAPS).rolling(20)
    ours = windows.correlation(GAPS, y, 20)
    np.testing.assert_allclose(ours, rolling.corr(pd.Series(y)), rtol=1e-8, equal_nan=True)
    slope = rolling.cov(pd.Series(y)) / pd.Series(y).where(~np.isnan(GAPS)).rolling(20).var()
    np.testing.assert_allclose(windows.beta(GAPS, y, 20), slope, rtol=1e-8, equal_nan=True)


POINTS = [
    (record, word)
    for record in BUILTINS.values()
    if record.shape is Shape.POINTWISE and record.parameters[0].role is not Role.CURVE
    for word in record.parameters[0].words or ("",)
]


@pytest.mark.parametrize(("record", "word"), POINTS, ids=lambda item: getattr(item, "name", item))
def test_pointwise_kernels_agree_with_their_definitions(record, word) -> None:
    words = [word] if word else []
    count = len(record.parameters) + 2 * len(record.repeated) - len(words)
    values = [-3.0, -0.5, 0.0, 0.25, 1.0, 2.0, 40.0, np.nan]
    likely = [0.05, 0.01, 0.1, 0.2, 0.2, 0.2, 0.2, 0.04]
    # A seed of its own: the data must not depend on which tests ran before.
    random = np.random.default_rng(zlib.crc32(f"{record.name} {word}".encode()))
    rows = random.choice(values, (count, 500), p=likely)
    # Close to its bounds a price tells little of its volatility, and roundings show.
    rel = 1e-9 if record.name == "implied_volatility" else 1e-12
    fast = record.kernel()(*words, *rows)
    known = 0
    for row in range(500):
        given = rows[:, row].tolist()
        slow = None if any(v != v for v in given) else FUNCTIONS[record.name](*words, *given)
        if slow is None or not np.isfinite(slow):
            assert np.isnan(fast[row]), given
        else:
            known += 1
            assert fast[row] == pytest.approx(slow, rel=rel, abs=1e-13), given
    assert known > 0


def test_finance_by_hand() -> None:
    def one(name: str, *values: float) -> float:
        return BUILTINS[name].kernel()(*(np.array([value]) for value in values))[0]

    assert one("capm_return", 3.0, 1.2, 8.0) == pytest.approx(9.0)
    assert one("npv", 10.0, -100.0, 60.0, 60.5) == pytest.approx(-100 + 60 / 1.1 + 60.5 / 1.21)
    assert one("ddm_value", 2.0, 8.0, 3.0) == pytest.approx(41.2)
    assert one("wacc", 600.0, 400.0, 10.0, 5.0, 0.2) == pytest.approx(7.6)
    assert one("forward_volatility", 20.0, 30.0, 22.0, 90.0) == pytest.approx(np.sqrt(526))
