"""Three-valued truth (Kleene's strong logic): false, unknown, true as -1, 0, 1.

With this encoding `and` is the minimum, `or` the maximum and `not` the negative, for Python
integers and for NumPy int8 arrays alike, and `for N sessions` is a rolling minimum.
Source: S. C. Kleene, Introduction to Metamathematics (1952), section 64.
"""

from __future__ import annotations

from typing import Final

FALSE: Final = -1
UNKNOWN: Final = 0
TRUE: Final = 1

WORDS: Final = {FALSE: "false", UNKNOWN: "unknown", TRUE: "true"}
