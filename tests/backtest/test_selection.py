"""Which contracts are taken: by brute force over what is listed, and the ties and refusals by hand."""

import itertools
import math

import numpy as np
import pytest

from alvh_rules.backtest.choices import Wanted
from alvh_rules.backtest.deciding import Program, of_history
from alvh_rules.backtest.probability import probability_below, probability_of_profit
from alvh_rules.backtest.selection import Selector
from alvh_rules.backtest.slices import Listing
from alvh_rules.backtest.strikes import Selected
from tests.backtest.world import market_of, path, quotes_of, ruleset_of

ROW = 20


def selected(structure: str, row: int = ROW, after: int = 0) -> Selected | str:
    """What a layer's structure means on a row of the small world."""
    text = f"layer a\n  {structure}\n  weight 50%\n  open when true\n"
    ruleset = ruleset_of(text)
    market = market_of(ruleset, path(5, 60))
    decisions = of_history(Program(ruleset, market))
    for _ in range(row + 1):
        decisions.advance({})
    selector = Selector(Listing(quotes_of(market)))
    layer = ruleset.layers[0].structure
    return selector.select(layer, layer.underlying, row, decisions.written, after)


def strikes(found: Selected | str) -> list[tuple[str, float, float]]:
    assert isinstance(found, Selected), found
    return [(leg.contract.kind, leg.contract.strike, leg.count) for leg in found.legs]


def spot() -> float:
    return float(path(5, 60)["spx"].iloc[ROW])


def test_a_condor_stands_on_two_deltas_with_its_wings() -> None:
    found = strikes(
        selected(
            "sell iron condor on spx\n    expiring 30 days\n    at delta 20%\n    wings 25 points"
        )
    )
    assert [(kind, count) for kind, _, count in found] == [
        *(("put", -1), ("put", 1), ("call", -1), ("call", 1)),
    ]
    put, low, call, high = (strike for _, strike, _ in found)
    assert put - low == high - call == 25
    assert low < put < spot() < call < high


def test_the_best_sum_of_misses_is_found_over_all_expiries_and_strikes() -> None:
    """Brute force over every expiry and strike, with its own formula of the miss."""
    text = "sell put on spx\n    expiring 10 to 60 days, nearest 45 days\n    at delta 10% to 40%, nearest 30%"
    found = selected(text)
    assert isinstance(found, Selected)
    ruleset = ruleset_of(
        "layer a\n  sell put on spx\n    expiring 30 days\n  weight 5%\n  open when true\n"
    )
    quotes = quotes_of(market_of(ruleset, path(5, 60)))
    listing = Listing(quotes)
    listed = quotes.expiries("spx", ROW, -1)
    candidates = []
    for at in range(len(listed)):
        days = listed.days[at]
        if not 10 <= days <= 60:
            continue
        part = listing.slice("spx", ROW, listed, at).put
        for strike, delta in zip(part.strikes, np.abs(part.quoted.delta), strict=True):
            if 0.1 <= delta <= 0.4:
                candidates.append((abs(days - 45) / 50 + abs(delta - 0.3) / 0.3, days, strike))
    miss, days, strike = min(candidates)
    assert found.miss == pytest.approx(miss)
    assert (found.days, found.legs[0].contract.strike) == (days, strike)


def test_nothing_outside_a_range_is_taken() -> None:
    assert selected("sell put on spx\n    expiring 3 to 8 days") == (
        "no listed expiry lies in the range that is asked for"
    )
    assert isinstance(selected("sell put on spx\n    expiring 3 to 9 days"), Selected)
    found = selected("sell put on spx\n    expiring 30 days\n    at delta 45% to 45.01%")
    assert found == "no strike fits the delta asked for"


def test_of_equal_misses_the_lower_strike_and_nearer_expiry() -> None:
    wanted = Wanted(-math.inf, math.inf, 100.0)
    misses = wanted.misses(np.array([95.0, 105.0]))
    assert misses[0] == misses[1]
    assert int(np.argmin(misses)) == 0
    assert Wanted(90.0, 110.0, 100.0).misses(np.array([89.9, 90.0, 110.0])).tolist() == [
        *(math.inf, 0.5, 0.5),
    ]


@pytest.mark.parametrize(("side", "sign"), [("below", -1), ("above", 1)])
def test_at_the_money_or_to_a_side(side: str, sign: int) -> None:
    ((_, strike, _),) = strikes(
        selected(f"sell put on spx\n    expiring 30 days\n    at the money or {side}")
    )
    assert 0 <= sign * (strike - spot()) < 5


