"""Sinks: one record each (`record.py`), listed in `registry.py`."""
