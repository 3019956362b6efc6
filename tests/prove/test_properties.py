"""What is proved of small rulesets, by hand: verdicts, markets, extremes, what never matters."""

import time
from itertools import pairwise
from pathlib import Path

import pytest

pytest.importorskip("z3", reason="proofs need the extra `prove`")

import z3

from alvh_rules.core.resources import shipped_rulesets
from alvh_rules.core.source import Source
from alvh_rules.pipeline import check, check_source
from alvh_rules.prove.ruleset import prove
from tests.programs import checked

SLOPE = "let slope = vix3m / vix - 1\n"
TABLE = (
    "table by_slope by slope\n  below 0% => 100%\n  0% to 5% => 60%\n  5% or more => 35%\n"
    "target hedged = by_slope\n"
)


def proof(lines: str, seconds: float = 20.0):
    result = checked(lines)
    assert result.ruleset is not None, result.rendered()
    return prove(result.ruleset, seconds=seconds)


def verdict(lines: str, seconds: float = 20.0):
    return proof(lines, seconds).verdicts[0]


@pytest.mark.parametrize(
    ("promise", "status"),
    [
        ("always hedged between 35% and 100%", "proved"),
        ("always hedged > 35%", "refuted"),
        ("always hedged >= 100% when vix3m < vix", "proved"),
        ("always hedged >= 100% when vix3m <= vix", "refuted"),
        ("always hedged <= 60% when vix < 20 and vix3m > 20", "proved"),
        # Of the kinds: a price and a volatility are above 0.
        ("always spx > 0", "proved"),
        ("always slope > -100%", "proved"),
        ("always slope > -99%", "refuted"),
        # An unknown is no violation.
        ("always hedged <= 35% when vix is missing", "proved"),
    ],
)
def test_always(promise: str, status: str) -> None:
    assert verdict(SLOPE + TABLE + promise + "\n").status == status


@pytest.mark.parametrize(
    ("promise", "status"),
    [
        ("always lowest(vix, 20) <= vix", "proved"),
        ("always lowest(vix, 20) <= lowest(vix, 10)", "proved"),
        ("always lowest(vix, 10) <= lowest(vix, 20)", "refuted"),
        ("always sma(vix, 10) <= highest(vix, 10)", "proved"),
        ("always sma(vix, 10) <= highest(vix, 5)", "refuted"),
        ("always sma(vix, 10) > 0", "proved"),
        ("always ago(vix, 3) <= highest(vix, 4)", "proved"),
        ("always ago(vix, 4) <= highest(vix, 4)", "refuted"),
        ("always rsi(spx, 14) between 0 and 100", "proved"),
        ("always stdev(vix, 20) >= 0", "proved"),
        ("always percentile_rank(vix, 4) >= 25%", "proved"),
        ("always percentile_rank(vix, 4) >= 26%", "refuted"),
        ("always vix > vix3m when crosses_above(vix, vix3m)", "proved"),
        ("always vix > vix3m when crosses_below(vix, vix3m)", "refuted"),
        ("always vix > 20 when (vix > 20) for 3 sessions", "proved"),
        ("always (vix > 20) for 2 sessions when (vix > 20) for 3 sessions", "proved"),
        ("always (vix > 20) for 3 sessions when (vix > 20) for 2 sessions", "refuted"),
        ("always sma(vix, 20) is sma(vix, 20)", "proved"),
        ("always weekly(sma(vix, 4)) > 0", "proved"),
        ("always ago(vix, 3) < 150\nassume vix between 5 and 149", "proved"),
        ("always ema(vix, 9) < 150\nassume all of\n  vix > 5\n  vix < 150", "proved"),
        ("always max(vix, vix3m) >= min(vix, vix3m)", "proved"),
        ("always abs(vix - vix3m) >= 0", "proved"),
        ("always clip(vix, 10, 30) between 10 and 30", "proved"),
        ("always exp(vix / vix3m) >= 1", "proved"),
        ("always log(vix / vix3m) >= 0 when vix > vix3m", "proved"),
    ],
)
def test_what_is_known_of_functions(promise: str, status: str) -> None:
    found = verdict(promise + "\n")
    assert (found.status, found.rounding) == (status, False), found


def test_a_latch_is_followed_through_today() -> None:
    latch = "signal on_since from vix > 30 until vix < 20\n"
    assert verdict(latch + "always vix >= 20 when on_since\n").status == "proved"
    assert verdict(latch + "always on_since when vix > 30\n").status == "proved"
    assert verdict(latch + "always vix > 30 when on_since\n").status == "refuted"


def test_a_market_is_round_and_names_no_more_than_it_needs() -> None:
    found = verdict(SLOPE + TABLE + "always hedged <= 60% when spx > 0 or spx is missing\n")
    assert found.market is not None
    assert found.market.given == {"vix": 20.0, "vix3m": 16.0} | {
        key: value for key, value in found.market.given.items() if key == "spx"
    }
    assert found.values[-1] in ("by_slope is 100%", "hedged is 100%")
    assert "slope < 0%" in found.region


