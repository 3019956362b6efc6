"""The files that come with the package: the grammar and the shipped rulesets.

In a wheel they stand inside the package; in a checkout, beside it.
"""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent


def _folder(name: str) -> Path:
    inside = _PACKAGE / name
    return inside if inside.is_dir() else _PACKAGE.parent / name


def grammar_path() -> Path:
    """The grammar."""
    return _folder("grammar") / "alvh.lark"


def grammar_table_path() -> Path:
    """The parser's table, made from the grammar (`alvh_rules/syntax/build_table.py`)."""
    return _folder("grammar") / "alvh.table.json"


def shipped_rulesets() -> list[Path]:
    """The rulesets that come with the package, by name."""
    return sorted(_folder("rulesets").glob("*.alvh"))


def ruleset_path(name: str) -> Path | None:
    """The shipped ruleset of this name, or None."""
    for path in shipped_rulesets():
        if path.stem == name:
            return path
    return None
