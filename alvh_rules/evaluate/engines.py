"""The engines that a run can have, and which one is taken.

All give the same bits. `blocks` is NumPy alone. `native` runs what it can in strands of the native
machine, which is made when the package is installed (`native/strands.c`). `compiled` has Numba make a
loop of each strand, which takes seconds before the first row.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from alvh_rules.builtins.record import Shape
from alvh_rules.builtins.registry import BUILTINS
from alvh_rules.evaluate.compiled_code import can_be_compiled, numba_is_there
from alvh_rules.evaluate.native_code import can_be_encoded
from alvh_rules.evaluate.strands import Takes, takes_none
from alvh_rules.native import native_is_there
from alvh_rules.plan import graph as g


class Engine(StrEnum):
    """How a plan is run."""

    BLOCKS = "blocks"
    NATIVE = "native"
    COMPILED = "compiled"


AUTO = "auto"
ENGINES = (AUTO, *(str(engine) for engine in Engine))
COMPILE_FROM = 100_000_000
"""Rows from which compiling is done unasked where there is no native machine: it takes two to six
seconds, and where averages recur it saves 30 to 40 ns a row on one thread and half of that on two."""
_ABSENT = {
    Engine.NATIVE: "the native engine was not built when `alvh-rules` was installed, or from other"
    " source than is here: it takes a C compiler; install again where there is one, or choose `blocks`",
    Engine.COMPILED: "the compiled engine needs Numba: install `alvh-rules[fast]`, or choose `blocks`",
}


class AbsentEngineError(ValueError):
    """An engine was chosen that is not installed."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(_ABSENT[engine])


def engine_of(asked: str, rows: int, nodes: Iterable[g.Node] = ()) -> Engine:
    """The engine of a run of so many rows of a plan, for one of `ENGINES`.

    `auto` is the native one where it was built. Where it was not, only what recurs is worth
    compiling: NumPy is as fast at the rest.

    Raises ValueError for another name, and `AbsentEngineError` for an engine that is not installed.
    """
    if asked == AUTO:
        return _best(rows, nodes)
    if asked not in ENGINES:
        raise ValueError(f"the engines are {', '.join(ENGINES)}; there is no `{asked}`")
    engine = Engine(asked)
    if not is_there(engine):
        raise AbsentEngineError(engine)
    return engine


def _best(rows: int, nodes: Iterable[g.Node]) -> Engine:
    if native_is_there():
        return Engine.NATIVE
    many = rows >= COMPILE_FROM and numba_is_there()
    return (
        Engine.COMPILED if many and any(recurs(node.operation) for node in nodes) else Engine.BLOCKS
    )


def is_there(engine: Engine) -> bool:
    """Whether an engine is installed."""
    if engine is Engine.NATIVE:
        return native_is_there()
    return engine is Engine.BLOCKS or numba_is_there()


def takes_of(engine: Engine) -> Takes:
    """What an engine takes into strands."""
    found: dict[Engine, Takes] = {
        Engine.NATIVE: can_be_encoded,
        Engine.COMPILED: can_be_compiled,
    }
    return found.get(engine, takes_none)


def recurs(operation: g.Operation) -> bool:
    """Whether each row rests on the row before."""
    return isinstance(operation, g.Call) and BUILTINS[operation.function].shape is Shape.RECURSIVE