def test_a_market_does_not_depend_on_what_was_asked_before() -> None:
    # The ruleset of the documentation, whose market was seen to move.
    page = (Path(__file__).parents[2] / "docs" / "prove.md").read_text(encoding="utf-8")
    text = page.split("```alvh {file=hedge.alvh}\n")[1].split("```")[0]
    result = check_source(Source("hedge.alvh", text))
    assert result.ruleset is not None

    def shown() -> list[object]:
        assert result.ruleset is not None
        found = prove(result.ruleset).verdicts
        return [(item.text, item.market, item.against, item.region) for item in found]

    first = shown()
    kept = []
    for number in range(1, 9):
        # Other expressions over unknowns of the same names, made in another order.
        names = [f"r{n}" for n in reversed(range(40))]
        kept.append([z3.Real(a) * number < z3.Real(b) for a, b in pairwise(names)])
        assert shown() == first


def test_products_of_finite_weights_are_exact() -> None:
    """150% of 120% of 33.3%, as the evaluator has it, is no more and no less."""
    lines = (
        "calendar fomc, cpi\nlayer short\n  sell put on spx\n    expiring 30 days\n"
        "    at delta 20%\n  weight 33.3%\n  open when vix > 15\n"
        "event fomc on same session\n  short x 150%\nevent cpi on same session\n  short x 120%\n"
    )
    assert verdict(lines + "always short.weight <= 59.94%\n").status == "proved"
    assert verdict(lines + "always short.weight < 59.94%\n").status == "refuted"
    found = {item.name: item for item in proof(lines).extremes}["short.weight"]
    assert (found.least.value, found.greatest.value) == (0.333, 0.5994)
    assert found.greatest.market is not None
    assert found.greatest.market.given == {"event fomc": True, "event cpi": True}


def test_a_wider_window_of_a_calendar_holds_where_a_narrower_does() -> None:
    lines = (
        "calendar fomc\nlayer short\n  sell put on spx\n    expiring 30 days\n    at delta 20%\n"
        "  weight 40%\n  open when vix > 15\nhedge\n  ratio 100% of vega\n"
        "  hold vix futures month 1\nevent fomc on same session\n  short x 50%\n"
        "event fomc from 1 session before to same session\n  hedge x 120%\n"
    )
    promise = "always hedge.ratio > 100% when short.weight < 40%\n"
    assert verdict(lines + promise).status == "proved"
    assert verdict(lines + promise.replace("before to same", "before to 1")).status == "proved"
    swapped = "always short.weight < 40% when hedge.ratio > 100%\n"
    assert verdict(lines + swapped).status == "refuted"


def test_limits_and_regimes() -> None:
    lines = (
        "target a = 20% * vix / vix3m\nlimit a <= 50%\nlimit a >= 60%\n"
        "regime calm when vix < 15\nregime wild when vix > 30\nregime odd when vix > 40\n"
    )
    found = {item.text: item for item in proof(lines).verdicts}
    # The later limit lifts what the earlier one cut.
    assert found["limit a <= 50%"].status == "refuted"
    assert found["limit a >= 60%"].status == "proved"
    assert found["regimes calm and wild never hold at once"].status == "proved"
    assert found["regimes wild and odd never hold at once"].status == "overlap"
    idle = {item.text: item.why for item in proof(lines).idle}
    assert idle == {"regime odd": "it never holds, or one before it always does"}


def test_what_never_matters() -> None:
    lines = SLOPE + TABLE
    lines += (
        "signal first when slope > 5% and slope > 0%\n"
        "signal second when vix > 0\n"
        "signal third when vix > 20 or vix <= 20 or spx > 100\n"
        "assume slope > -3%\n"
        "table deep by slope\n  below -3% => 1%\n  -3% or more => 2%\ntarget d = deep\n"
    )
    found = {item.text: item.why for item in proof(lines).idle}
    assert found["`slope > 0%`"] == "the rest of its `and` decides"
    assert found["`vix > 0`"] == "it is never false"
    assert found["`spx > 100`"] == "the rest of its `or` decides"
    assert found["row `below -3% => 1%` of table deep"] == "no market picks it"
    assert "`slope > 5%`" not in found


def test_an_event_that_changes_nothing() -> None:
    lines = (
        "calendar fomc, cpi\nlayer short\n  sell put on spx\n    expiring 30 days\n    at delta 20%\n"
        "  weight 80%\n  open when vix > 15\nevent fomc on same session\n  short x 120%\n"
        "event cpi on same session\n  short x 0%\nlimit short.weight <= 40%\n"
    )
    (found,) = [item.text for item in proof(lines).idle if item.kind == "event"]
    assert "fomc" in found


def test_missing_data_are_a_note_and_no_refutation() -> None:
    lines = SLOPE + TABLE + "target safe = if slope is missing then 300% else hedged\n"
    found = verdict(lines + "always safe <= 200%\n")
    assert found.status == "proved"
    assert any("with data missing it can fail" in note for note in found.notes)


