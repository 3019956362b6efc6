"""What `strands.c` makes."""

from typing import Any, final

CHUNK: int
SOURCE: str
"""The digest of what it was built from (`source.py`); nothing where it was built by hand."""
HAS_WIDER: int
"""Whether this processor has wider vectors, and loops for them were built."""
OPERATIONS: dict[str, tuple[int, str, int, int]]
"""Each operation's number, signature, and how many numbers and counts it remembers."""

@final
class Stepper:
    def step(self, *values: float) -> float: ...

@final
class Machine:
    def __new__(
        cls,
        registers: Any,
        code: Any,
        numbers: Any,
        integers: Any,
        rings: Any,
        kept: int,
        counts: int,
        wider: bool = True,
    ) -> Machine: ...
    def stepper(self, kept: Any, counts: Any) -> Stepper: ...
    def run(
        self,
        rows: int,
        inputs: tuple[Any, ...],
        outputs: tuple[Any, ...],
        kept: Any,
        counts: Any,
        rings: Any,
        seconds: Any = None,
    ) -> None: ...
