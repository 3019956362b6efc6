"""How far back each decision looks, and when it is first known for certain, as text."""

from __future__ import annotations

from alvh_rules.check.checked import CheckedRuleset
from alvh_rules.plan.graph import Plan
from alvh_rules.plan.look_back import look_backs


def look_back_lines(ruleset: CheckedRuleset, plan: Plan) -> list[str]:
    """A line for each output: what must have passed before it, and whether it remembers more."""
    found = look_backs(plan.nodes, ruleset.schema.bars)
    width = max((len(name) for name in ruleset.outputs), default=0)
    lines = []
    for name in ruleset.outputs:
        own = found[plan.names[name]]
        needed = own.describe(ruleset.schema.bars)
        memory = "; remembers every row since the first" if own.endless else ""
        lines.append(f"  {name:<{width}}  warm-up {needed}{memory}")
    return lines
