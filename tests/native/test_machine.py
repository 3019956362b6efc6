"""The native machine: what it refuses, and that each operation is its model's, however it is run."""

import array
import gc
import sys
import threading
import time
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alvh_rules import load
from alvh_rules.core.resources import shipped_rulesets
from alvh_rules.evaluate.engine import Run
from alvh_rules.evaluate.engines import Engine
from alvh_rules.evaluate.native import NativeStrand
from alvh_rules.evaluate.native_code import Held, Place, tree_lags
from tests.native.models import CASES, Case, codes, filled, numbers, truths

strands = pytest.importorskip(
    "alvh_rules.native._strands",
    reason="the native engine was not built: there was no C compiler",
    exc_type=ImportError,
)
CHUNK, OPERATIONS = strands.CHUNK, strands.OPERATIONS
DTYPES = [np.float64, np.int8, np.int32, np.int16]
HELD = dict(
    zip("fgtch", (Held.NUMBER, Held.NUMBER, Held.TRUTH, Held.CODE, Held.SHORT), strict=True)
)
MOST_WORDS, MOST_REGISTERS, MOST_LAG = 1 << 20, 1 << 16, 1 << 24


def machine(registers=(), code=(), numbers=(), integers=(), rings=(), kept=0, counts=0, **options):
    return strands.Machine(
        np.array(registers, dtype=np.int32).reshape(-1, 4),
        np.array(code, dtype=np.int32),
        np.array(numbers, dtype=np.float64),
        np.array(integers, dtype=np.int32),
        np.array(rings, dtype=np.int32),
        kept,
        counts,
        **options,
    )


def say(name: str, *words: int) -> list[int]:
    return [OPERATIONS[name][0], 2 + len(words), *words]


# --- programs that are refused ---

NUMBER, TRUTH, CODE, SHORT = Held
IN = (Place.INPUT, NUMBER, 0, 0)
OTHER_IN = (Place.INPUT, NUMBER, 1, 0)
TRUTH_IN = (Place.INPUT, TRUTH, 1, 0)
CODE_IN = (Place.INPUT, CODE, 1, 0)
OUT = (Place.OUTPUT, NUMBER, 0, 0)
OTHER_OUT = (Place.OUTPUT, NUMBER, 1, 0)
TRUTH_OUT = (Place.OUTPUT, TRUTH, 0, 0)
SLOT = (Place.SCRATCH, NUMBER, 0, 0)
FILLED = (Place.FILLED, NUMBER, 0, 0)
CONSTANT = (Place.CONSTANT, NUMBER, 0, 0)
COPY = say("copy", 1, 0)

