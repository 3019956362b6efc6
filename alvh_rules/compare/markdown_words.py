"""Texts of a ruleset in Markdown: as code, or with Markdown's own signs made harmless."""

from __future__ import annotations

from alvh_rules.core.cells import escaped


def code(text: str) -> str:
    """A text of the ruleset as code in a table; nothing where it is empty."""
    if not text:
        return ""
    held = escaped(" ".join(text.split())).replace("|", "\\|")
    # A fence longer than any run of backticks inside it.
    fence = "`" * (1 + held.count("`"))
    room = " " if "`" in held else ""
    return f"{fence}{room}{held}{room}{fence}"


def plain(text: str) -> str:
    """A text of ours that may hold words of the ruleset, with Markdown's own signs made harmless."""
    told = escaped(" ".join(text.split()))
    for sign in "\\|*_[]<>#`~":
        told = told.replace(sign, f"\\{sign}")
    return told
