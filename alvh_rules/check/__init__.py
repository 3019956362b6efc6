"""From a syntax tree to a checked ruleset, with everything that is wrong with it."""