REFUSED = [
    ("a program that remembers more than it may", {"kept": -1}),
    ("a program that remembers more than it may", {"counts": -1}),
    ("a program that remembers more than it may", {"kept": MOST_WORDS + 1}),
    ("a program that remembers more than it may", {"counts": MOST_WORDS + 1}),
    ("a ring of no length that it may have at 1", {"rings": [1, 0]}),
    ("a ring of no length that it may have at 0", {"rings": [-1]}),
    ("a ring of no length that it may have at 0", {"rings": [MOST_LAG + 1]}),
    ("a program that takes more memory than it may", {"rings": [MOST_LAG] * 16}),
    ("no such register at 0", {"registers": [(-1, NUMBER, 0, 0)]}),
    ("no such register at 0", {"registers": [(len(Place), NUMBER, 0, 0)]}),
    ("no such register at 0", {"registers": [(Place.INPUT, -1, 0, 0)]}),
    ("no such register at 1", {"registers": [IN, (Place.INPUT, len(Held), 0, 0)]}),
    ("a register of no place at 0", {"registers": [(Place.SCRATCH, NUMBER, -1, 0)]}),
    ("a register of no place at 0", {"registers": [(Place.OUTPUT, NUMBER, MOST_REGISTERS, 0)]}),
    ("no such constant at 0", {"registers": [(Place.FILLED, SHORT, 0, 0)], "numbers": [1]}),
    ("no such constant at 0", {"registers": [(Place.FILLED, NUMBER, 0, 1)], "numbers": [1]}),
    ("no such constant at 0", {"registers": [(Place.FILLED, NUMBER, 0, -1)], "numbers": [1]}),
    ("no such constant at 0", {"registers": [(Place.CONSTANT, TRUTH, 0, 0)], "numbers": [1]}),
    ("no such constant at 0", {"registers": [(Place.CONSTANT, NUMBER, 1, 0)], "numbers": [1]}),
    ("no such input at 0", {"registers": [(Place.INPUT, SHORT, 0, 0)]}),
    ("a slot of two constants at 1", {"registers": [FILLED, FILLED], "numbers": [1]}),
    ("a slot that a constant has at 0", {"registers": [SLOT, FILLED], "numbers": [1]}),
    ("no such operation at 0", {"code": [-1, 2]}),
    ("no such operation at 4", {"registers": [IN, OUT], "code": [*COPY, len(OPERATIONS), 2]}),
    ("an instruction of another length at 0", {"registers": [IN, OUT], "code": COPY[:3]}),
    ("an instruction of another length at 0", {"registers": [IN, OUT], "code": [*COPY, 0][:1]}),
    (
        "an instruction of another length at 4",
        {"registers": [IN, OUT], "code": [*COPY, COPY[0], 5, 1, 0, 0]},
    ),
    ("no such register at 0", {"registers": [IN, OUT], "code": say("copy", 1, -1)}),
    ("no such register at 0", {"registers": [IN, OUT], "code": say("copy", 1, 2)}),
    ("no such register at 0", {"registers": [IN, OUT], "code": say("copy", 2, 0)}),
    ("a register of another type at 0", {"registers": [IN, TRUTH_OUT], "code": COPY}),
    ("a register of another type at 0", {"registers": [TRUTH_IN, OUT], "code": COPY}),
    (
        "a register of another type at 0",
        {"registers": [CODE_IN, TRUTH_OUT], "code": say("shorten", 1, 0)},
    ),
    (
        "a constant where rows are wanted at 0",
        {"registers": [CONSTANT, OUT], "code": COPY, "numbers": [1]},
    ),
    (
        "constants alone where rows are wanted at 0",
        {"registers": [CONSTANT, OUT], "code": say("add", 1, 0, 0), "numbers": [1]},
    ),
    ("a register that may not be filled at 0", {"registers": [IN, OTHER_IN], "code": COPY}),
    (
        "a register that may not be filled at 0",
        {"registers": [IN, FILLED], "code": COPY, "numbers": [1]},
    ),
    (
        "a register that may not be filled at 0",
        {"registers": [IN, OUT, OTHER_IN], "code": say("window_moments", 1, 2, 0, 1, 0)},
    ),
    ("no such constant at 0", {"code": say("average", 1, 0, 0, 0, 1, 0, 0), "numbers": [1]}),
    ("no such constant at 0", {"code": say("average", 1, 0, 0, -1, 0, 0, 0), "numbers": [1]}),
    *(
        (
            "no such table at 0",
            {
                "registers": [CODE_IN, (Place.OUTPUT, held, 0, 0)],
                "code": say(name, 1, 0, *place),
                pool: [1, 2],
            },
        )
        for name, held, pool in (("look_up", 0, "numbers"), ("look_up_code", 2, "integers"))
        for place in ((-1, 1), (0, 0), (0, -1), (1, 2), (2, 1), (2**31 - 1, 2**31 - 1))
    ),
    # Of less than a point, a slope and a value it would read before its first.
    ("no such table at 0", {"code": say("interpolate", 1, 0, 0, 2), "numbers": [1, 2]}),
    (
        "no such remembered numbers at 0",
        {"code": say("average", 1, 0, 0, 0, 0, 1, 0), "numbers": [1], "kept": 2, "counts": 1},
    ),
    (
        "no such remembered numbers at 0",
        {"code": say("cumulative", 1, 0, -1), "kept": 2},
    ),
    (
        "no such remembered counts at 0",
        {"code": say("average", 1, 0, 0, 0, 0, 0, 1), "numbers": [1], "kept": 2, "counts": 1},
    ),
    ("a window of no length at 0", {"code": say("ago", 1, 0, 0, 0), "rings": [9]}),
    ("a window of no length at 0", {"code": say("window_sum", 1, 0, -1, 0), "rings": [9]}),
    ("a window of no length at 0", {"code": say("ago", 1, 0, MOST_LAG + 1, 0), "rings": [9]}),
    ("no such ring at 0", {"code": say("ago", 1, 0, 9, -1), "rings": [9]}),
    ("no such ring at 0", {"code": say("window_sum", 1, 0, 3, 1), "rings": [1, 1]}),
    ("a ring that is too short at 0", {"code": say("ago", 1, 0, 9, 0), "rings": [8]}),
    *(
        ("a ring that is too short at 0", {"code": say("window_least", 1, 0, n, 0), "rings": rings})
        for n in (21, 64, 1100)
        for place, lag in enumerate(tree_lags(n))
        if lag > 1
        for rings in [[lag - (own == place) for own, lag in enumerate(tree_lags(n))]]
    ),
    ("a register that is read while it is filled at 0", {"code": say("copy", 1, 1)}),
    (
        "a register that is read while it is filled at 4",
        {"registers": [IN, SLOT, (*SLOT[:3], 1)], "code": say("copy", 1, 0) + say("copy", 2, 1)},
    ),
    (
        "a register that is read while it is filled at 4",
        {"registers": [IN, OUT, (*OUT[:3], 1)], "code": COPY + say("add", 2, 0, 1)},
    ),
    *(
        (
            "a register that is read while it is filled at 4",
            {
                "registers": [IN, OUT, SLOT],
                "code": COPY + say("window_moments", *registers, 1, 0),
            },
        )
        for registers in ((2, 2, 0), (2, 1, 1), (1, 2, 1))
    ),
    ("a register that nothing has filled at 0", {"registers": [SLOT, OUT], "code": COPY}),
    (
        "a register that nothing has filled at 0",
        {"registers": [OUT, OTHER_OUT], "code": COPY},
    ),
    (
        "a register that nothing has filled at 4",
        {
            "registers": [IN, SLOT, (Place.SCRATCH, CODE, 0, 0), (Place.OUTPUT, CODE, 0, 0)],
            "code": COPY + say("copy_code", 3, 2),
        },
    ),
    ("an output that nothing fills at 0", {"registers": [IN, OUT]}),
    ("an output that nothing fills at 0", {"registers": [IN, OTHER_OUT], "code": COPY}),
]


