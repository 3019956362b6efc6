"""The native machine that runs strands of a plan, where it was built.

It is made from `strands.c` when the package is installed and a C compiler is there. Where it is not,
NumPy does the same with the same bits, in more time. A machine that was built from other source than
lies here, as after an update without an installation, is not taken: it may do something else.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from alvh_rules.native.source import digest

if TYPE_CHECKING:
    from alvh_rules.native._strands import CHUNK, OPERATIONS, Machine
else:
    CHUNK, OPERATIONS, Machine = 0, {}, None
    try:
        from alvh_rules.native import _strands
    except ImportError:
        pass
    else:
        # What is built by hand does not say of what.
        if not _strands.SOURCE or digest(Path(__file__).parent) in (_strands.SOURCE, None):
            from alvh_rules.native._strands import CHUNK, OPERATIONS, Machine

__all__ = ["CHUNK", "OPERATIONS", "Machine", "native_is_there"]


def native_is_there() -> bool:
    """Whether the native machine was built, from the source that is here."""
    return bool(OPERATIONS)
