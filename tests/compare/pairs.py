"""Two small rulesets, compared."""

from unittest.mock import patch

from alvh_rules.compare.compare import compare
from alvh_rules.compare.comparison import Comparison
from alvh_rules.compare.solver import NoSolverError
from tests.programs import HEAD, checked


def compared(old: str, new: str, head: str = HEAD, new_head: str = "") -> Comparison:
    """The lines after a header with spx, vix and vix3m, compared."""
    one, other = checked(old, head), checked(new, new_head or head)
    assert one.ruleset is not None, one.rendered()
    assert other.ruleset is not None, other.rendered()
    return compare(one, other, "old.alvh", "new.alvh")


def without_solver(old: str, new: str, head: str = HEAD, new_head: str = "") -> Comparison:
    """The same where no solver is installed."""

    def absent(*_: object) -> dict[str, object]:
        raise NoSolverError("the solver is not installed: pip install 'alvh-rules[prove]'")

    with (
        patch("alvh_rules.compare.decisions.ask", absent),
        patch("alvh_rules.compare.implication.ask", absent),
    ):
        return compared(old, new, head, new_head)


def statuses(comparison: Comparison) -> dict[str, str]:
    """Each decision's status."""
    return {item.name: item.status for item in comparison.decisions}