@pytest.mark.parametrize(("message", "parts"), REFUSED)
def test_a_program_is_refused(message, parts) -> None:
    with pytest.raises(ValueError) as refused:  # noqa: PT011
        machine(**{"registers": [IN, OUT], **parts} if "code" in parts else parts)
    assert str(refused.value) == message


PARTS = [
    (np.int32, 4 * MOST_REGISTERS),
    (np.int32, MOST_WORDS),
    (np.float64, MOST_WORDS),
    (np.int32, MOST_WORDS),
    (np.int32, MOST_WORDS),
]


@pytest.mark.parametrize("part", range(len(PARTS)))
def test_a_part_of_a_program_has_a_type_and_a_greatest_length(part) -> None:
    def refused(given) -> str:
        parts = [np.zeros(0, dtype) for dtype, _ in PARTS]
        parts[part] = given
        with pytest.raises(ValueError, match=r"a (buffer|part|register) ") as told:
            strands.Machine(*parts, 0, 0)
        return str(told.value)

    dtype, most = PARTS[part]
    too_long = "a part of a program that is longer than it may be"
    assert refused(np.zeros(most + 1, dtype)) == too_long
    assert refused(np.zeros(4, np.int64)) == "a buffer of another type"
    assert refused(np.zeros(4, np.float32)) == "a buffer of another type"
    assert refused(bytes(16)) == "a buffer of another type"
    assert refused(odd(np.zeros(4, dtype))) == "a buffer that is not aligned"
    let_go = array.array("h")
    assert refused(let_go) == "a buffer of another type"
    let_go.append(1)


def test_registers_are_four_words_each() -> None:
    nothing, number = np.zeros(0, np.int32), np.zeros(0)
    with pytest.raises(ValueError, match=r"^a register of no four words$"):
        strands.Machine(np.zeros(5, np.int32), nothing, number, nothing, nothing, 0, 0)


def test_what_may_just_be_is_taken() -> None:
    at_most = (Place.INPUT, NUMBER, MOST_REGISTERS - 1, 0)
    machine([at_most], rings=[MOST_LAG] * 15, kept=MOST_WORDS, counts=MOST_WORDS)
    for n in (1, 2, 3, 21, 64, 1100, MOST_LAG - 1):
        lags = tree_lags(n)
        machine([IN, OUT], say("window_sum", 1, 0, n, 0), rings=lags)
        both = [lag for lag in lags for _ in range(2)]
        machine([IN, OUT], say("window_weighted", 1, 0, n, 0), rings=both)
        if lags:
            with pytest.raises(ValueError, match=r"^no such ring at 0$"):
                machine([IN, OUT], say("window_sum", 1, 0, n, 0), rings=lags[:-1])
            with pytest.raises(ValueError, match=r"^no such ring at 0$"):
                machine([IN, OUT], say("window_weighted", 1, 0, n, 0), rings=both[:-1])


@pytest.mark.parametrize("given", [None, 1, [1.0], "numbers"])
def test_what_is_no_buffer_is_refused(given) -> None:
    nothing = np.zeros(0, np.int32)
    with pytest.raises(TypeError):
        strands.Machine(nothing, nothing, given, nothing, nothing, 0, 0)


