"""The lints that need data, on frames written out, on a simulated market and on the real one."""

import numpy as np
import pandas as pd
import pytest

from alvh_rules.cli.main import main
from tests.lint.programs import linted, places, simulated

VIX = "ruleset t version 1.0.0\ndata\n  vix volatility\n"


def frame(values) -> pd.DataFrame:
    """A column of vix on consecutive sessions of January and February 2020."""
    from alvh_rules.market.sessions import exchange

    sessions = exchange().sessions
    first = int(np.searchsorted(sessions, np.datetime64("2020-01-02")))
    return pd.DataFrame({"date": sessions[first : first + len(values)], "vix": values})


# --- fragile-threshold ---------------------------------------------------------------------------

# Of these, 19.81 and 20.1 turn if 20 goes to 19.8 or 20.2; 19.79 and 20.21 do not.
AROUND = [10.0, 19.79, 19.81, 20.1, 20.21, 30.0, float("nan"), 40.0, 15.0, 12.0]


def fragile(lines, **options):
    chosen = {"least_sessions": 2, "share": 0.2} | options
    return linted("fragile-threshold", lines, VIX, data=frame(AROUND), **chosen)[0]


def test_exactly_the_sessions_within_one_percent_of_the_threshold_are_counted() -> None:
    [item] = fragile("signal s when vix > 20\n")
    assert item.message == (
        "`vix > 20` turns on 2 of 9 sessions (22.2%) if its threshold moves by 1% of its value"
    )


@pytest.mark.parametrize(
    ("lines", "options"),
    [
        ("signal s when vix > 20\n", {"least_sessions": 3}),
        ("signal s when vix > 20\n", {"share": 0.23}),
        ("signal s when vix > 20\n", {"move": 0.001}),
        ("signal s when vix > 25\n", {}),
        # Nothing moves by a part of zero; two measures have no threshold; properties are no clauses.
        ("let d = vix - 20\nsignal s when d > 0\n", {"share": 0.0, "least_sessions": 1}),
        ("signal s when vix > ago(vix, 1)\n", {"share": 0.0}),
        ("signal s when vix > 50\nalways vix > 20\n", {}),
        # What a period samples has no value on the rows themselves.
        ("signal s when weekly(sma(vix, 1)) > 50 and monthly(vix) > 50\n", {"share": 0.0}),
    ],
)
def test_thresholds_that_are_let_be(lines, options) -> None:
    assert fragile(lines, **options) == []


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ("signal s when vix > 20\n", [(1, 21, "20")]),
        ("signal s when 20 < vix\n", [(1, 15, "20")]),
        ("signal s when not (vix < 2 * 10)\n", [(1, 26, "2 * 10")]),
        ("signal s when vix between 5 and 20\n", [(1, 33, "20")]),
        ("param p = 20 from 10 to 30\nsignal s when vix <= p\n", [(2, 22, "p")]),
        ("signal s from vix > 20 until vix < 5\n", [(1, 21, "20")]),
        ("target w = if vix > 20 then 50% else 0%\n", [(1, 21, "20")]),
    ],
)
def test_places_of_fragile_thresholds(lines, found) -> None:
    chosen = {"least_sessions": 2, "share": 0.2}
    assert places("fragile-threshold", lines, VIX, data=frame(AROUND), **chosen) == found


def test_what_a_period_samples_is_let_be_on_shorter_bars() -> None:
    from alvh_rules.market.simulate import simulate

    head = VIX.replace("data", "  bars 30 minutes\ndata")
    bars = simulate(200, seed=3, minutes=30)
    middle = f"{bars['vix'].median():.2f}"
    lines = f"signal s when vix > {middle} for 3 sessions\nsignal t when vix > {middle}\n"
    options = {"share": 0.0, "least_sessions": 1}
    found = places("fragile-threshold", lines, head, data=bars, **options)
    assert found == [(2, 21, middle)]


def test_the_count_agrees_with_one_made_by_hand_on_a_simulated_market() -> None:
    market = simulated()
    lines = "let r = vix3m / vix\nsignal s when r > 105%\n"
    options = {"share": 0.0, "least_sessions": 1}
    [item], _ = linted("fragile-threshold", lines, data=market, **options)
    ratio = (market["vix3m"] / market["vix"]).to_numpy()
    low, high = 1.05 * 0.99, 1.05 * 1.01
    turned = ((ratio > low) != (ratio > 1.05)) | ((ratio > high) != (ratio > 1.05))
    assert 0 < turned.sum() < len(ratio)
    assert f" {turned.sum()} of {len(ratio)} sessions" in item.message


# --- never-fired, always-fired -------------------------------------------------------------------

RULES = """\
calendar fomc
signal never when vix > 900
signal always when vix > 1
signal both when vix > 20
layer shut
  sell iron condor on spx expiring 7 to 21 days
  weight 60%
  open when vix > 900
layer open_door
  sell iron condor on spx expiring 7 to 21 days
  weight 60%
  open when vix > 1
regime crisis when vix > 900
  weight x 50%
regime calm when vix > 1
  weight x 90%
event fomc on same session
  weight x 50%
limit total_weight <= 300%
limit total_weight <= 90%
"""


