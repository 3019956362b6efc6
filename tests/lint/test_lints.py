"""Each lint that needs no data: what it must find, at its exact place, and what it must let be."""

from pathlib import Path

import pytest

from alvh_rules.cli.main import main
from alvh_rules.core.diagnostics import Severity
from alvh_rules.core.source import Source
from alvh_rules.lint.catalogue import deprecated_name
from alvh_rules.lint.catalogue.deprecated_name import Deprecated
from alvh_rules.lint.catalogue.uneven_table import odd_one_out
from alvh_rules.pipeline import check_source
from tests.lint.programs import linted, places
from tests.programs import HEAD

LAYER = """\
layer short
  sell iron condor on spx expiring 7 to 21 days
  weight 30%
  open when vix > 15
"""
LONG = LAYER.replace("layer short", "layer long")


# --- repeated-number -----------------------------------------------------------------------------


def test_a_number_compared_with_one_measure_twice_is_found_at_its_second_place() -> None:
    lines = "signal a when vix > 25\nsignal b when vix3m > 25\nsignal c when 25 > vix\n"
    [item], checked = linted("repeated-number", lines)
    assert places("repeated-number", lines) == [(3, 15, "25")]
    assert item.message == "`vix` is compared with 25 at 2 places"
    assert [checked.sources["t.alvh"].position(label.span.start).line for label in item.labels] == [
        6
    ]


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        # Between, a percent for points, closing clauses, an unlike layer, a hedge's condition.
        ("signal a when vix between 20 and 30\nsignal b when vix > 30%\n", [(2, 21, "30%")]),
        ("let r = vix / vix3m\nsignal a when r > -5%\nsignal b when r < -5%\n", [(3, 19, "-5%")]),
        (LAYER + "signal s when vix < 15\n", [(5, 21, "15")]),
        (
            LAYER
            + "  close when any of\n    days_to_expiry <= 2 days\n"
            + LONG
            + "  close when days_to_expiry < 2 days\n",
            [(10, 19, "15"), (11, 31, "2 days")],
        ),
    ],
)
def test_places_of_repeated_numbers(lines, found) -> None:
    assert places("repeated-number", lines) == found


@pytest.mark.parametrize(
    "lines",
    [
        "signal a when vix > 25\nsignal b when vix3m > 25\n",
        "signal a when vix > 25\nsignal b when vix > 26\n",
        "let r = vix / vix3m\nsignal a when r > 0%\nsignal b when r < 0%\n",
        "let r = vix / vix3m\nsignal a when r > 100%\nsignal b when r < 1\n",
        "signal a when vix > 25\nalways vix > 25 when vix3m > 30\n",
        "signal a when vix > 25\nassume vix > 25\n",
        "param p = 25 from 20 to 30\nsignal a when vix > p\nsignal b when vix < p\n",
        "let line = 25\nsignal a when vix > line\nsignal b when vix < line\n",
        # A layer like another has its clauses once, and a clause said twice is ALV504.
        LAYER + "layer long like short\n  weight 10%\n",
        "signal a when all of\n  vix > 25\n  vix > 25\n",
        'signal a when vix > 25\ntest "t"\n  given\n    vix = 30\n  expect\n    vix > 25\n    a\n',
    ],
)
def test_numbers_that_are_let_be(lines) -> None:
    assert places("repeated-number", lines) == []


@pytest.mark.parametrize(
    ("head", "row"),
    [
        (HEAD, "\nparam vix_level = 25\n"),
        (HEAD + "param\n  q = 1 from 1 to 2  # why\n", "  vix_level = 25\n"),
        (HEAD + "param q = 1 from 1 to 2\n", "\nparam vix_level = 25\n"),
        (HEAD + "let vix_level = vix3m\n", "\nparam vix_level_2 = 25\n"),
    ],
)
def test_the_fix_names_the_number_and_keeps_the_decisions(head, row) -> None:
    lines = "signal a when vix > 25\nsignal b when vix < 25\n"
    [item], _ = linted("repeated-number", lines, head)
    assert item.fix is not None
    assert not item.fix.safe
    assert item.fix.edits[0].replacement == row
    name = row.split()[-3]
    text = applied_text(head + lines, item.fix)
    assert text.endswith(f"signal a when vix > {name}\nsignal b when vix < {name}\n")
    checked = check_source(Source("t.alvh", text))
    assert checked.ruleset is not None, checked.rendered()
    assert {param.name: param.value for param in checked.ruleset.params}[name] == 25.0


def applied_text(text: str, fix) -> str:
    for edit in sorted(fix.edits, key=lambda edit: -edit.span.start):
        text = text[: edit.span.start] + edit.replacement + text[edit.span.end :]
    return text