# --- runs that are refused ---


def block(rows: int = 5) -> dict:
    """All that a run of `adding` takes."""
    return {
        "rows": rows,
        "inputs": (np.arange(1.0, rows + 1), np.arange(rows, dtype=np.int8)),
        "outputs": (np.zeros(rows), np.zeros(rows, np.int8)),
        "kept": np.zeros(1),
        "counts": np.zeros(1, np.int64),
        "rings": np.zeros(2),
        "seconds": np.zeros(4),
    }


def adding():
    """A program that has all sorts of buffers."""
    registers = [IN, (Place.INPUT, TRUTH, 1, 0), OUT, (Place.OUTPUT, TRUTH, 1, 0), SLOT]
    registers.append((Place.SCRATCH, NUMBER, 1, 0))
    code = say("cumulative", 4, 0, 0) + say("ago", 5, 4, 2, 0)
    code += say("add", 2, 4, 5) + say("latch", 3, 1, 1, 0)
    return machine(registers, code, rings=[2], kept=1, counts=1)


def odd(array):
    """The same, at an address that is no multiple of its items' size."""
    space = np.zeros(array.nbytes + 1, np.int8)
    return space[1:].view(array.dtype)


def readonly(array):
    array.flags.writeable = False
    return array


def test_a_run() -> None:
    given = block()
    adding().run(*given.values())
    assert given["outputs"][0].tolist() == [1, 3, 7, 13, 21]
    assert given["outputs"][1].tolist() == [0, -1, -2, -3, -4]
    assert (given["kept"].tolist(), given["rings"].tolist()) == ([15], [10, 15])
    assert given["counts"].tolist() == [-4]
    assert (given["seconds"] > 0).all()
    before = given["seconds"].copy()
    adding().run(*given.values())
    assert (given["seconds"] > before).all()
    given["inputs"][0].flags.writeable = False
    adding().run(*list(given.values())[:-1])


NO_LENGTH = "a memory of another length than the program has"
NO_COLUMN = "another number of columns than the program has"
NO_TYPE = "a buffer of another type"
NO_WRITING = "a buffer that is not contiguous, or not writable"
OVERLAP = "a buffer that is written to overlaps another"
FIVE, TRUTHS = np.zeros(5), np.zeros(5, np.int8)
SPACE = np.zeros(12)

