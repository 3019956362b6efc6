"""Compare two checked rulesets: decisions, clauses, data, properties."""

from __future__ import annotations

from alvh_rules.compare.canonical import Canonical, Table, column_names
from alvh_rules.compare.clauses import clause_changes
from alvh_rules.compare.comparison import Comparison
from alvh_rules.compare.decisions import Side, compare_decisions
from alvh_rules.compare.implication import Implications
from alvh_rules.compare.properties import Properties, property_changes
from alvh_rules.compare.requirements import renamed_columns, requirement_changes
from alvh_rules.pipeline import Checked


def compare(
    old: Checked, new: Checked, old_name: str, new_name: str, seconds: float = 10.0
) -> Comparison:
    """What a change from one ruleset to another changes. Both are without errors; `seconds` is what
    the solver may take in all."""
    assert old.ruleset is not None
    assert old.plan is not None
    assert new.ruleset is not None
    assert new.plan is not None
    table = Table()
    renamed = renamed_columns(old.ruleset, new.ruleset)
    by_name = column_names({}), column_names({name: was for was, name in renamed.items()})
    before = Canonical(old.ruleset, old.plan, table)
    after = Canonical(new.ruleset, new.plan, table)
    decisions, proof = compare_decisions(
        Side(old, before, Canonical(old.ruleset, old.plan, table, by_name[0])),
        Side(new, after, Canonical(new.ruleset, new.plan, table, by_name[1])),
        seconds,
    )
    both = set(old.ruleset.outputs) & set(new.ruleset.outputs)
    properties = property_changes(
        Properties(old.ruleset, table, both, by_name[0]),
        Properties(new.ruleset, table, both, by_name[1]),
        (
            Implications(old.ruleset, new.ruleset, both, seconds / 2).always,
            Implications(new.ruleset, old.ruleset, both, seconds / 2).always,
        ),
    )
    changes = (
        *requirement_changes(old.ruleset, new.ruleset),
        *clause_changes(before, after),
        *properties,
    )
    return Comparison(
        old, new, old_name, new_name, decisions, changes, proof, _texts(old) != _texts(new)
    )


def _texts(result: Checked) -> list[str]:
    """The texts that a ruleset is written in, its own first; names of used files count too."""
    own, *used = result.sources.items()
    return [own[1].text, *(f"{name}\n{source.text}" for name, source in used)]
