"""Coverage: what the tests have seen, and each place that they have not."""

from alvh_rules.core.source import Source
from alvh_rules.pipeline import check_source
from alvh_rules.testing.coverage import Coverage
from alvh_rules.testing.run_tests import run_tests

RULESET = """\
ruleset r version 1.0.0
data
  vix volatility
labels mood = low, high
let kind = if vix > 30 then high else low
table step1 by vix
  below 20 => 1%
  20 or more => 2%
  missing => 3%
table grid by vix, kind
  | low | high
  below 40 | 1% | 2%
  40 or more | 3% | 4%
  missing => 5%
table ramp by vix, interpolated
  at 10 => 0%
  at 20 => 50%
  at 30 => 100%
  missing => 7%
signal nervous when vix > 25 and vix < 80
target amount = step1 + grid + ramp
"""


def lines(tests: str) -> list[str]:
    result = check_source(Source("r.alvh", RULESET + tests))
    assert result.ruleset is not None, result.rendered()
    coverage = Coverage(result.ruleset)
    outcomes = run_tests(result.ruleset, None, coverage)
    assert {item.verdict for item in outcomes} <= {"passed"}
    return coverage.lines()


def test_nothing_is_covered_without_tests() -> None:
    found = lines("")
    assert found[:3] == [
        "  rules taken: 0% (0 of 1)",
        "  table rows: 0% (0 of 12)",
        "  conditions, both ways: 0% (0 of 6)",
    ]
    assert "    line 8: `20 or more => 2%` of table `step1` never answered" in found
    assert "    line 11: `high` of table `grid` never answered" in found
    assert "    line 20: `nervous` was never taken" in found
    assert "    line 20: `vix > 25` was never true nor false" in found


def test_one_value_covers_what_it_touches() -> None:
    found = lines('test "one"\n  given\n    vix = 15\n  expect\n    not nervous\n')
    assert found == [
        "  rules taken: 0% (0 of 1)",
        "  table rows: 41% (5 of 12)",
        "  conditions, both ways: 50% (3 of 6)",
        "    line 5: `vix > 30` was never true",
        "    line 8: `20 or more => 2%` of table `step1` never answered",
        "    line 9: `missing => 3%` of table `step1` never answered",
        "    line 11: `high` of table `grid` never answered",
        "    line 13: `40 or more | 3% | 4%` of table `grid` never answered",
        "    line 14: `missing => 5%` of table `grid` never answered",
        "    line 18: `at 30 => 100%` of table `ramp` never answered",
        "    line 19: `missing => 7%` of table `ramp` never answered",
        "    line 20: `vix > 25` was never true",
        "    line 20: `nervous` was never taken",
        "    line 20: `vix < 80` was never false",
    ]


def test_all_of_it() -> None:
    rows = "".join(f"    {value} => true\n" for value in ["35", "45"])
    rows += "".join(f"    {value} => false\n" for value in ["15", "25", "90"])
    body = 'test "all"\n  cases\n    vix => nervous\n' + rows
    body += 'test "lost"\n  given\n    vix = missing\n  expect\n    nervous is missing\n'
    assert lines(body) == [
        "  rules taken: 100% (1 of 1)",
        "  table rows: 100% (12 of 12)",
        "  conditions, both ways: 100% (6 of 6)",
    ]