REFUSED_RUNS = [
    ("no such number of rows", {"rows": -1}),
    ("no such number of rows", {"rows": sys.maxsize // 16 + 1}),
    (NO_COLUMN, {"inputs": (FIVE,)}),
    (NO_COLUMN, {"inputs": (FIVE, TRUTHS, TRUTHS)}),
    (NO_COLUMN, {"inputs": [FIVE, TRUTHS]}),
    (NO_COLUMN, {"outputs": ()}),
    ("a column of another length at 0", {"rows": 4}),
    ("a column of another length at 0", {"rows": sys.maxsize // 16}),
    ("a column of another length at 1", {"inputs": (FIVE, np.zeros(6, np.int8))}),
    ("a column of another length at 0", {"outputs": (np.zeros(4), TRUTHS)}),
    (NO_LENGTH, {"kept": np.zeros(0)}),
    (NO_LENGTH, {"kept": np.zeros(2)}),
    (NO_LENGTH, {"counts": np.zeros(2, np.int64)}),
    (NO_LENGTH, {"rings": np.zeros(3)}),
    (NO_LENGTH, {"rings": np.zeros(1)}),
    (NO_LENGTH, {"seconds": np.zeros(3)}),
    (NO_TYPE, {"inputs": (np.zeros(5, np.int64), TRUTHS)}),
    (NO_TYPE, {"inputs": (np.zeros(5, ">f8"), TRUTHS)}),
    (NO_TYPE, {"inputs": (FIVE, np.zeros(5, bool))}),
    (NO_TYPE, {"inputs": (bytes(40), TRUTHS)}),
    (NO_TYPE, {"outputs": (np.array([None] * 5), TRUTHS)}),
    (NO_TYPE, {"outputs": (FIVE, bytearray(5))}),
    (NO_TYPE, {"kept": np.zeros(1, np.int64)}),
    (NO_TYPE, {"counts": np.zeros(1)}),
    ("a buffer that is not aligned", {"inputs": (odd(FIVE), TRUTHS)}),
    ("a buffer that is not aligned", {"outputs": (odd(FIVE), TRUTHS)}),
    ("a buffer that is not aligned", {"rings": odd(np.zeros(2))}),
    ("ndarray is not C-contiguous", {"inputs": (np.zeros(10)[::2], TRUTHS)}),
    (NO_WRITING, {"inputs": (memoryview(np.zeros(10))[::2], TRUTHS)}),
    (NO_WRITING, {"outputs": (FIVE, bytes(5))}),
    *(
        ("buffer source array is read-only", {name: given})
        for name, given in (
            ("outputs", (readonly(np.zeros(5)), TRUTHS)),
            ("kept", readonly(np.zeros(1))),
            ("counts", readonly(np.zeros(1, np.int64))),
            ("rings", readonly(np.zeros(2))),
            ("seconds", readonly(np.zeros(4))),
        )
    ),
    (OVERLAP, {"inputs": (FIVE, TRUTHS), "outputs": (FIVE, np.zeros(5, np.int8))}),
    (OVERLAP, {"inputs": (SPACE[:5], TRUTHS), "outputs": (SPACE[4:9], np.zeros(5, np.int8))}),
    (OVERLAP, {"inputs": (SPACE[4:9], TRUTHS), "outputs": (SPACE[:5], np.zeros(5, np.int8))}),
    (OVERLAP, {"outputs": (FIVE, FIVE[1:].view(np.int8)[:5])}),
    (OVERLAP, {"kept": SPACE[:1], "rings": SPACE[:2]}),
    (OVERLAP, {"inputs": (SPACE[:5], TRUTHS), "seconds": SPACE[1:5]}),
    (OVERLAP, {"counts": SPACE[7:8].view(np.int64), "outputs": (SPACE[3:8], TRUTHS)}),
]


@pytest.mark.parametrize(("message", "parts"), REFUSED_RUNS)
def test_a_run_is_refused(message, parts) -> None:
    given = {**block(), **parts}
    with pytest.raises(ValueError) as refused:  # noqa: PT011
        adding().run(*given.values())
    assert str(refused.value) == message


@pytest.mark.parametrize("name", ["inputs", "kept", "counts", "rings", "seconds"])
def test_a_run_on_what_is_no_buffer_is_refused(name) -> None:
    given = block()
    given[name] = (1, 2) if name == "inputs" else 1
    with pytest.raises(TypeError):
        adding().run(*given.values())


def test_what_stands_beside_each_other_does_not_overlap() -> None:
    space = np.zeros(20)
    given = block()
    given["inputs"] = (space[5:10], given["inputs"][1])
    given["outputs"] = (space[:5], given["outputs"][1])
    given["rings"], given["kept"] = space[10:12], space[12:13]
    adding().run(*given.values())
    # What is only read may be read twice.
    twice = machine([IN, OTHER_IN, OUT], say("add", 2, 0, 1))
    nothing = np.zeros(0)
    twice.run(3, (space[:3], space[1:4]), (space[4:7],), nothing, np.zeros(0, np.int64), nothing)


def test_buffers_and_types_are_let_go() -> None:
    column = array.array("d", [1.0] * 5)

    def machines() -> int:
        for message, parts in REFUSED_RUNS[2:]:
            given = {**block(), "inputs": (column, TRUTHS), **parts}
            with pytest.raises(ValueError, match=message.split(" at ")[0]):
                adding().run(*given.values())
            # An array that someone has a buffer of cannot grow.
            column.append(1.0)
            column.pop()
        for _, parts in REFUSED:
            with pytest.raises(ValueError, match=r"."):
                machine(**parts)
        adding().run(*{**block(), "inputs": (column, TRUTHS)}.values())
        column.append(1.0)
        column.pop()
        gc.collect()
        # Each machine has a reference to its type.
        return sys.getrefcount(strands.Machine)

    # Python itself keeps some from the first time on.
    machines()
    assert machines() == machines()


# --- operations ---


class Trial:
    """A machine of one operation, with the columns that it reads and those that it is to fill."""

    def __init__(self, case: Case, wider: bool) -> None:
        _, signature, kept, counts = OPERATIONS[case.name]
        assert (kept, counts) == (len(case.kept), len(case.counts))
        fills = 2 if case.name == "window_moments" else 1
        registers, words, constants = [], [], iter(range(len(case.k)))
        rings: list[int] = []
        integers: list[int] = []
        # A stranger in front of each pool: places are no numbers from nought.
        pool = [99.0, *case.k]
        self.case, self.columns = case, []
        self.types: list[Held] = []
        for place, letter in enumerate(signature):
            held = HELD.get(letter)
            if held is not None and place < fills:
                registers.append((Place.OUTPUT, held, place, 0))
                self.types.append(held)
            elif held is not None and case.constant == place - fills:
                registers.append((Place.CONSTANT, NUMBER, 1, 0))
            elif held is not None:
                registers.append((Place.INPUT, held, len(self.columns), 0))
                make = {NUMBER: numbers, TRUTH: truths, CODE: codes}[held]
                options = (case.is_tame,) if held is NUMBER else ()
                column = make(len(self.columns), *options)[: case.rows]
                self.columns.append(np.array(column, DTYPES[held]))
            elif letter == "k":
                words.append(1 + next(constants))
            elif letter == "n":
                is_first = "n" not in signature[:place]
                two = signature.count("n") == 2
                words.append(case.what if two and is_first else case.n)
            elif letter == "K":
                words += [len(pool), len(case.table)]
                pool += case.table
            elif letter == "I":
                integers = [99, *case.table]
                words += [1, len(case.table)]
            elif letter in "SC":
                words.append(1)
            else:
                columns = {"window_moments": 2, "window_weighted": 2, "window_products": 5}
                alone = {"ago": [case.n], "window_rank": [case.n - 1]}
                lags = alone.get(case.name) or tree_lags(case.n)
                rings = [3, *(lag for lag in lags for _ in range(columns.get(case.name, 1)))]
                words.append(1)
        self.code = [OPERATIONS[case.name][0], 2 + len(registers) + len(words)]
        self.code += [*range(len(registers)), *words]
        self.kept = np.array([77.0, *case.kept])
        self.counts = np.array([77, *case.counts], dtype=np.int64)
        self.rings = np.full(sum(rings), np.nan)
        self.machine = machine(
            registers,
            self.code,
            pool,
            integers,
            rings,
            1 + kept,
            1 + counts,
            wider=wider,
        )

    def wanted(self) -> list[np.ndarray]:
        given = [column.tolist() for column in self.columns]
        if self.case.constant is not None:
            given.insert(self.case.constant, [self.case.k[0]] * self.case.rows)
        return [
            np.array(column, DTYPES[held])
            for column, held in zip(filled(self.case, given), self.types, strict=True)
        ]

    def run(self, cuts: list[int]) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """The columns that are filled, and what is remembered behind the last row."""
        outputs = [np.full(cuts[-1], 55, DTYPES[held]) for held in self.types]
        memory = [self.kept.copy(), self.counts.copy(), self.rings.copy()]
        for begin, end in zip([0, *cuts], cuts, strict=False):
            inputs = tuple(column[begin:end] for column in self.columns)
            into = tuple(column[begin:end] for column in outputs)
            self.machine.run(end - begin, inputs, into, *memory)
        return outputs, memory


def same(found, wanted) -> bool:
    """The same bits, but of NaN any: a sum of two has either's."""
    if found.dtype != np.float64:
        return found.tobytes() == wanted.tobytes()
    alike = found.view(np.int64) == wanted.view(np.int64)
    return bool((alike | (np.isnan(found) & np.isnan(wanted))).all())


@cache
def wanted(case: Case) -> list[np.ndarray]:
    return Trial(case, False).wanted()


WIDER = [
    pytest.param(False, id="plain"),
    pytest.param(
        True,
        id="wider",
        marks=pytest.mark.skipif(
            not strands.HAS_WIDER, reason="no wider loops, or a processor without them"
        ),
    ),
]


@pytest.mark.parametrize("wider", WIDER)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_an_operation_is_its_model(case, wider) -> None:
    trial = Trial(case, wider)
    for rows in (0, 1, CHUNK - 1, CHUNK, CHUNK + 1, case.rows):
        outputs, _ = trial.run([rows])
        for found, column in zip(outputs, wanted(case), strict=True):
            assert same(found, column[:rows]), rows
    whole, memory = trial.run([case.rows])
    chance = np.random.default_rng(len(case.name))
    random = (sorted(chance.integers(0, case.rows, pieces).tolist()) for pieces in (2, 4, 9))
    # Bar by bar at first, while averages begin.
    for places in (*random, range(1, 60)):
        cuts = [*places, case.rows]
        outputs, after = trial.run(cuts)
        for found, column in zip(outputs + after, whole + memory, strict=True):
            assert same(found, column), cuts
    # What stands beside its own is left alone.
    assert (memory[0][0], memory[1][0]) == (77, 77)


def test_every_operation_has_a_case_that_is_mostly_known() -> None:
    known = {
        case.name
        for case in CASES
        if all(np.isfinite(column).mean() > 0.4 for column in wanted(case))
    }
    assert known == set(OPERATIONS)


# --- programs of several instructions ---


def random_columns(rows: int, count: int) -> list[np.ndarray]:
    chance = np.random.default_rng(rows)
    return [np.ascontiguousarray(column) for column in chance.normal(size=(count, rows))]


NOTHING = (np.zeros(0), np.zeros(0, np.int64), np.zeros(0))


@pytest.mark.parametrize("held", [NUMBER, TRUTH, CODE])
@pytest.mark.parametrize("rows", [1, CHUNK, 2 * CHUNK + 5])
def test_a_constant_stands_on_every_row(held, rows) -> None:
    name = {NUMBER: "copy", TRUTH: "copy_truth", CODE: "copy_code"}[held]
    value = {NUMBER: 1, TRUTH: -1, CODE: -(2**31)}[held]
    constant, out = (Place.FILLED, held, 0, value), (Place.OUTPUT, held, 0, 0)
    # Another slot is written to over and over.
    registers = [constant, out, IN, (Place.SCRATCH, NUMBER, 1, 0)]
    code = say(name, 1, 0) + say("negative", 3, 2)
    found = np.zeros(rows, DTYPES[held])
    machine(registers, code, [5, 0.5]).run(rows, (np.ones(rows),), (found,), *NOTHING)
    assert (found == (0.5 if held is NUMBER else value)).all()


def test_a_slot_is_taken_again_by_another_type() -> None:
    a, b = random_columns(CHUNK + 9, 2)
    registers = [IN, OTHER_IN, SLOT, (Place.SCRATCH, TRUTH, 1, 0), (Place.SCRATCH, CODE, 0, 0)]
    registers += [(Place.OUTPUT, CODE, 0, 0)]
    code = say("subtract", 2, 0, 1) + say("is_missing", 3, 2) + say("digit_of_truth", 4, 3)
    code += say("digit", 5, 4)
    found = np.zeros(len(a), np.int32)
    a[3] = np.nan
    machine(registers, code).run(len(a), (a, b), (found,), *NOTHING)
    assert found.tolist() == [3 if row == 3 else 1 for row in range(len(a))]


def test_a_program_of_nothing_does_nothing() -> None:
    machine().run(9, (), (), *NOTHING)
    machine().run(0, (), (), *NOTHING, None)


# --- threads ---


def averaging(steps: int = 20):
    """A program that keeps a thread busy, and remembers."""
    registers = [IN, OUT, *((Place.SCRATCH, NUMBER, slot, 0) for slot in range(steps))]
    code = []
    for step in range(steps):
        out = 1 if step == steps - 1 else 2 + step
        code += say("average", out, 1 + step if step else 0, 0, 1, 1, 2 * step, step)
    kept = np.array([np.nan, 0.0] * steps)
    return machine(registers, code, [1.0, 0.5], kept=2 * steps, counts=steps), kept


def test_two_threads_run_one_machine_at_once() -> None:
    shared, kept = averaging()
    columns = random_columns(100_000, 2)

    def run(column) -> np.ndarray:
        found, memory = np.zeros(len(column)), kept.copy()
        counts = np.zeros(len(kept) // 2, np.int64)
        for cut in np.split(np.arange(len(column)), 10):
            own = slice(cut[0], cut[-1] + 1)
            rows = len(cut)
            shared.run(rows, (column[own],), (found[own],), memory, counts, np.zeros(0))
        return found

    alone = [run(column) for column in columns]
    assert alone[0].tobytes() != alone[1].tobytes()
    together: dict[int, np.ndarray] = {}
    threads = [
        threading.Thread(target=lambda n=n, column=column: together.update({n: run(column)}))
        for n, column in enumerate(columns)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for n, found in enumerate(alone):
        assert together[n].tobytes() == found.tobytes()


def test_a_run_lets_other_threads_go_on() -> None:
    shared, kept = averaging()
    (column,) = random_columns(1_000_000, 1)
    told = []

    def run() -> None:
        rest = (kept, np.zeros(len(kept) // 2, np.int64), np.zeros(0))
        begun = time.perf_counter()
        shared.run(len(column), (column,), (np.zeros(len(column)),), *rest)
        told.extend([begun, time.perf_counter()])

    thread = threading.Thread(target=run)
    thread.start()
    here = []
    while thread.is_alive():
        here.append(time.perf_counter())
        time.sleep(0.001)
    begun, ended = told
    quarter = (ended - begun) / 4
    assert any(begun + quarter < moment < ended - quarter for moment in here)


# --- programs that were changed ---


@cache
def programs() -> list:
    """Of the strands of a shipped ruleset."""
    rules = load(next(path for path in shipped_rulesets() if path.stem == "alvh_core"))
    plan = rules.plan
    run = Run(plan.nodes, list(plan.names.values()), engine=Engine.NATIVE)
    return [step.program for step, _ in run._steps if isinstance(step, NativeStrand)]


WORDS = st.one_of(st.integers(-2, 70), st.integers(-(2**31), 2**31 - 1))
EDITS = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 10**6), WORDS), max_size=3)


@settings(max_examples=300, deadline=None)
@given(EDITS, st.randoms(use_true_random=False))
def test_a_changed_program_is_refused_or_runs(edits, chance) -> None:
    program = chance.choice(programs())
    parts = [program.registers.ravel().copy(), program.code.copy(), program.rings.copy()]
    for part, place, word in edits:
        if len(parts[part]):
            parts[part][place % len(parts[part])] = word
    registers, code, rings = parts
    kept, counts = len(program.kept), len(program.counts)
    try:
        made = machine(registers, code, program.numbers, program.integers, rings, kept, counts)
    except ValueError:
        assert edits
        return
    if int(rings.sum()) > 10**6:
        return
    bytes_of = np.random.default_rng(chance.getrandbits(32)).bytes
    memory = [
        np.frombuffer(bytearray(bytes_of(8 * count)), dtype)
        for count, dtype in ((kept, np.float64), (counts, np.int64), (int(rings.sum()), np.float64))
    ]
    for rows in (CHUNK + 3, 5):
        columns = {}
        for place, held, index, _ in registers.reshape(-1, 4).tolist():
            dtype = np.dtype(DTYPES[held])
            data = bytearray(bytes_of(rows * dtype.itemsize))
            columns[place, index] = np.frombuffer(data, dtype)
        inputs, outputs = (
            tuple(
                columns.get((place, index), FIVE)
                for index in range(1 + max((i for p, i in columns if p == place), default=-1))
            )
            for place in (Place.INPUT, Place.OUTPUT)
        )
        try:
            made.run(rows, inputs, outputs, *memory)
        except ValueError:
            # One column of two types.
            assert edits


# --- one row at a time ---


STEPPED = [
    case
    for case in CASES
    if set(OPERATIONS[case.name][1]) <= set("fgknKSR") | {"C"}
    and case.name != "window_moments"
    and case.constant is None
]


@pytest.mark.parametrize("wider", WIDER)
@pytest.mark.parametrize("case", STEPPED, ids=str)
def test_a_stepper_is_the_model_too(case, wider) -> None:
    trial = Trial(case, wider)
    rings = trial.rings[3:]
    assert np.isnan(rings).all()
    step = trial.machine.stepper(trial.kept, trial.counts).step
    found = [step(*row) for row in zip(*(column.tolist() for column in trial.columns), strict=True)]
    assert same(np.array(found), *wanted(case))


def test_a_stepper_refuses_what_it_cannot_take() -> None:
    one = machine([IN, OUT], say("negative", 1, 0))
    nothing, none = np.zeros(0), np.zeros(0, dtype=np.int64)
    step = one.stepper(nothing, none).step
    assert step(2.0) == -2.0
    with pytest.raises(ValueError, match="another number of values"):
        step()
    with pytest.raises(ValueError, match="another number of values"):
        step(1.0, 2.0)
    with pytest.raises(TypeError):
        step("2")
    assert step(3) == -3.0
    with pytest.raises(ValueError, match="a memory of another length"):
        one.stepper(np.zeros(1), none)
    with pytest.raises(ValueError, match="a memory of another length"):
        one.stepper(nothing, np.zeros(1, dtype=np.int64))
    with pytest.raises(ValueError, match="a buffer of another type"):
        one.stepper(none, none)
    of_truths = machine([IN, (Place.OUTPUT, TRUTH, 0, 0)], say("is_missing", 1, 0))
    two = machine([IN, OUT, OTHER_OUT], say("negative", 1, 0) + say("absolute", 2, 0))
    for other in (of_truths, two):
        with pytest.raises(ValueError, match="other columns than numbers"):
            other.stepper(nothing, none)
    with pytest.raises(TypeError):
        type(one.stepper(nothing, none))()


def test_a_stepper_outlives_its_machine() -> None:
    one = machine([IN, OUT], say("ago", 1, 0, 2, 0), rings=[2])
    step = one.stepper(np.zeros(0), np.zeros(0, dtype=np.int64)).step
    del one
    gc.collect()
    assert [step(float(value)) for value in range(5)][2:] == [0.0, 1.0, 2.0]