# --- unswept-param -------------------------------------------------------------------------------


def test_a_param_without_a_range_is_found_once() -> None:
    lines = "param\n  a = 20\n  b = 20 from 10 to 30\n  c = 5%\nsignal s when vix > a\nsignal t when vix > b\n"
    assert places("unswept-param", lines) == [(2, 3, "a")]
    codes = [
        (item.code, item.message) for item in check_source(Source("t", HEAD + lines)).diagnostics
    ]
    assert ("ALV105", "param `c` is never used") in codes


# --- untested-decision ---------------------------------------------------------------------------

TESTED = 'test "t"\n  given\n    vix = 30\n  expect\n    a\n'


def test_decisions_without_an_expectation_are_found() -> None:
    hedge = "table full by vix\n  below 20   => 50%\n  20 or more => 100%\n"
    hedge += "hedge\n  ratio full of vega\n  hold vix futures month 1\n"
    lines = "signal a when vix > 25\ntarget w = vix / vix3m\n" + LAYER + hedge + TESTED
    assert places("untested-decision", lines) == [(2, 8, "w"), (3, 7, "short"), (11, 9, "full")]


@pytest.mark.parametrize(
    "expected",
    ["not short.open", "short.open is false", "short.open is missing"],
)
def test_any_expectation_of_a_decision_is_one(expected) -> None:
    lines = LAYER + f'test "t"\n  given\n    vix = 10\n  expect\n    {expected}\n'
    assert places("untested-decision", lines) == []


def test_a_given_value_is_no_expectation_and_an_inline_table_is() -> None:
    given = 'test "t"\n  given\n    a = true\n  expect\n    b\n'
    lines = "signal a when vix > 25\nsignal b when a\n"
    assert places("untested-decision", lines + given) == [(1, 8, "a")]
    cases = 'test "t"\n  cases\n    vix => a, b\n    30  => true, true\n'
    assert places("untested-decision", lines + cases) == []


def test_rulesets_without_tests_are_found_where_that_is_asked_for() -> None:
    assert places("untested-decision", "signal a when vix > 25\n") == []
    found = places("untested-decision", "signal a when vix > 25\n", without_tests=True)
    assert found == [(1, 8, "a")]


# --- overlapping-events --------------------------------------------------------------------------


def events(*blocks: str) -> str:
    return "calendar fomc, cpi\n" + LAYER + LONG + "".join(f"event {block}\n" for block in blocks)


def test_windows_of_one_calendar_that_overlap() -> None:
    lines = events(
        "fomc from 3 sessions before to 1 session after\n  short x 50%",
        "fomc from same session to 2 sessions after\n  short x 40%\n  long x 90%",
    )
    [item], _ = linted("overlapping-events", lines)
    assert places("overlapping-events", lines) == [(12, 7, "fomc")]
    assert item.message == (
        "two windows of `fomc` overlap from the day itself to 1 session after: "
        "`short` is then scaled by 50% × 40% = 20%"
    )
    assert item.label == "this window is from the day itself to 2 sessions after"
    assert item.labels[0].message == "and this one from 3 sessions before to 1 session after"


def test_windows_of_several_calendars_say_how_far_apart_their_dates_may_be() -> None:
    lines = events(
        "fomc from 2 sessions before to 1 session after\n  weight x 50%",
        "cpi from same session to 1 session after\n  short x 80%",
    )
    [item], _ = linted("overlapping-events", lines)
    assert places("overlapping-events", lines) == [(12, 7, "cpi")]
    assert item.message == (
        "windows of `fomc` and `cpi` can overlap: `short` is then scaled by 50% × 80% = 40%"
    )
    # fomc covers [-2, 1], cpi [0, 1] about its own date d: they meet for d from -3 to 1.
    assert item.labels[0].message == (
        "overlaps `cpi` when that falls from 3 sessions before to 1 session after, seen from `fomc`"
    )


@pytest.mark.parametrize(
    "blocks",
    [
        # Windows that meet, other layers, a window with no effect, one event alone.
        (
            "fomc from 2 sessions before to 1 session before\n  short x 50%",
            "fomc on same session\n  short x 40%",
        ),
        ("fomc on same session\n  short x 50%", "fomc on same session\n  long x 40%"),
        ("fomc on same session\n  short x 50%", "cpi on same session\n  long x 40%"),
        ("fomc on same session\n  short x 50%\ncalendar ppi", "cpi on same session"),
    ],
)
def test_windows_that_are_let_be(blocks) -> None:
    assert places("overlapping-events", events(*blocks)) == []


