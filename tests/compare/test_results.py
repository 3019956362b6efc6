"""What a change does to results: which backtests are made, and what is told of them."""

import json
import re

import pytest

from alvh_rules.cli.main import main
from alvh_rules.compare.compare import compare
from alvh_rules.compare.json_document import as_json
from alvh_rules.compare.markdown import as_markdown
from alvh_rules.compare.results import (
    MOST_ALONE,
    NEITHER_TRADES,
    NOTHING_CHANGES,
    CannotTradeError,
    Figures,
    Ran,
    Results,
    results_of,
)
from alvh_rules.pipeline import Checked
from tests.compare.test_changed_clauses import HEAD, OLD
from tests.compare.test_formats import SCHEMA
from tests.programs import checked

SMALL = """\
layer short
  sell put on spx expiring 30 days
  weight {weight}
  at most {count} open
  open when vix > {level}
"""


class Trader:
    """A stand-in: equity is a number made of the ruleset's own clauses, so that effects are known."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def __call__(self, checked: Checked, name: str) -> Ran:
        ruleset = checked.ruleset
        assert ruleset is not None
        self.names.append(name)
        layer = next(iter(ruleset.layers), None)
        equity = 0.0
        if layer is not None:
            text = ruleset.text(ruleset.values["short.open"].span)
            level = float(text.rpartition(" ")[2])
            equity = 1000.0 * layer.at_most + level
            # What the count and the level do together.
            equity += 0.5 * (layer.at_most - 1) * (level - 10)
        if equity == 1_000_000:
            raise CannotTradeError("nothing")
        return Ran(
            Figures(equity, 0.0, 0.1, -0.1, -0.01, 5.0, layer.at_most if layer else 0), "a", "b", 3
        )


def run(
    old: str, new: str, trader: Trader | None = None
) -> tuple[Results, Trader, list[tuple[int, int]]]:
    sides = [checked(text) for text in (old, new)]
    for side in sides:
        assert side.ruleset is not None, side.rendered()
    trader, told = trader or Trader(), []
    found = results_of(sides[0], sides[1], trader, lambda *count: told.append(count))
    return found, trader, told


def small(weight: str = "10%", count: int = 1, level: int = 10) -> str:
    return SMALL.format(weight=weight, count=count, level=level)


def test_one_clause_is_the_whole_change_and_needs_no_run_of_its_own() -> None:
    found, trader, told = run(small(), small(level=15))
    assert trader.names == ["the old ruleset", "the new ruleset"]
    assert told == [(2, 0)]
    (clause,) = found.clauses
    assert clause.alone is not None
    assert clause.alone.final_equity == 5.0
    assert found.interaction is not None
    assert found.interaction.final_equity == 0.0
    assert not found.interacts


def test_the_remainder_is_named_interaction_and_each_is_left_out_too() -> None:
    found, trader, told = run(small(), small(count=3, level=20))
    # Of two, each one's effect last is the other's alone: no run more.
    assert len(trader.names) == found.backtests == 4
    assert told == [(4, 0)]
    count, level = found.clauses
    assert (count.clauses[0].new, level.clauses[0].new) == ("at most 3 open", "vix > 20")
    assert count.alone is not None
    assert level.alone is not None
    assert found.interaction is not None
    assert (count.alone.final_equity, level.alone.final_equity) == (2000.0, 10.0)
    assert found.interaction.final_equity == 10.0
    assert count.last is not None
    assert level.last is not None
    assert (count.last.final_equity, level.last.final_equity) == (2010.0, 20.0)
    assert "meet in the book" in found.why


def test_three_that_interact_take_three_runs_more_and_three_that_do_not_take_none() -> None:
    extra = "layer other like short\n  at most 5 open\n"
    found, trader, told = run(small() + extra, small(count=3, level=20) + extra.replace("5", "6"))
    assert told == [(5, 3)]
    assert len(trader.names) == 8
    assert sum(name.startswith("without ") for name in trader.names) == 3
    assert found.interacts
    found, trader, told = run(
        small() + extra, small(count=3, weight="20%") + extra.replace("5", "6")
    )
    assert told == [(5, 3)]
    assert len(trader.names) == 5
    assert not found.interacts
    assert all(item.last is None for item in found.clauses)


def test_clauses_that_meet_on_one_decision_say_so() -> None:
    two = small() + "event fomc on same session\n  short x 50%\n"
    new = small(weight="20%") + "event fomc on same session\n  short x 60%\n"

    class Meeting(Trader):
        def __call__(self, checked: Checked, name: str) -> Ran:
            ran = super().__call__(checked, name)
            first = len(self.names) == 2
            return Ran(Figures(float(first), *[0.0] * 6), ran.first, ran.last, 3)

    found, _, _ = run("calendar fomc\n" + two, "calendar fomc\n" + new, Meeting())
    assert found.why == "more than one of them decides short.weight, total_weight"


def test_nothing_is_run_where_nothing_that_is_traded_on_changes() -> None:
    old = small() + "signal calm when vix < 20\nalways short.weight <= 50%\n"
    new = "# a comment\n" + small() + "signal calm when vix < 25\nalways short.weight <= 40%\n"
    found, trader, told = run(old, new.replace("vix > 10", "not vix <= 10"))
    assert found == Results(note=NOTHING_CHANGES)
    assert (trader.names, told) == ([], [])


def test_where_only_one_trades_its_results_stand_alone() -> None:
    found, trader, told = run("target w = 5%\n", small())
    assert trader.names == ["the new ruleset"]
    assert told == [(1, 0)]
    assert found.old is None
    assert found.new is not None
    assert found.clauses == ()
    assert found.note == "the old ruleset trades nothing, so nothing is told by clause"
    found, trader, _ = run(small(), "target w = 5%\n")
    assert trader.names == ["the old ruleset"]
    assert found.new is None
    found, trader, _ = run("target w = 5%\n", "target w = 6%\n")
    assert (found, trader.names) == (Results(note=NEITHER_TRADES), [])


def test_a_clause_that_does_not_check_alone_is_told_with_the_reason() -> None:
    wide = "layer wide like short\n  at most 2 open\n"
    old = small() + "regime calm when vix < 20\n  short x 50%\n"
    new = small(level=11) + wide + "regime calm when vix < 20\n  short x 50%\n  wide x 20%\n"
    found, _, _ = run(old, new)
    told = {item.clauses[0].where: item for item in found.clauses}
    assert told["regime calm"].alone is None
    assert told["regime calm"].reason.startswith("alone it does not check: ")
    assert told["layer short: open when"].alone is not None


def test_clauses_that_check_only_together_are_traded_together() -> None:
    wide = "layer wide like short\n  at most 2 open\n  open when short.breached\n"
    found, trader, _ = run(small() + wide, (small() + wide).replace("short", "near"), _Renamed())
    assert all(item.alone is not None or item.same for item in found.clauses)
    assert trader.names[:2] == ["the old ruleset", "the new ruleset"]


class _Renamed(Trader):
    def __call__(self, checked: Checked, name: str) -> Ran:
        self.names.append(name)
        return Ran(Figures(1.0, *[0.0] * 6), "a", "b", 3)


def test_many_clauses_are_bounded() -> None:
    layers = "".join(
        f"layer l{at} like short\n  at most {{c}} open\n  weight {at + 1}%\n" for at in range(15)
    )
    old, new = (small() + layers.replace("{c}", count) for count in ("1", "2"))
    found, trader, told = run(old, new)
    assert len(found.clauses) == MOST_ALONE
    assert len(found.clauses[-1].clauses) == 15 - MOST_ALONE + 1
    assert told == [(2 + MOST_ALONE, MOST_ALONE)]
    assert len(trader.names) == 2 + MOST_ALONE


def test_a_variant_that_cannot_be_traded_is_told_and_the_rest_goes_on() -> None:
    class Choosy(Trader):
        def __call__(self, checked: Checked, name: str) -> Ran:
            if name == "layer short: at most 3 open":
                raise CannotTradeError("no such column")
            return super().__call__(checked, name)

    found, _, _ = run(small(), small(count=3, level=20), Choosy())
    count, level = found.clauses
    assert count.alone is None
    assert "no such column" in count.reason
    assert level.alone is not None


# --- the command ---

COMMAND = """\
ruleset condors version 1.0.0
  cash earns tbill
