"""What a change of a ruleset changes: decisions, clauses, data, properties, and sessions of history."""
