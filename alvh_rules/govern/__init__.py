"""Governance: how a ruleset may change, agreed beforehand and kept by the repository.

`charter.py` says who decides and by which rules; `entries.py` and `ledger.py` hold what was done, a
signed entry a line; `judge.py` says which entries count; `state.py` what is in force from which
session, and `in_force.py` what was on a past one (`backtest --as-governed`). `evidence.py` makes what a proposal carries (class of change, proofs, tests), and `verify.py`
holds a checkout to all of it. Why it is built so: docs/decisions/0010-governance.md.
"""