def test_rules_that_never_fired_and_that_always_did_are_told_apart() -> None:
    market = simulated()
    assert places("never-fired", RULES, data=market) == [
        (2, 8, "never"),
        (5, 7, "shut"),
        (13, 8, "crisis"),
        (19, 1, "limit total_weight <= 300%"),
    ]
    assert [place[2] for place in places("always-fired", RULES, data=market)] == [
        "always",
        "open_door",
        "calm",
    ]
    found, _ = linted("never-fired", RULES, data=market)
    assert found[0].message == "signal `never` never held on the 750 sessions where it is known"
    assert found[3].message.startswith("`limit total_weight <= 300%` never bound on the ")


def test_a_window_that_no_date_opens_never_was() -> None:
    lines = "calendar fomc\nlayer a\n  sell iron condor on spx expiring 7 to 21 days\n  weight 9%\n"
    lines += "  open when vix > 1\nevent fomc on same session\n  weight x 50%\n"
    # The committee met on 2007-01-30 and 31.
    data = simulated().iloc[14:24]
    assert places("never-fired", lines, data=data, least_sessions=5) == []
    quiet = simulated().iloc[0:10]
    assert places("never-fired", lines, data=quiet, least_sessions=5) == [(6, 7, "fomc")]


def test_few_sessions_say_nothing() -> None:
    lines = "signal s when vix > 900\nsignal t when vix > 1\n"
    few = frame([20.0] * 10)
    assert places("never-fired", lines, VIX, data=few) == []
    assert places("always-fired", lines, VIX, data=few) == []
    assert places("never-fired", lines, VIX, data=few, least_sessions=10) == [(1, 8, "s")]
    assert places("always-fired", lines, VIX, data=few, least_sessions=10) == [(2, 8, "t")]
    assert places("always-fired", lines, VIX, data=few, least_sessions=11) == []


def test_a_rule_that_is_never_known_is_said_so() -> None:
    head = VIX + "  adv count optional\n"
    lines = "signal s when adv > 100\n"
    found, _ = linted("never-fired", lines, head, data=frame([20.0] * 10), least_sessions=5)
    assert [item.message for item in found] == ["signal `s` is unknown on all of the 10 sessions"]
    assert places("always-fired", lines, head, data=frame([20.0] * 10), least_sessions=5) == []


def test_rules_of_what_is_held_are_let_be() -> None:
    lines = "regime steward when book.drawdown > 5%\n  weight x 50%\n"
    lines += "layer a\n  sell iron condor on spx expiring 7 to 21 days\n  weight 9%\n"
    lines += "  open when vix > 1 and not a.breached\nlet fall = book.drawdown\n"
    lines += "signal s when fall > 5%\n"
    assert places("never-fired", lines, data=simulated()) == []
    assert places("always-fired", lines, data=simulated()) == []


# --- overlapping-events, with data ---------------------------------------------------------------

EVENTS = """\
calendar fomc, cpi
layer a
  sell iron condor on spx expiring 7 to 21 days
  weight 9%
  open when vix > 1
event fomc on same session
  weight x 50%
event cpi on same session
  weight x 70%
"""


def test_with_data_several_calendars_are_reported_where_they_meet() -> None:
    # Counted here from the dates themselves, apart from the lint's columns.
    from alvh_rules.market.events import built_in

    market = simulated()
    fomc, cpi = built_in("fomc"), built_in("cpi")
    assert fomc is not None
    assert cpi is not None
    first, last = market["date"].iloc[0], market["date"].iloc[-1]
    both = sorted(set(fomc.ordinals) & set(cpi.ordinals))
    days = [day for day, at in zip(cpi.dates, cpi.ordinals, strict=True) if at in both]
    inside = [day for day in days if np.datetime64(first) <= day <= np.datetime64(last)]
    found, _ = linted("overlapping-events", EVENTS, data=market)
    assert inside
    assert [item.message.split("; ")[1] for item in found] == [
        f"here on {len(inside)} session{'s' if len(inside) > 1 else ''}, first {inside[0]}"
    ]
    apart = market.iloc[:20]
    assert places("overlapping-events", EVENTS, data=apart) == []


# --- the real market -----------------------------------------------------------------------------


def test_on_the_real_market(shared_data) -> None:
    table = pd.read_csv(shared_data / "market" / "daily.csv")
    table = table[["date", "vix"]]
    lines = (
        "signal panic when vix > 90\nsignal crisis when vix > 80\nsignal open_market when vix > 5\n"
    )
    # VIX closed above 80 in 2008 and 2020 (82.69), never above 90, and never below 9.
    assert places("never-fired", lines, VIX, data=table) == [(1, 8, "panic")]
    assert places("always-fired", lines, VIX, data=table) == [(3, 8, "open_market")]


def test_the_flagship_on_a_simulated_market(tmp_path, capsys) -> None:
    from pathlib import Path

    core = Path(__file__).resolve().parents[2] / "rulesets" / "alvh_core.alvh"
    data = tmp_path / "m.csv"
    simulated().to_csv(data, index=False)
    assert main(["check", str(core), "--data", str(data)]) == 0
    printed = capsys.readouterr().out
    assert "error" not in printed
    assert "ALV758" not in printed


def test_data_that_cannot_be_read_is_said_and_exits_with_2(tmp_path, capsys) -> None:
    path = tmp_path / "t.alvh"
    path.write_text(VIX + "signal s when vix > 20\n")
    assert main(["check", str(path), "--data", str(tmp_path / "absent.csv")]) == 2
    assert "absent.csv" in capsys.readouterr().out
