"""Lints: what a checked ruleset may say and probably should not; configuration; fixes."""
