"""The tests that a ruleset carries."""