def test_a_share_of_spot_and_a_number_of_points() -> None:
    ((_, strike, _),) = strikes(
        selected("sell put on spx\n    expiring 30 days\n    at 95% of spot")
    )
    assert abs(strike - 0.95 * spot()) <= 2.5
    ((_, strike, _),) = strikes(selected("sell put on spx\n    expiring 30 days\n    at 2601"))
    assert strike == 2600


def test_wings_as_a_share_and_as_a_range() -> None:
    text = "sell put spread on spx\n    expiring 30 days\n    at delta 20%\n    wings "
    (_, short, _), (_, long, _) = strikes(selected(text + "2%"))
    assert abs((short - long) - 0.02 * spot()) <= 2.5
    assert (
        selected(text + "1 to 4 points") == f"no wing that is asked for is listed beyond {short:g}"
    )


def test_legs_count_from_one_another() -> None:
    found = strikes(
        selected(
            "legs on spx expiring next monthly\n    sell put at delta 25%\n"
            "    buy 2 put 50 points below the short put\n    buy call at the money or above"
        )
    )
    (_, short, _), (_, long, count), (kind, _, _) = found
    assert short - long == 50
    assert (count, kind) == (2.0, "call")


def test_a_calendar_spans_two_expiries_at_one_strike() -> None:
    found = selected("buy calendar on spx\n    expiring 14 days and 45 days")
    assert isinstance(found, Selected)
    near, far = found.legs
    assert near.contract.strike == far.contract.strike
    assert near.contract.expiry < far.contract.expiry
    assert (near.count, far.count) == (-1, 1)


def test_a_time_shift_takes_the_next_listed_expiry() -> None:
    first = selected("sell put on spx\n    expiring 7 to 14 days")
    assert isinstance(first, Selected)
    held = first.legs[0].contract.expiry
    later = selected("sell put on spx\n    expiring 7 to 14 days", after=held)
    assert isinstance(later, Selected)
    assert later.legs[0].contract.expiry == held + 7


def test_the_probability_of_profit_is_that_of_the_breakevens() -> None:
    """A put sold: N(d2) at strike less credit, at the world's one volatility."""
    found = selected(
        "sell put on spx\n    expiring 30 days\n    probability_of_profit 60% to 90%, nearest 75%"
    )
    assert isinstance(found, Selected)
    leg = found.legs[0].contract
    ruleset = ruleset_of(
        "layer a\n  sell put on spx\n    expiring 30 days\n  weight 5%\n  open when true\n"
    )
    quotes = quotes_of(market_of(ruleset, path(5, 60)))
    listing = Listing(quotes)
    listed = quotes.expiries("spx", ROW, -1)
    at = int(np.argmax(listed.days == found.days))
    part = listing.slice("spx", ROW, listed, at).put
    mid = float(part.quoted.mid[list(part.strikes).index(leg.strike)])
    even = np.array([leg.strike - mid])
    below = probability_below(even, np.array([20.0]), spot(), found.days)
    # Between strikes five points apart the probability is taken as linear.
    assert found.probability == pytest.approx(1.0 - float(below[0]), abs=0.002)
    assert 0.7 < found.probability < 0.8


def test_a_profit_everywhere_is_certain_and_none_is_impossible() -> None:
    nodes = np.array([90.0, 100.0, 110.0])
    below = probability_below(nodes, np.full(3, 20.0), 100.0, 30.0)
    payoff = np.array([[1.0, 1.0, 1.0], [-1.0, -1.0, -1.0], [-1.0, 1.0, -1.0]])
    points = np.tile(nodes, (3, 1))
    sure, never, middle = probability_of_profit(nodes, below, points, payoff)
    assert (sure, never) == (1.0, 0.0)
    assert middle == pytest.approx((below[2] - below[0]) / 2)


def test_every_structure_of_the_catalogue_can_be_bought_and_sold() -> None:
    from alvh_rules.backtest.shapes import SHAPES

    for (shape, right), side in itertools.product(SHAPES, ("sell", "buy")):
        word = right if shape == "option" else f"{right} {shape}".strip()
        expiring = "20 days and 50 days" if shape == "calendar" else "20 to 40 days"
        found = selected(f"{side} {word} on spx\n    expiring {expiring}")
        assert isinstance(found, Selected), (shape, right, found)
        turned = selected(
            f"{'buy' if side == 'sell' else 'sell'} {word} on spx\n    expiring {expiring}"
        )
        assert [(leg.contract, -leg.count) for leg in found.legs] == [
            (leg.contract, leg.count) for leg in turned.legs
        ]
