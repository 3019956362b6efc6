"""Decisions into positions, marked every session."""
