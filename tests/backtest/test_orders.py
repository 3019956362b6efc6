"""Orders against a broker's positions, and the two commands from end to end."""

import csv

import pandas as pd
import pytest

from alvh_rules.backtest.broker import read_holdings
from alvh_rules.backtest.deciding import Program
from alvh_rules.backtest.orders import Orders, orders_now
from alvh_rules.backtest.result import Settings
from alvh_rules.backtest.simulate import Inputs
from alvh_rules.cli.main import main
from alvh_rules.market.simulate import simulate
from tests.backtest.world import market_of, path, quotes_of, ruleset_of

RULES = """\
layer a
  sell put spread on spx
    expiring 20 to 40 days
    at delta 20%
    wings 25 points
  weight 100%
  at most 2 open
  open when true
  close when days_to_expiry <= 20 days

hedge
  ratio 50% of vega
  hold vix futures month 1
"""
HEAD = "underlying,right,strike,expiry,contracts,price,owner,position,override\n"


def orders(rows: str, tmp_path) -> Orders:
    ruleset = ruleset_of(RULES)
    market = market_of(ruleset, path(4, 40))
    file = tmp_path / "held.csv"
    file.write_text(HEAD + rows)
    holdings, found = read_holdings(file, ruleset, {})
    assert holdings is not None, found
    made = orders_now(Program(ruleset, market), Inputs(quotes_of(market)), Settings(), holdings)
    assert isinstance(made, Orders), made
    return made


def by_action(made: Orders) -> dict[str, list]:
    found: dict[str, list] = {}
    for order in made.orders:
        found.setdefault(order.action, []).append(order)
    return found


NEAR = "spx,put,2500,2018-03-16,-300,20,,,{}\nspx,put,2475,2018-03-16,300,18,,,\n"
FAR = "spx,put,2500,2018-05-18,-200,40,,,\nspx,put,2475,2018-05-18,200,36,,,\n"


def test_what_the_rules_would_close_open_and_hedge(tmp_path) -> None:
    made = orders("cash,cash,,,800000,,,,\n" + NEAR.format("") + FAR, tmp_path)
    assert made.day == "2018-02-28"
    assert made.cash == 800_000
    found = by_action(made)
    (close,) = found["close"]
    assert close.clause == "close when days_to_expiry <= 20 days"
    assert sorted(count for _, count in close.legs) == [-300, 300]
    # Two are held: there is no room for a third before the first is gone.
    opened = [order for order in found["open"] if order.owner == "a"]
    assert opened == []
    (hedge,) = found["open"]
    assert hedge.owner == "hedge"
    assert all(count > 0 for _, count in hedge.legs)


def test_nothing_is_held_and_the_layer_opens(tmp_path) -> None:
    made = orders("cash,cash,,,1000000,,,,\n", tmp_path)
    (opened,) = by_action(made)["open"]
    assert (opened.owner, opened.position) == ("a", "")
    assert opened.limit > 0
    assert opened.clause == "open when true"


def test_a_position_that_a_trader_keeps_is_left_and_told(tmp_path) -> None:
    made = orders(NEAR.format("kept") + FAR, tmp_path)
    (kept,) = by_action(made)["override"]
    assert kept.reason == "kept by the trader: kept; the rules would close it"
    assert "close" not in by_action(made)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("spy,put,1,2018-03-16,-1,,,,", "`spy` is no data column"),
        ("spx,putt,1,2018-03-16,-1,,,,", "`putt` is no put"),
        ("spx,put,,2018-03-16,-1,,,,", "`` is no strike"),
        ("spx,put,inf,2018-03-16,-1,,,,", "`inf` is no strike"),
        ("spx,put,2500,20268-03-18,-1,,,,", "`20268-03-18` is no day"),
        ("spx,put,2500,2018-03-16,none,,,,", "`none` is no number"),
        ("spx,put,2500,2018-03-16,-1,x,,,", "`x` is no price"),
        ("spx,put,2500,2018-03-16,-1,,b,,", "`owner` is one of a, hedge, holding"),
        ("cash,cash,,,much,,,,", "no amount of cash"),
    ],
)
def test_a_row_that_cannot_be_read_is_named(row: str, said: str, tmp_path) -> None:
    file = tmp_path / "held.csv"
    file.write_text(HEAD + FAR + row + "\n")
    holdings, found = read_holdings(file, ruleset_of(RULES), {})
    assert holdings is None
    assert said in found[0].message
    assert found[0].location.endswith("row 4")


def test_columns_are_mapped_and_missing_ones_named(tmp_path) -> None:
    file = tmp_path / "held.csv"
    file.write_text("Symbol,Type,Strike,Expiry,Qty\nSPX,P,2500,2018-05-18,-2\n")
    ruleset = ruleset_of(RULES)
    holdings, found = read_holdings(file, ruleset, {})
    assert holdings is None
    assert "no column `underlying`" in found[0].message
    mapping = {"underlying": "symbol", "right": "TYPE", "contracts": "Qty"}
    holdings, found = read_holdings(file, ruleset, mapping)
    assert holdings is not None
    assert (holdings.legs[0].count, holdings.legs[0].owner) == (-2, "a")
    assert holdings.legs[0].contract.morning


