"""How large a ruleset may be. A ruleset is untrusted text: each bound is refused with a diagnostic."""

from __future__ import annotations

from typing import Final

MOST_BYTES: Final = 1_000_000
"""A ruleset file's size."""
MOST_NESTED: Final = 64
"""Parentheses inside parentheses."""
MOST_DEPTH: Final = 200
"""Levels of an expression's tree; a sum of n terms has n levels."""
MOST_DIGITS: Final = 30
"""Digits of a number."""
MOST_LINE: Final = 2_000
"""Characters of a line."""
MOST_WINDOW: Final = 25_200
"""Rows of one window: a century of sessions."""
MOST_LOOKBACK: Final = 100_000
"""Rows of a chain of windows."""
MOST_USED_FILES: Final = 64
"""Files that a ruleset may bring in, through all levels."""
MOST_DIAGNOSTICS: Final = 200
"""Findings shown of one file; the rest are counted."""
