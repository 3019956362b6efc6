"""What governance can find: its messages. Each refusal says what is missing and who can supply it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from alvh_rules.core.diagnostics import Diagnostic, Severity


def charter(problem: str, help: str, where: str) -> Diagnostic:
    """Something in a charter that makes it no charter."""
    return Diagnostic(
        "ALV960",
        Severity.ERROR,
        f"this charter cannot be used: {problem}",
        location=where,
        help=help,
    )


_MEND = "git has the ledger as it was: `git log -p -- {where}`; any member can restore it"


def ledger(where: str, problem: str, help: str = "") -> Diagnostic:
    """A ledger that cannot be believed: nothing is in force by it."""
    return Diagnostic(
        "ALV961",
        Severity.ERROR,
        f"the ledger is broken: {problem}",
        location=where,
        help=help or _MEND.format(where=where.rpartition(":")[0] if ":" in where else where),
    )


def ledger_line(where: str, number: int, problem: str) -> Diagnostic:
    """A line that is no entry."""
    return ledger(f"{where}:{number}", f"line {number} {problem}")


def ledger_cut(where: str) -> Diagnostic:
    """A file that ends within a line."""
    return ledger(where, "it ends in the middle of a line: it was cut short")


def ledger_twice(where: str, number: int, first: int) -> Diagnostic:
    """One entry, twice."""
    return ledger(
        f"{where}:{number}",
        f"line {number} is line {first} once more",
        "a merge may have kept both: delete the second",
    )


def ledger_beginning(where: str, number: int, kind: str) -> Diagnostic:
    """A founding entry that is not first, or a first one that is none."""
    problem = (
        f"line {number} founds it anew"
        if kind == "found"
        else f"line {number} follows nothing: the beginning is gone"
    )
    return ledger(f"{where}:{number}", problem)


def ledger_gap(where: str, number: int, parent: str) -> Diagnostic:
    """An entry that follows one that is not there."""
    return ledger(
        f"{where}:{number}", f"line {number} follows entry {parent[:12]}, which is not there"
    )


def ledger_order(where: str, number: int, parent: int) -> Diagnostic:
    """An entry that stands before one it follows."""
    return ledger(
        f"{where}:{number}",
        f"line {number} stands before line {parent}, which it follows: lines were reordered",
    )


def ledger_days(where: str, number: int, parent: int, on: date, before: date) -> Diagnostic:
    """An entry with an earlier day than one it follows."""
    return ledger(
        f"{where}:{number}",
        f"line {number} is of {on} and follows line {parent}, which is of {before}",
    )


def void(where: str, number: int, message: str, help: str, *, signature: bool) -> Diagnostic:
    """An entry that has no effect."""
    return Diagnostic(
        "ALV962" if signature else "ALV963",
        Severity.ERROR,
        f"line {number} has no effect: {message}",
        location=f"{where}:{number}",
        help=help,
    )


def not_in_force(path: str, problem: str, help: str = "") -> Diagnostic:
    """A ruleset that may not be traded as it stands."""
    return Diagnostic(
        "ALV964",
        Severity.ERROR,
        f"this ruleset is not in force: {problem}",
        location=path,
        help=help,
    )


def symbolic_link(path: str, link: str) -> Diagnostic:
    """A ruleset, or a file it uses, behind a symbolic link."""
    return not_in_force(
        path,
        f"`{link}` is a symbolic link, which can point elsewhere after the vote",
        "put the file itself there",
    )


def refused(what: str, message: str, help: str = "", where: str = "") -> Diagnostic:
    """A step that is not taken."""
    return Diagnostic(
        "ALV965", Severity.ERROR, f"{what} is refused: {message}", location=where, help=help
    )


def names(items: Sequence[str]) -> str:
    """`ana`, `ben` or `cem`: those who can supply something."""
    quoted = [f"`{item}`" for item in items]
    if not quoted:
        return "nobody"
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} or {quoted[-1]}"
