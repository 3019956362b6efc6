"""Small programs for the lints' tests: what a lint finds in a ruleset, and where."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from alvh_rules.core.diagnostics import Diagnostic
from alvh_rules.core.source import Source
from alvh_rules.lint.configuration import Configuration
from alvh_rules.lint.registry import NAMES
from alvh_rules.lint.run import lint
from alvh_rules.pipeline import Checked, check_source, evaluate
from tests.programs import HEAD


def linted(
    name: str,
    lines: str,
    head: str = HEAD,
    *,
    data=None,
    **options,
) -> tuple[list[Diagnostic], Checked]:
    """What one lint finds in the lines, after a header with spx, vix and vix3m; `data` is a frame."""
    checked = check_source(Source("t.alvh", head + lines))
    assert checked.ruleset is not None, checked.rendered()
    code = NAMES[name]
    written: Mapping = {code: {key.replace("_", "-"): value for key, value in options.items()}}
    configuration = Configuration(selected=frozenset({code}), options=written)
    evaluation = None
    if data is not None:
        from alvh_rules.market.read import market_from_frame

        market, problems = market_from_frame(data, checked.ruleset.schema)
        assert market is not None, problems
        evaluation = evaluate(checked.ruleset, market, plan=checked.plan)
    found = lint(checked, Path("t.alvh"), configuration, evaluation)
    return [item for item in found if item.code == code], checked


def places(name: str, lines: str, head: str = HEAD, **rest) -> list[tuple[int, int, str]]:
    """Line (of `lines`, from one), column and marked text of each finding of a lint."""
    found, checked = linted(name, lines, head, **rest)
    out = []
    for item in found:
        assert item.span is not None
        source = checked.sources[item.span.file]
        at = source.position(item.span.start)
        marked = source.text[item.span.start : item.span.end]
        out.append((at.line - head.count("\n"), at.column, marked))
    return out


@cache
def simulated(sessions: int = 750):
    """A simulated market of daily bars."""
    from alvh_rules.market.simulate import simulate

    return simulate(sessions, seed=3)
