"""Small programs for tests: a frame of a ruleset around the lines under test."""

from alvh_rules.core.source import Source
from alvh_rules.pipeline import Checked, check_source

HEAD = "ruleset t version 1.0.0\ndata\n  spx price\n  vix volatility\n  vix3m volatility\n"


def checked(lines: str, head: str = HEAD) -> Checked:
    """The lines, checked after a header with spx, vix and vix3m."""
    return check_source(Source("t.alvh", head + lines))


def found(lines: str, head: str = HEAD) -> list[tuple[str, int, int]]:
    """Code, line (of `lines`, from one) and column of each error."""
    result = checked(lines, head)
    offset = head.count("\n")
    out = []
    for item in result.diagnostics:
        if item.severity == "error" and item.span is not None:
            at = result.sources[item.span.file].position(item.span.start)
            out.append((item.code, at.line - offset, at.column))
    return out
