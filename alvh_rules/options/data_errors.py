"""What can be wrong with the data that options and futures are priced from: a function each."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

from alvh_rules.core.diagnostics import Diagnostic, Severity
from alvh_rules.evaluate.inputs import Days
from alvh_rules.market.errors import place


def _make(severity: Severity, code: str, message: str, location: str, help: str = "") -> Diagnostic:
    return Diagnostic(code, severity, message, location=location, help=help)


def _count(count: int, one: str, many: str) -> str:
    return f"1 {one}" if count == 1 else f"{count:,} {many}"


def _names(names: Sequence[str], most: int = 20) -> str:
    shown = ", ".join(f"`{name}`" for name in names[:most])
    return shown + (f" and {len(names) - most} more" if len(names) > most else "")


# --- chains --------------------------------------------------------------------------------------


def missing_chain_column(
    label: str, name: str, usual: Sequence[str], columns: Sequence[str]
) -> Diagnostic:
    """A column without which a chain cannot be read."""
    folded = {column.casefold(): column for column in columns}
    near = [
        folded[found]
        for word in usual
        for found in get_close_matches(word.casefold(), folded, 1, 0.65)
    ]
    return _make(
        Severity.ERROR,
        "ALV830",
        f"no column says the {name} of the options: none is called {_names(usual)}",
        label,
        (f"did you mean `{near[0]}`? Say so with" if near else "name it with")
        + f" `--map-chain {name}={near[0] if near else 'COLUMN'}`; the columns are"
        f" {_names(columns, 30)}",
    )


def unknown_mapping(name: str, names: Sequence[str]) -> Diagnostic:
    """A column of a chain that there is not."""
    near = get_close_matches(name, names, 1, 0.6)
    return _make(
        Severity.ERROR,
        "ALV830",
        f"a chain has no `{name}` to map a column to",
        "--map-chain",
        (f"did you mean `{near[0]}`? " if near else "") + f"there are {_names(names)}",
    )


def crossed_quotes(label: str, count: int, row: int) -> Diagnostic:
    """Bids above asks."""
    what = _count(count, "quote has", "quotes have")
    return _make(
        Severity.WARNING,
        "ALV831",
        f"{what} a bid above the ask; the first is on row {row}",
        place(label, row),
        "they count as unknown: nothing is bought, sold or marked at them",
    )


def no_quotes(label: str, count: int, row: int) -> Diagnostic:
    """Contracts with no quote to trade on."""
    what = _count(count, "contract has", "contracts have")
    return _make(
        Severity.WARNING,
        "ALV832",
        f"{what} nothing asked, or no bid stated; the first is on row {row}",
        place(label, row),
        "they count as unknown: a package with such a leg is not traded",
    )


def lone_rights(label: str, count: int, row: int) -> Diagnostic:
    """Strikes with a put or a call, not both."""
    what = _count(count, "quote is of a strike", "quotes are of strikes")
    return _make(
        Severity.ADVICE,
        "ALV833",
        f"{what} without the other right; the first is on row {row}",
        place(label, row),
        "forwards come from strikes that have both; where none has, Greeks are unknown",
    )


def twice(label: str, what: str, first: int, second: int, more: int) -> Diagnostic:
    """Two rows of one contract and day."""
    rest = f"; {_count(more, 'more row is', 'more rows are')} wrong" if more else ""
    root = "; a column `root` tells SPX from SPXW" if what == "option" else ""
    return _make(
        Severity.ERROR,
        "ALV834",
        f"one {what} stands twice on one day: on row {first} and on row {second}{rest}",
        place(label, second),
        f"keep one row a contract and day{root}",
    )


def in_two_chains(label: str, count: int) -> Diagnostic:
    """Contracts that several chains quote on one day."""
    what = _count(count, "option of this file stands", "options of this file stand")
    return _make(
        Severity.ERROR,
        "ALV834",
        f"{what} in another chain too, on the same day",
        label,
        "keep one row a contract and day",
    )


def quotes_outside(label: str, count: int, row: int, day: str) -> Diagnostic:
    """Quotes on days that are no sessions of the data."""
    what = _count(count, "row is", "rows are")
    return _make(
        Severity.WARNING,
        "ALV835",
        f"{what} of days that the daily data has no session for, and not used;"
        f" the first is row {row} ({day})",
        place(label, row),
    )


def nothing_inside(label: str, day: str, dates: Days) -> Diagnostic:
    """A file none of whose days is a session of the data."""
    return _make(
        Severity.ERROR,
        "ALV835",
        f"no row of this file is of a session of the daily data ({dates[0]} to {dates[-1]});"
        f" the first is of {day}",
        label,
        "give the daily data of those days, or a file of these",
    )


def expired(label: str, row: int, count: int) -> Diagnostic:
    """Rows of contracts after their expiry."""
    what = _count(count, "row is of a day", "rows are of days")
    return _make(
        Severity.WARNING,
        "ALV836",
        f"{what} after the contract's own expiry, and left out; the first is row {row}",
        place(label, row),
        "does the row belong to another expiry?",
    )


def all_expired(label: str, row: int) -> Diagnostic:
    """A file all of whose rows are of contracts after their expiry."""
    return _make(
        Severity.ERROR,
        "ALV836",
        f"every row of this file is of a day after the contract's own expiry; the first is row {row}",
        place(label, row),
        "are the columns of the day and the expiry taken for each other?",
    )


def which_underlying(label: str, names: Sequence[str]) -> Diagnostic:
    """A chain of several underlyings, or of none that is named."""
    said = f"are of {_names(names)}" if names else "name no underlying"
    return _make(
        Severity.ERROR,
        "ALV837",
        f"the options of this file {said}: a chain is of one",
        label,
        "keep the rows of one, or name it in a column `underlying`",
    )


def absent_expiries(label: str, count: int, expiry: str, day: str) -> Diagnostic:
    """Days on which an expiry is not quoted between days on which it is."""
    what = _count(count, "session lacks an expiry", "times a session lacks an expiry")
    return _make(
        Severity.WARNING,
        "ALV839",
        f"{what} that is quoted before and after it; the first is {expiry} on {day}",
        label,
        "there prices are those of the model, and say so",
    )


# --- VIX futures ---------------------------------------------------------------------------------


def missing_settlement_column(
    label: str, what: str, usual: Sequence[str], columns: Sequence[str]
) -> Diagnostic:
    """A column without which a file of settlements cannot be read."""
    return _make(
        Severity.ERROR,
        "ALV804",
        f"no column says the {what} of the futures: none is called {_names(usual)}",
        label,
        f"give it one of these names; the columns are {_names(columns, 30)}",
    )


def zero_settlements(label: str, column: str, count: int, row: int) -> Diagnostic:
    """Settlements of zero: not known."""
    what = _count(count, "settlement is", "settlements are")
    return _make(
        Severity.WARNING,
        "ALV840",
        f"{what} zero, which no contract settles at; the first is on row {row}",
        place(label, row, column),
        "they are left out, and count as unknown",
    )


def no_settlements(label: str, column: str, count: int) -> Diagnostic:
    """A file of zeros."""
    return _make(
        Severity.ERROR,
        "ALV840",
        f"all settlements of this file are zero ({_count(count, 'row', 'rows')}): it says nothing",
        place(label, None, column),
        "is another column the settlement? No contract settles at zero",
    )


def odd_expiry(label: str, column: str, row: int, day: str, near: str, count: int) -> Diagnostic:
    """An expiry that is none of VIX's monthly expiries."""
    what = _count(count, "row has", "rows have")
    return _make(
        Severity.WARNING,
        "ALV841",
        f"{what} an expiry that is no monthly expiry of VIX; the first is {day} on row {row}",
        place(label, row, column),
        f"the nearest monthly expiry is {near}; weekly futures may stand in the file, but"
        " `months` do not count them",
    )


