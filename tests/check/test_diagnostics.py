"""Bad programs get exactly the diagnostics they deserve, each at its place."""

import pytest

from alvh_rules.pipeline import check
from alvh_rules.testing.run_tests import run_tests
from tests.programs import checked, found

PLANTED = """\
let a = vixx / vix
let b = if vix > spx / vix3m then 1 else 2
table gap by vix
  below 15 => 1
  over 15 => 2
table twice by vix
  below 20 => 1
  15 or more => 2
let c = d + 1
let d = c + 1
signal calm when vix < 0.30
let e = ago(vix, -5)
test "nothing"
  given
    vix = 14
layer short
  sell iron condor on spx
     expiring 7 to 21 days
   weight 30%
  open when vix > 20
layer short
  sell iron condor on spx expiring 30 days
  weight 10%
  open when vix > 20
signal odd when spx > vix
"""

SOLD = (
    "layer s\n  sell put on spx expiring 30 days at delta 16%\n  weight 30%\n"
    "  open when vix > 20\n  "
)


def test_every_planted_mistake_gets_one_diagnostic_at_its_place() -> None:
    assert found(PLANTED) == [
        ("ALV101", 1, 9),
        ("ALV201", 2, 18),
        ("ALV301", 5, 3),
        ("ALV302", 8, 3),
        ("ALV104", 9, 9),
        ("ALV202", 11, 24),
        ("ALV401", 12, 18),
        ("ALV701", 13, 6),
        ("ALV005", 19, 4),
        ("ALV102", 21, 7),
        ("ALV201", 25, 17),
    ]


@pytest.mark.parametrize(
    ("lines", "code", "help"),
    [
        ("signal s when vix < 0.30", "ALV202", "did you mean `30`?"),
        ("signal s when vix3m / vix - 1 > 5", "ALV202", "did you mean `5%`?"),
        ("signal s when rsi(spx, 14) < 30%", "ALV207", "write `30`"),
        ("let s = smaa(spx, 20)", "ALV106", "did you mean `sma`?"),
        ("tabel t by vix\n  below 1 => 1", "ALV003", "did you mean `table`?"),
        ("signal s when vix == 20", "ALV001", "`is` asks whether two things are equal"),
        ("let sma = vix", "ALV103", "choose another name"),
        ("let s = sma(spx, 1000000000)", "ALV402", "a year has 252 sessions"),
        ("let s = sma(spx, vix)", "ALV208", "write a number of rows"),
        ("event fomc on same session\n  weight x 50%", "ALV108", "add a line `calendar fomc`"),
        ('use "../../etc/passwd"', "ALV911", ""),
        ("let s = vix + spx", "ALV201", "only values of one kind add up"),
        ("let s = RSI(spx, 14)", "ALV106", "did you mean `rsi`?"),
        ("let s = lag(spx, 1)", "ALV106", "did you mean `ago`?"),
        ("let s = MA(spx, 20)", "ALV106", "did you mean `sma`?"),
        ("let s = nosuch(spx)", "ALV106", "`alvh functions` lists them"),
        ("let s = sma(spx, 50 days)", "ALV208", "did you mean `50 sessions`?"),
        ("signal s when vix > 20 for 3 days", "ALV208", "did you mean `3 sessions`?"),
        ("calendar cpi\nsignal s when not cpi", "ALV213", "`days_until(cpi) is 0 days`"),
        ("signal s when spx.close > 100", "ALV101", "write `spx`"),
        ("target w = vix / 0", "ALV214", "what was it to be divided by?"),
        ("target w = 3 / -0.0", "ALV214", "what was it to be divided by?"),
        ("table w by vix\n  below 9 => 1\n  else => 2", "ALV304", "the last by `… or more`"),
        (SOLD + "close when dte <= 21", "ALV101", "did you mean `days_to_expiry`?"),
        (SOLD + "close when profit >= 50%", "ALV207", "`50% of credit`"),
        ("limit book.margin <= 50%", "ALV207", "`50% of equity`"),
        (SOLD.replace("16%", "-16%"), "ALV605", "write `16%`: a put's delta"),
        (SOLD.replace("16%", "-1"), "ALV605", "write `1%`"),
        ("signal s when vix", "ALV205", "compare it"),
        ("signal s when vix between 30 and 20", "ALV603", "write `20 to 30`"),
        ("signal s when all of\n  vix > 30\n  vix < 20", "ALV503", "so the whole never holds"),
    ],
)
def test_says_what_was_meant(lines: str, code: str, help: str) -> None:
    errors = [item for item in checked(lines + "\n").diagnostics if item.is_error]
    assert [item.code for item in errors] == [code]
    assert help in errors[0].help


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (("below 5", "over 5"), "exactly 5"),
        (("up to 5", "5 or more"), "exactly 5"),
        (("below 5", "7 or more"), "values from 5 to below 7"),
        (("5 or more",), "values from 0 to below 5"),
        (("below 5", "5 to 9"), "values from 9 up"),
        (("up to 5", "over 5 up to 9"), "values over 9"),
        (("below 5", "3 to 9", "9 or more"), "values from 3 to below 5"),
    ],
)
def test_bands_name_the_exact_points(rows: tuple[str, ...], message: str) -> None:
    lines = "table t by vix\n" + "".join(f"  {row} => 10%\n" for row in rows)
    texts = [item.message for item in checked(lines).diagnostics if item.is_error]
    assert len(texts) == 1
    assert texts[0].endswith(message)