data
  spx    price
  vix    volatility
  vix3m  volatility
  tbill  rate  from "tbill_3m"
layer short
  sell iron condor on spx
    expiring 30 to 45 days, nearest 38 days
    at delta 15%
    wings 25 points
  weight 100%
  every 5 sessions
  open when vix3m > vix
  close when days_to_expiry <= 20 days
hedge
  ratio 35% of vega
  hold vix futures months 4 to 7
"""


@pytest.fixture
def folder(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["simulate", "--sessions", "90", "--out", "market.csv"]) == 0
    (tmp_path / "old.alvh").write_text(COMMAND)
    new = COMMAND.replace("weight 100%", "weight 60%").replace("ratio 35%", "ratio 70%")
    (tmp_path / "new.alvh").write_text(new.replace("vix3m > vix", "not vix3m <= vix"))
    capsys.readouterr()
    return tmp_path


DIFF = ["diff", "old.alvh", "new.alvh", "--data", "market.csv", "--backtest"]


def test_the_command_agrees_with_alvh_backtest(folder, capsys) -> None:
    assert main([*DIFF, "--format", "json"]) == 0
    out, err = capsys.readouterr()
    document = json.loads(out)
    SCHEMA.validate(document)
    assert err.splitlines()[0] == "4 backtests"
    assert "backtest 4 of 4: hedge: ratio 70% of vega" in err
    results = document["results"]
    assert [item["changes"][0]["where"] for item in results["clauses"]] == [
        "layer short",
        "hedge",
        "layer short: open when",
    ]
    assert [item["same"] for item in results["clauses"]] == [False, False, True]
    for side in ("old", "new"):
        main(["backtest", f"{side}.alvh", "--data", "market.csv", "--out", side])
        capsys.readouterr()
        told = json.loads((folder / side / "run.json").read_text())["metrics"]
        figures = results[side]["figures"]
        assert figures["final_equity"] == told["hedged"]["final_equity"]
        assert figures["worst_day"] == told["hedged"]["worst_day"]
        assert figures["trades"] == told["trading"]["trades"]
        assert figures["hedge_cost"] == told["trading"]["hedge_cost_per_year"]
    whole = results["new"]["figures"]["final_equity"] - results["old"]["figures"]["final_equity"]
    alone = [item["alone"]["final_equity"] for item in results["clauses"][:2]]
    assert sum(alone) + results["interaction"]["final_equity"] == pytest.approx(whole, abs=1e-6)
    # Each clause alone is the old ruleset with that line changed.
    (folder / "one.alvh").write_text(COMMAND.replace("weight 100%", "weight 60%"))
    main(["backtest", "one.alvh", "--data", "market.csv", "--out", "one"])
    one = json.loads((folder / "one" / "run.json").read_text())["metrics"]["hedged"]["final_equity"]
    assert alone[0] == pytest.approx(one - results["old"]["figures"]["final_equity"], abs=1e-6)


def test_text_and_markdown(folder, capsys) -> None:
    assert main([*DIFF, "--from", "2007-02-01"]) == 0
    text = capsys.readouterr().out
    assert re.search(r"results: 2007-02-01 to 2007-05-\d\d, \d+ sessions; 4 backtests", text)
    assert "  1. layer short: weight 100% → weight 60%\n" in text
    assert "  1 clause is written otherwise and trades as before\n" in text
    assert re.search(r"^  2\. alone +[+−]?\$\d", text, re.M)
    assert main([*DIFF, "--format", "markdown"]) == 0
    lines = capsys.readouterr().out.splitlines()
    at = lines.index("| | old | new | change |")
    assert lines[at + 2].startswith("| equity at the end | $")
    (row,) = [line for line in lines if line.startswith("| hedge: ")]
    assert row.startswith("| hedge: `ratio 35% of vega` → `ratio 70% of vega` | alone | ")


def test_options_that_do_not_go_together(folder, capsys) -> None:
    assert main(["diff", "old.alvh", "new.alvh", "--backtest"]) == 2
    assert "needs `--data FILE`" in capsys.readouterr().err
    assert main(["diff", "old.alvh", "new.alvh", "--from", "2007-02-01"]) == 2
    assert "`--from` goes with `--backtest`" in capsys.readouterr().err
    assert main([*DIFF, "--from", "2030-01-01"]) == 2
    assert "no session of the data lies between 2030-01-01 and " in capsys.readouterr().err
    assert main([*DIFF, "--fee", "-1"]) == 2


def test_no_backtest_is_run_where_no_clause_changes(folder, capsys) -> None:
    (folder / "new.alvh").write_text("# a comment\n" + COMMAND)
    assert main(DIFF) == 0
    out, err = capsys.readouterr()
    assert f"results: {NOTHING_CHANGES}" in out
    assert err == ""


def test_every_part_of_the_schema_is_written() -> None:
    sides = checked(OLD, HEAD), checked(OLD.replace("weight 30%", "weight 25%"), HEAD)
    comparison = compare(*sides, "old.alvh", "new.alvh")
    found = results_of(*sides, _Renamed())
    from dataclasses import replace

    document = json.loads(as_json(replace(comparison, results=found)))
    SCHEMA.validate(document)
    assert document["results"]["clauses"][0]["alone"]["final_equity"] == 0.0
    assert "**Results: a to b, 3 sessions; 2 backtests**" in as_markdown(
        replace(comparison, results=found)
    )