def test_an_optional_column_may_be_missing() -> None:
    head = "ruleset t version 1.0.0\ndata\n  vix volatility\n  breadth ratio optional\n"
    lines = "target a = if breadth is missing then 300% else 100%\nalways a <= 200%\n"
    result = checked(lines, head)
    assert result.ruleset is not None
    (found,) = [item for item in prove(result.ruleset).verdicts if item.kind == "always"]
    assert found.status == "refuted"
    assert found.market is not None
    assert found.market.given == {"breadth": None}


def test_rounding_alone_is_said_to_be_so() -> None:
    found = verdict("always vix3m / vix * vix is vix3m\n")
    assert (found.status, found.rounding) == ("refuted", True)


def test_a_fact_of_what_is_held_is_free() -> None:
    lines = "target a = if book.drawdown > 5% then 150% else 100%\nalways a <= 100%\n"
    found = verdict(lines)
    assert found.status == "refuted"
    assert any("`book.drawdown`" in note for note in found.notes)
    assert found.writable == ("book.drawdown = 10%",)


def test_contradictory_assumptions_prove_nothing() -> None:
    found = proof(TABLE.join([SLOPE, ""]) + "always hedged < 0%\nassume vix < 5\nassume vix > 6\n")
    assert found.contradictory
    assert found.verdicts == ()


@pytest.mark.parametrize(
    ("promise", "status"),
    [
        ("hedged never rises as slope rises", "proved"),
        ("hedged never falls as slope falls", "proved"),
        ("hedged never falls as slope rises", "refuted"),
        ("hedged never rises as slope falls", "refuted"),
        ("hedged never falls as vix rises", "proved"),
        ("hedged never rises as vix3m rises", "proved"),
        ("sma(vix, 5) never falls as vix rises", "proved"),
        ("sma(vix, 5) never rises as vix rises", "refuted"),
        ("ago(vix, 5) never rises as vix rises", "proved"),
        ("mixed never rises as slope rises", "refuted"),
        ("mixed never rises as slope rises when not stressed", "proved"),
    ],
)
def test_monotone(promise: str, status: str) -> None:
    lines = SLOPE + TABLE + "signal stressed when vix > 30\n"
    lines += "target mixed = if stressed then slope else hedged\n"
    found = verdict(lines + f"always {promise}\n")
    assert found.status == status
    if status == "refuted":
        assert found.market is not None
        assert found.against is not None
        # What moves is the subject, and windows over it.
        assert all("slope" in name or "vix" in name for name in found.against.given)


def test_the_extremes_of_what_data_decide() -> None:
    lines = (
        "target a = min(vix / vix3m, 150%)\ntarget b = vix - 10\ntarget c = vix3m / vix\n"
        "table ramp by vix, interpolated\n  at 10 => 150%\n  at 40 => 30%\ntarget d = ramp\n"
    )
    found = {item.name: item for item in proof(lines).extremes}
    assert (found["a"].least.value, found["a"].least.reached) == (0.0, False)
    assert (found["a"].greatest.value, found["a"].greatest.reached) == (1.5, True)
    assert (found["b"].least.value, found["b"].least.reached) == (-10.0, False)
    assert found["b"].greatest.reason == "no bound found"
    assert (found["c"].least.value, found["c"].least.reached) == (0.0, False)
    assert (found["d"].least.value, found["d"].greatest.value) == (0.3, 1.5)


@pytest.mark.parametrize("path", shipped_rulesets(), ids=lambda path: path.stem)
def test_every_shipped_ruleset_is_proved_within_ten_seconds(path) -> None:
    result = check(path)
    assert result.ruleset is not None
    found = prove(result.ruleset, seconds=10)
    assert found.exit_code == 0
    assert found.unlooked == ()
    assert found.seconds < 10


def test_a_thousand_clauses_end_within_their_budget() -> None:
    lines = [SLOPE]
    for number in range(250):
        lines.append(
            f"signal s{number} when slope > {number % 20 - 5}% and rsi(spx, {number % 50 + 2}) > 40\n"
            f"target g{number} = if s{number} then {number % 60}% else {number % 40}% * vix / vix3m\n"
            f"always g{number} >= 0%\nalways g{number} <= {number % 60 + 40}%\n"
        )
    begun = time.perf_counter()
    found = proof("".join(lines), seconds=3)
    assert time.perf_counter() - begun < 25
    assert len(found.verdicts) == 500
    decided = [item for item in found.verdicts if item.status != "undecided"]
    assert decided
    for item in found.verdicts:
        assert (item.status == "undecided") is (item.reason != "")


def test_what_the_solver_cannot_do_in_its_time_is_undecided() -> None:
    head = "ruleset t version 1.0.0\ndata\n  a ratio\n  b ratio\n  c ratio\n"
    lines = "always a * a * a * b + b * b * b * c + c * c * c * a >= a * b * c * (a + b + c) - 1%\n"
    result = checked(lines, head)
    assert result.ruleset is not None
    begun = time.perf_counter()
    found = prove(result.ruleset, seconds=1)
    assert time.perf_counter() - begun < 15
    assert found.verdicts[0].status in ("undecided", "refuted")