def test_every_way_of_saying_a_boundary_covers_the_line() -> None:
    rows = ("up to 5", "over 5 up to 9", "over 9 up to 10", "over 10")
    assert found("table t by vix\n" + "".join(f"  {row} => 1\n" for row in rows)) == []
    rows = ("below 5", "5 to 9", "9 to 10", "10 or more", "missing")
    assert found("table t by vix\n" + "".join(f"  {row} => 1\n" for row in rows)) == []


def test_bounds_are_refused_at_once(tmp_path) -> None:
    deep = "let a = " + "(" * 100_000 + "1" + ")" * 100_000 + "\n"
    assert [code for code, _, _ in found(deep)] == ["ALV902"]
    lines = "let a =\n" + "  (\n" * 100_000
    assert found(lines)[0][0] == "ALV901"
    big = tmp_path / "big.alvh"
    big.write_bytes(b"# \n" * 20_000_000)
    assert [item.code for item in check(big).diagnostics] == ["ALV905"]


def test_unreadable_files_are_findings(tmp_path) -> None:
    assert [item.code for item in check(tmp_path).diagnostics] == ["ALV904"]
    latin = tmp_path / "latin.alvh"
    latin.write_bytes(b"ruleset caf\xe9 version 1.0.0\n")
    assert [item.code for item in check(latin).diagnostics] == ["ALV906"]
    outside = tmp_path / "outside.alvh"
    outside.write_text('ruleset t version 1.0.0\nuse "../../etc/passwd"\n')
    assert [item.code for item in check(outside).diagnostics] == ["ALV910"]


def test_names_of_used_files_are_seen(tmp_path) -> None:
    (tmp_path / "common.alvh").write_text("let slope = vix3m / vix - 1\n")
    main = tmp_path / "main.alvh"
    main.write_text(
        'ruleset t version 1.0.0\nuse "common.alvh"\ndata\n  vix volatility\n  vix3m volatility\n'
        "signal inverted when slope < 0%\n"
    )
    assert check(main).diagnostics == ()


def test_the_byte_order_mark_of_a_used_file_is_no_part_of_it(tmp_path) -> None:
    (tmp_path / "common.alvh").write_bytes("\ufefflet slope = vix / 2\r\n".encode())
    main = tmp_path / "main.alvh"
    main.write_text(
        'ruleset t version 1.0.0\nuse "common.alvh"\ndata\n  vix volatility\n'
        "signal high when slope > 5\n"
    )
    result = check(main)
    assert result.diagnostics == ()
    assert result.sources["common.alvh"].text == "let slope = vix / 2\n"


def test_calls_in_calls_are_checked_in_a_time_that_does_not_double_with_each_level() -> None:
    depth = 60
    lines = "signal s when " + "min(" * depth + "vix" + ", vix)" * depth + " > 20\n"
    assert found(lines) == []


def test_an_event_of_an_unknown_calendar_has_its_effects_checked_too() -> None:
    assert found("event fomc on same session\n  shrt x 50%\n") == [
        ("ALV108", 1, 7),
        ("ALV606", 2, 3),
    ]


def test_a_range_with_one_unit_is_turned_with_its_unit() -> None:
    layer = "layer short\n  sell iron condor on spx expiring 21 to 7 days\n  weight 10%\n"
    result = checked(layer + "  open when vix > 20\n")
    [item] = [item for item in result.diagnostics if item.code == "ALV603"]
    assert item.help == "write `7 to 21 days`"


def test_a_table_may_be_as_long_as_a_file() -> None:
    bands = "".join(f"  {n} to {n + 1} => {n}%\n" for n in range(1, 10_001))
    table = f"table t by vix\n  below 1 => 0%\n{bands}  10001 or more => 1%\n"
    tests = 'test "far"\n  given\n    vix = 9000.5\n  expect\n    t is 9000%\n'
    result = checked(table + tests)
    assert result.ruleset is not None
    assert [item.verdict for item in run_tests(result.ruleset)] == ["passed"]


@pytest.mark.parametrize(
    "lines",
    [
        "signal s when spx > $4,800\n",
        "param\n  low = $50\nsignal s when spx > low\n",
        "param\n  low = $50\nsignal s when low > $40\n",
        "let cost = $50 * 2%\nsignal s when cost < $2\n",
        "let worth = $50 * (1 contracts)\nsignal s when worth > $20\n",
        'test "t"\n  given\n    spx = $5,000\n  expect\n    spx > 20\n',
    ],
)
def test_dollars_are_prices_and_money(lines: str) -> None:
    assert found(lines) == []


def test_dollars_are_nothing_else() -> None:
    assert found("signal s when vix > $20\n") == [("ALV207", 1, 21)]
    assert found("signal s when vix3m / vix > $1\n") == [("ALV207", 1, 29)]
