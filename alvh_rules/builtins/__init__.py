"""The functions a ruleset may call: one record each, in one file a family.

`registry.py` gathers the records. Kernels (vectorised, NumPy) and models (naive, one row at a time)
stand in `kernels/` and `models/`, in modules of the family's name, and are imported when first run:
checking a ruleset needs neither.
"""
