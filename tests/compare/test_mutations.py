"""Every number, comparison and word that decides something is seen: shipped rulesets, mutated one by one.

No solver is asked, so that what is here is the whole of what structure sees: a mutant must show as a
decision that is not the same, or as a clause, a need or a property that differs.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import pytest

from alvh_rules.compare.compare import compare
from alvh_rules.compare.comparison import SAME
from alvh_rules.compare.solver import NoSolverError
from alvh_rules.core.source import Source
from alvh_rules.pipeline import check_source
from alvh_rules.syntax import ast
from alvh_rules.syntax.parse import parse
from alvh_rules.syntax.walk import walk

RULESETS = sorted((Path(__file__).resolve().parents[2] / "rulesets").glob("*.alvh"))
TURNED = {"<": "<=", "<=": "<", ">": ">=", ">=": ">"}


def mutants(text: str) -> Iterator[tuple[str, str]]:
    """What was done, and the text with it done."""
    for item in parse(Source("m.alvh", text)).file.items:
        if isinstance(item, ast.Test):
            continue
        for node in walk(item):
            start, end = node.span.start, node.span.end
            if isinstance(node, ast.Number):
                found = re.search(r"\d[\d,]*(\.\d+)?", text[start:end])
                assert found is not None
                value = float(found[0].replace(",", ""))
                other = f"{value + 1:.10g}" if value == int(value) else f"{value + 0.01:.10g}"
                at = start + found.start()
                yield f"{found[0]} → {other}", text[:at] + other + text[at + len(found[0]) :]
            elif isinstance(node, ast.Comparison):
                left, right = node.left.span.end, node.right.span.start
                sign = text[left:right].replace(node.operator, TURNED[node.operator])
                yield f"{text[start:end]}: {sign.strip()}", text[:left] + sign + text[right:]
            elif isinstance(
                node, ast.CashEarns | ast.Fee | ast.Slippage | ast.Fill | ast.Contracts
            ):
                yield f"without {text[start:end]}", text[:start] + text[end:]
            elif isinstance(node, ast.Logical) and len(node.items) > 2:
                for part in node.items:
                    line = text.rfind("\n", 0, part.span.start)
                    yield (
                        f"without {text[part.span.start : part.span.end]}",
                        (text[:line] + text[part.span.end :]),
                    )


def absent(*_: object) -> dict[str, object]:
    raise NoSolverError("no solver")


@pytest.mark.parametrize("path", RULESETS, ids=lambda path: path.stem)
def test_each_mutant_of_a_shipped_ruleset_is_found(path: Path) -> None:
    text = path.read_text()
    base = check_source(Source(path.name, text), path.parent)
    assert base.ruleset is not None
    tried, missed = 0, []
    with (
        patch("alvh_rules.compare.decisions.ask", absent),
        patch("alvh_rules.compare.implication.ask", absent),
    ):
        for what, changed in mutants(text):
            mutant = check_source(Source(path.name, changed), path.parent)
            if mutant.ruleset is None:
                continue
            tried += 1
            found = compare(base, mutant, "old", "new")
            if not found.changes and all(item.status == SAME for item in found.decisions):
                missed.append(what)
    assert tried
    assert missed == []
