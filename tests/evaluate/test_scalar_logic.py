"""The code for one bar leaves out what no longer matters, and nothing else."""

from alvh_rules import load
from alvh_rules.core.resources import shipped_rulesets
from alvh_rules.core.source import Source
from alvh_rules.evaluate.scalar_code import BarByBar
from alvh_rules.pipeline import check_source
from tests.evaluate.test_blocks import bar_by_bar, random_market
from tests.evaluate.test_interpreter import TEXT


def code_of(text: str, *names: str) -> str:
    result = check_source(Source("r.alvh", text))
    assert result.ruleset is not None, result.rendered()
    wanted = [result.plan.names[name] for name in names or result.ruleset.outputs]
    source: str = BarByBar(result.plan.nodes, wanted).source
    return source


HEAD = "ruleset r version 1.0.0\ndata\n  a price\n  b price\n  c price\n"


def depth_of(source: str, part: str) -> int:
    """How deep the line that says a part is indented, in steps inside the function."""
    (line,) = (line for line in source.splitlines() if part in line)
    return (len(line) - len(line.lstrip())) // 4 - 2


def test_a_later_condition_is_worked_out_only_where_it_matters() -> None:
    source = code_of(HEAD + "signal s when a > b and a / c > 90%\n")
    assert depth_of(source, "/ v") == 1


def test_what_another_reads_is_worked_out_on_every_bar() -> None:
    source = code_of(HEAD + "signal s when a > b and a / c > 90%\ntarget t = a / c\n")
    assert depth_of(source, "/ v") == 0


def test_what_remembers_goes_by_every_bar() -> None:
    source = code_of(HEAD + "signal s when a > b and ema(a, 3) > b and a > b for 3\n")
    depths = {depth_of(source, f"{part} + 1") for part in ("_not_false", "_known")}
    assert depths == {0}
    assert "    if v" in source


def test_conditions_without_end_are_not_nested_without_end() -> None:
    clauses = "".join(f"  a / c > {number}%\n" for number in range(2, 160))
    text = HEAD + f"signal s when all of\n{clauses}"
    assert max(len(line) - len(line.lstrip()) for line in code_of(text).splitlines()) < 4 * 15
    result = check_source(Source("r.alvh", text))
    bar_by_bar(
        result.ruleset,
        result.plan,
        random_market(check_source(Source("t.alvh", TEXT.format(*["up"] * 5))).ruleset, 1),
    )


def test_what_calendars_say_is_asked_once_a_session() -> None:
    rules = load(next(path for path in shipped_rulesets() if path.stem == "alvh_core"))
    wanted = [rules.plan.names[name] for name in rules.checked.outputs]
    lines = BarByBar(rules.plan.nodes, wanted).source.splitlines()
    (at,) = (n for n, line in enumerate(lines) if "!= session_before" in line)
    once = [line for line in lines[at + 1 :] if line.startswith(" " * 12)]
    # The weights that events alone scale are looked up there, the ratio that the slope has is not.
    assert sum("t" in line and "[v" in line for line in once) >= 3
    assert any("[v" in line and line.startswith(" " * 8 + "v") for line in lines)