def test_three_calendars_are_one_finding_that_explains_each_pair() -> None:
    lines = events(
        "fomc on same session\n  short x 50%",
        "cpi from 1 session before to same session\n  short x 80%",
        "ppi on same session\n  short x 50%",
    ).replace("calendar fomc, cpi", "calendar fomc, cpi, ppi")
    [item], _ = linted("overlapping-events", lines)
    assert item.message == (
        "windows of `fomc`, `cpi` and `ppi` can overlap: `short` is then scaled by "
        "50% × 80% × 50% = 20% when all are open"
    )
    assert [label.message for label in item.labels] == [
        "overlaps `cpi` when that falls from the day itself to 1 session after, seen from `fomc`; "
        "overlaps `ppi` when that falls on the same session, seen from `fomc`",
        "overlaps `ppi` when that falls from 1 session before to the day itself, seen from `cpi`",
    ]


def test_the_hedge_is_scaled_too() -> None:
    hedge = "hedge\n  ratio 100% of vega\n  hold vix futures month 1\n"
    lines = events("fomc on same session\n  hedge x 50%", "cpi on same session\n  hedge x 50%")
    assert places("overlapping-events", hedge + lines) == [(15, 7, "cpi")]


# --- uneven-table --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "odd"),
    [
        ((150, 100, 60, 145, 35), (3, None, False)),
        ((10, 30, 20, 40), (2, 1, True)),
        ((10, 30, 5, 40), (2, None, True)),
        ((10, 50, 20, 40, 60), (1, None, True)),
        ((1, 1, 3, 2, 2, 4), (2, None, True)),
        # One way, flat, a top, a dip at an end, two runs, too few.
        ((150, 100, 60, 45, 35), None),
        ((1, 1, 2, 2, 2), None),
        ((0, 1, 3, 2), None),
        ((3, 1, 2, 3), None),
        ((0, 1, 0.5, 0), None),
        ((10, 20, 30, 5, 8, 9), None),
        ((5, 5, 5, 5), None),
        ((1, 3, 2), None),
        ((1, 3, 2, 4, 3, 5), None),
    ],
)
def test_one_value_against_all_others(values, odd) -> None:
    assert odd_one_out(values) == odd


def test_a_row_against_its_neighbours_is_found_in_any_order_of_rows() -> None:
    rows = ["below 15 => 150%", "15 to 20 => 100%", "20 to 25 => 60%", "25 to 30 => 145%"]
    rows += ["30 or more => 35%", "missing => 100%"]
    for order in (rows, rows[::-1]):
        lines = "table t by vix\n" + "".join(f"  {row}\n" for row in order)
        line = 2 + order.index("25 to 30 => 145%")
        assert places("uneven-table", lines) == [(line, 15, "145%")]


def test_a_cell_of_a_grid_is_found_along_its_column_and_its_row() -> None:
    lines = (
        "table t by vix, vix3m\n"
        "              | below 10 | 10 to 20 | 20 to 30 | 30 or more\n"
        "  below 10    | 1%       | 2%       | 3%       | 4%\n"
        "  10 to 20    | 2%       | 3%       | 4%       | 5%\n"
        "  20 to 30    | 3%       | 90%      | 5%       | 6%\n"
        "  30 or more  | 4%       | 5%       | 6%       | 7%\n"
    )
    assert places("uneven-table", lines) == [(5, 28, "90%")]
    assert places("uneven-table", lines.replace("90%", "4% ")) == []


def test_an_interpolated_table_has_its_row_marked() -> None:
    points = (("10", "1%"), ("20", "2%"), ("30", "1.5%"), ("40", "3%"), ("50", "4%"))
    lines = "table t by vix, interpolated\n" + "".join(f"  at {x} => {y}\n" for x, y in points)
    found = places("uneven-table", lines)
    assert [(line, marked.strip()) for line, _, marked in found] == [(4, "at 30 => 1.5%")]


def test_tables_of_labels_and_of_measures_have_no_direction() -> None:
    labels = "labels mood = a, b, c, d\ndata\n  now mood\n"
    rows = "  a => 1\n  b => 3\n  c => 2\n  d => 4\n"
    assert places("uneven-table", labels + "table t by now\n" + rows) == []
    rows = "  below 10 => vix\n  10 to 20 => 30\n  20 to 30 => 20\n  30 or more => 40\n"
    assert places("uneven-table", "table t by vix\n" + rows) == []


# --- table-without-missing -----------------------------------------------------------------------

ROWS = "  below 20   => 1%\n  20 or more => 2%\n"