# --- levels --------------------------------------------------------------------------------------


def dividend_yield(label: str, shown: str, most: float) -> Diagnostic:
    """A dividend yield that is none."""
    return _make(
        Severity.ERROR,
        "ALV842",
        f"a dividend yield of {shown} is not between 0% and {most:g}%",
        label,
        "it is read in percent a year: 1.8 means 1.8%",
    )


def fraction_of_yield(label: str, most: float) -> Diagnostic:
    """A dividend yield that seems to be a fraction, not percent."""
    return _make(
        Severity.WARNING,
        "ALV842",
        f"no dividend yield of this column is above {most:g}%: it seems to be a fraction",
        label,
        f"it is read in percent a year: {most:g} means {most:g}%, and {most:.1%} is written {100 * most:g}",
    )


def implausible(
    label: str, name: str, count: int, first: str, low: float, high: float
) -> Diagnostic:
    """Levels of an index that it has never been near."""
    what = _count(count, "value", "values")
    return _make(
        Severity.WARNING,
        "ALV843",
        f"{what} of `{name}` below {low:g} or above {high:g} left out; the first is {first}",
        label,
        "prices that rest on them are unknown on those days",
    )


def assumed(label: str, what: str, sessions: int, value: str) -> Diagnostic:
    """What stands in for a column that is not there."""
    return _make(
        Severity.ADVICE,
        "ALV844",
        f"{what} is not in the data on {_count(sessions, 'session', 'sessions')}: {value}",
        label,
    )


def no_level(label: str, name: str, sessions: int) -> Diagnostic:
    """Sessions without the level that option prices rest on."""
    return _make(
        Severity.WARNING,
        "ALV845",
        f"`{name}` is unknown on {_count(sessions, 'session', 'sessions')}:"
        " the model prices no options of it there",
        label,
    )


def other_days(label: str, count: int, first: str, last: str) -> Diagnostic:
    """What is wrong on days that are not traded."""
    what = _count(count, "row or session", "rows or sessions")
    return _make(
        Severity.ADVICE,
        "ALV848",
        f"findings like these on {what} of days that are not traded ({first} to {last} are) are not shown",
        label,
    )


# --- parameters ----------------------------------------------------------------------------------


def bad_parameters(label: str, reason: str) -> Diagnostic:
    """A file of the surface's parameters that cannot be used."""
    return _make(
        Severity.ERROR,
        "ALV846",
        f"these are no parameters of a surface: {reason}",
        label,
        "`alvh fit-surface … --out FILE.toml` writes such a file",
    )


def cannot_fit(label: str, quotes: int, least: int) -> Diagnostic:
    """A chain with too little in it to fit a surface to."""
    return _make(
        Severity.ERROR,
        "ALV847",
        f"only {_count(quotes, 'quote', 'quotes')} of this chain can be fitted to, fewer than {least}",
        label,
        "a quote counts that is good to trade on, out of the money, a day or more from expiry, on a"
        " day whose volatility indices are known",
    )
