"""Proofs about rulesets: what holds for every market, found by the solver Z3.

`translate.py` says a plan in the solver's terms, `ruleset.py` asks what a ruleset promises,
`equality.py` whether two rulesets decide alike. What each verdict means: docs/prove.md.
"""