@pytest.mark.parametrize(
    ("lines", "found", "reason"),
    [
        ("table t by sma(vix, 5)\n" + ROWS, (1, 12, "sma(vix, 5)"), "until it has its history"),
        ("let m = sma(vix, 5) + 1\ntable t by m\n" + ROWS, (2, 12, "m"), "`sma` is unknown"),
        ("data\n  adv volatility optional\ntable t by adv\n" + ROWS, (3, 12, "adv"), "is optional"),
        (
            "data\n  cot volatility known next session\ntable t by cot\n" + ROWS,
            (3, 12, "cot"),
            "late",
        ),
        (
            "table t by ago(vix, 5), interpolated\n  at 1 => 1%\n  at 2 => 2%\n",
            (1, 12, "ago(vix, 5)"),
            "ago",
        ),
        ("table s by vix for 3 sessions\n", None, ""),
    ],
)
def test_tables_that_do_not_say_what_holds_while_their_input_is_missing(
    lines, found, reason
) -> None:
    if found is None:
        lines = "let low = vix < 20 for 3 sessions\ntable t by low\n  true => 1%\n  false => 2%\n"
        found, reason = (2, 12, "low"), "`for 3 …`"
    assert places("table-without-missing", lines) == [found]
    [item], _ = linted("table-without-missing", lines)
    assert reason in item.help


@pytest.mark.parametrize(
    "lines",
    [
        "table t by vix\n" + ROWS,
        "table t by sma(vix, 5)\n" + ROWS + "  missing => 1%\n",
        "let m = sma(vix, 5) is missing\ntable t by m\n  true => 1%\n  false => 2%\n",
        # A table that answers for itself is never missing.
        "table s by sma(vix, 5)\n"
        + ROWS
        + "  missing => 1%\ntable t by s\n  below 2% => 1\n  2% or more => 2\n",
        # What is held stays held.
        "hedge\n  ratio 100% of vega\n  hold by sma(vix, 5)\n    below 20   => nothing\n"
        "    20 or more => vix futures month 1\n",
    ],
)
def test_tables_that_are_let_be(lines) -> None:
    assert places("table-without-missing", lines) == []


def test_any_column_counts_where_that_is_asked_for() -> None:
    lines = "table t by vix\n" + ROWS
    assert places("table-without-missing", lines, every_column=True) == [(1, 12, "vix")]


def test_each_input_of_a_grid_is_looked_at() -> None:
    lines = (
        "table t by sma(vix, 5), sma(vix3m, 5)\n"
        "              | below 10 | 10 or more | missing\n"
        "  below 10    | 1%       | 2%         | 2%\n"
        "  10 or more  | 2%       | 3%         | 3%\n"
    )
    assert places("table-without-missing", lines) == [(1, 12, "sma(vix, 5)")]


# --- deprecated-name -----------------------------------------------------------------------------


def test_a_name_that_the_language_renamed_gets_a_safe_fix(monkeypatch) -> None:
    monkeypatch.setattr(deprecated_name, "DEPRECATED", (Deprecated("sma", "ema", "0.2.0"),))
    lines = "let smash = sma(vix, 5) + sma(\n  vix3m, 9)\nsignal s when smash > 20\n"
    found, _ = linted("deprecated-name", lines)
    assert places("deprecated-name", lines) == [(1, 13, "sma"), (1, 27, "sma")]
    assert found[0].message == "`sma` is called `ema` since alvh 0.2.0"
    assert all(item.fix is not None and item.fix.safe for item in found)


def test_a_name_that_a_house_renamed_is_found_where_it_is_used_and_not_declared() -> None:
    lines = LAYER + "let fear = vix\nsignal s when fear > 20 and not short.breached\n"
    renamed = (("fear", "stress"), ("short", "near"))
    found, _ = linted("deprecated-name", lines, renamed=renamed)
    assert places("deprecated-name", lines, renamed=renamed) == [
        (6, 15, "fear"),
        (6, 33, "short"),
    ]
    assert not any(item.fix is not None and item.fix.safe for item in found)
    assert places("deprecated-name", lines) == []


# --- the language's own pages --------------------------------------------------------------------


def test_shipped_rulesets_have_no_warning_of_a_lint(capsys) -> None:
    root = Path(__file__).resolve().parents[2]
    assert main(["check", str(root / "rulesets"), "--deny-warnings"]) == 0
    assert "ALV757" not in capsys.readouterr().out


def test_a_lint_has_the_severity_of_its_record() -> None:
    lines = "param a = 20\nsignal s when vix > a\n"
    [item], _ = linted("unswept-param", lines)
    assert item.severity is Severity.ADVICE