def test_what_has_expired_cannot_be_valued(tmp_path) -> None:
    ruleset = ruleset_of(RULES)
    market = market_of(ruleset, path(4, 40))
    file = tmp_path / "held.csv"
    file.write_text(HEAD + "spx,put,2500,2018-02-16,-2,40,,,\n")
    holdings, _ = read_holdings(file, ruleset, {})
    made = orders_now(Program(ruleset, market), Inputs(quotes_of(market)), Settings(), holdings)
    assert "has expired" in made.message


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A ruleset and a simulated market beside it."""
    place = tmp_path_factory.mktemp("run")
    text = "ruleset r version 1.0.0\n  cash earns tbill\ndata\n  spx price\n  vix volatility\n"
    text += '  tbill rate from "tbill_3m"\n' + RULES
    (place / "r.alvh").write_text(text)
    simulate(200, 3).to_csv(place / "market.csv", index=False)
    return place


def test_a_run_writes_its_files_and_the_same_again(folder, capsys) -> None:
    for name in ("one", "two"):
        arguments = ["backtest", str(folder / "r.alvh"), "--data", str(folder / "market.csv")]
        assert main([*arguments, "--out", str(folder / name)]) == 0
    assert "equity at the end" in capsys.readouterr().out
    for name in ("equity.csv", "trades.csv", "run.json"):
        assert (folder / "one" / name).is_file()
    for name in ("equity.csv", "trades.csv", "positions.parquet"):
        assert (folder / "one" / name).read_bytes() == (folder / "two" / name).read_bytes()
    trades = pd.read_csv(folder / "one" / "trades.csv")
    assert {"open", "close"} <= set(trades["action"])
    assert trades.loc[trades["action"] == "open", "place"].str.contains("r.alvh:").all()


def test_costs_are_what_the_flags_say(folder, capsys) -> None:
    arguments = ["backtest", str(folder / "r.alvh"), "--data", str(folder / "market.csv")]
    free = [*arguments, "--fee", "0", "--slippage", "0", "--out", str(folder / "free")]
    assert main(free) == 0
    trades = pd.read_csv(folder / "free" / "trades.csv")
    assert (trades["fees"] == 0).all()
    assert (trades["slippage"] == 0).all()
    dear = [*arguments, "--slippage", "1=1,4=0.5", "--out", str(folder / "dear")]
    assert main(dear) == 0
    assert (pd.read_csv(folder / "dear" / "trades.csv")["slippage"] > 0).any()


@pytest.mark.parametrize(
    "wrong",
    [
        ["--fee", "-1"],
        ["--fee", "nan"],
        ["--from", "2090-01-01"],
        ["--dividend-yield", "400"],
        ["--report", "page.txt"],
        ["--data", "nowhere.csv"],
        ["--surface", "nowhere.toml"],
    ],
)
def test_what_cannot_be_run_is_told_and_ends_with_2(wrong, folder, capsys) -> None:
    arguments = ["backtest", str(folder / "r.alvh"), "--data", str(folder / "market.csv")]
    assert main([*arguments, *wrong]) == 2
    assert capsys.readouterr().out.strip()


def test_next_open_fills_at_the_opening_price(folder, capsys) -> None:
    text = "ruleset r version 1.0.0\n  fill next open\ndata\n  spx price\n\nhold spx shares\n  weight 50%\n"
    (folder / "open.alvh").write_text(text)
    arguments = ["backtest", str(folder / "open.alvh"), "--data", str(folder / "market.csv")]
    assert main([*arguments, "--out", str(folder / "open")]) == 0
    market = pd.read_csv(folder / "market.csv")
    trades = pd.read_csv(folder / "open" / "trades.csv")
    price = float(trades["legs"].iloc[0].split("@ ")[1])
    # A share costs its mid and a part of a spread of cents.
    assert price == pytest.approx(market["spx_open"].iloc[1], abs=0.02)
    assert abs(price - market["spx"].iloc[1]) > 0.1


def test_orders_are_written_so_that_no_spreadsheet_runs_them(folder, capsys) -> None:
    held = folder / "held.csv"
    held.write_text(HEAD + "cash,cash,,,1000000,,,,\nspx,put,1100,2008-01-18,-1,4,,,=cmd()\n")
    arguments = ["orders", str(folder / "r.alvh"), "--data", str(folder / "market.csv")]
    out = folder / "orders.csv"
    assert main([*arguments, "--holdings", str(held), "--out", str(out)]) == 0
    rows = list(csv.DictReader(out.open()))
    assert rows
    assert not any(cell[:1] in ("=", "@") for row in rows for cell in row.values())
