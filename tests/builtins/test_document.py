"""The function reference: it is what the command prints, and every example in it checks."""

import re
from pathlib import Path

import pytest

from alvh_rules.builtins.document import EXAMPLES, look_back, reference, result, takes
from alvh_rules.builtins.registry import BUILTINS
from alvh_rules.check import checked as c
from alvh_rules.cli.main import main
from alvh_rules.core.kinds import DESCRIPTIONS
from alvh_rules.core.source import Source
from alvh_rules.pipeline import check_source

ROOT = Path(__file__).resolve().parents[2]


def test_the_file_is_what_the_command_prints(capsys) -> None:
    assert main(["functions", "--markdown"]) == 0
    printed = capsys.readouterr().out
    assert printed == (ROOT / "docs/functions.md").read_text(encoding="utf-8")


def test_every_function_has_its_place_once() -> None:
    headings = re.findall(r"^### (\w+)$", reference(), re.M)
    assert sorted(headings) == sorted(BUILTINS)


def example(text: str) -> c.CheckedRuleset:
    lines = f"{EXAMPLES}let shown = {text}\nsignal used when shown is missing\n"
    checked = check_source(Source("example.alvh", f"ruleset example version 1.0.0\n{lines}"))
    assert checked.ruleset is not None, checked.rendered()
    return checked.ruleset


@pytest.mark.parametrize("record", BUILTINS.values(), ids=lambda record: record.name)
def test_every_example_checks_and_is_of_the_kind_that_the_reference_says(record) -> None:
    call = example(record.example).values["shown"]
    assert isinstance(call, c.Invoke)
    assert call.builtin is record
    said = result(record)
    if record.returns is not None:
        assert said == DESCRIPTIONS[call.type.kind]
    else:
        first = next(item for item in call.arguments if item.type.kind.value != "text")
        assert call.type.kind is first.type.kind
        assert said.startswith("of the kind of")


def test_every_name_of_the_examples_is_used_by_one() -> None:
    declared = set(re.findall(r"^  (\w+) ", EXAMPLES, re.M)) | {"fomc", "slope"}
    used = {word for record in BUILTINS.values() for word in re.findall(r"\w+", record.example)}
    assert declared <= used


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("sma", "n - 1 rows"),
        ("ago", "n rows"),
        ("crosses_above", "one row"),
        ("cumulative", "every row so far"),
        ("ema", "every row so far; unknown for the first n - 1 rows that are known"),
        ("rsi", "every row so far; unknown for the first n rows that are known"),
        (
            "macd_signal",
            "every row so far; unknown for the first 33 rows (of the windows by default) that are known",
        ),
        ("delta", "none"),
        ("days_until", "none"),
    ],
)
def test_look_backs_in_words(name: str, text: str) -> None:
    assert look_back(BUILTINS[name]) == text


def test_what_arguments_may_be_in_words() -> None:
    model = {item.name: takes(item) for item in BUILTINS["option_price"].parameters}
    assert model["right"] == "`call` or `put`"
    assert model["spot"] == "a price or a volatility (in points)"
    assert takes(BUILTINS["sma"].parameters[0]) == "a number"


def test_one_function_is_described(capsys) -> None:
    assert main(["functions", "vega"]) == 0
    shown = capsys.readouterr().out
    assert "vega(call or put, spot, strike, volatility, days, rate = 0, yield = 0)" in shown
    assert "look-back: none" in shown
