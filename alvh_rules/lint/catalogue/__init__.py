"""The lints, one a file; `alvh_rules/lint/registry.py` lists them."""
