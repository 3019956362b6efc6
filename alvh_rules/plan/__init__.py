"""The plan: a ruleset as one graph of column operations, verified before any data is read."""
