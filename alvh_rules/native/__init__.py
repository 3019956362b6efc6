"""The native machine that runs strands of a plan, where it was built.

It is made from `strands.c` when the package is installed and a C compiler is there. Where it is not,
NumPy does the same with the same bits, in more time: `Machine` is None then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from alvh_rules.native._strands import CHUNK, OPERATIONS, Machine
else:
    try:
        from alvh_rules.native._strands import CHUNK, OPERATIONS, Machine
    except ImportError:
        CHUNK, OPERATIONS, Machine = 0, {}, None

__all__ = ["CHUNK", "OPERATIONS", "Machine", "native_is_there"]


def native_is_there() -> bool:
    """Whether the native machine was built."""
    return bool(OPERATIONS)
