"""A backtest as governed: on each session the version of the ruleset that was in force on it.

1. The ledger says which proposal was in force when, each day by what was signed by that day
   (`alvh_rules/govern/in_force.py`); git has its text, which is held against what was signed.
2. The run begins with the first session on which a version is in force: before that nobody had agreed
   to anything, and idle sessions would only thin out its figures. It ends where it is asked to.
3. Each version reads its own columns of the data, over all rows; prices are read once, for all.
4. The versions follow one another over one book (`succession.py`).

A version that is in force from a session decides at that session's close at the earliest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from alvh_rules.backtest.deciding import Program
from alvh_rules.backtest.loading import Loaded, Prices, hashes, load_over, read_prices
from alvh_rules.backtest.result import GovernedVersion
from alvh_rules.backtest.succession import ACCOUNT, Term, with_account_of
from alvh_rules.check.checked import CheckedRuleset
from alvh_rules.core.diagnostics import Diagnostic, has_errors
from alvh_rules.govern import errors
from alvh_rules.govern.content import Content, checked_texts
from alvh_rules.govern.desk import open_desk
from alvh_rules.govern.in_force import governed_timeline, name_in, text_of
from alvh_rules.govern.state import Version

if TYPE_CHECKING:
    from alvh_rules.market.read import Options

SHORT = 12
"""Characters of a proposal's id, as `alvh govern log` shows them."""


@dataclass(frozen=True)
class Stretch:
    """A version and the days of its force, both taken in; its texts, checked."""

    first: date
    last: date
    version: Version
    content: Content
    ruleset: CheckedRuleset

    @property
    def name(self) -> str:
        """Its number, and the first characters of the proposal that fixed it."""
        return f"{self.ruleset.version} {self.version.proposal.id[:SHORT]}"

    @property
    def how(self) -> str:
        """Who approved it."""
        who = ", ".join(self.version.approved_by)
        return f"braked by {who}" if self.version.is_brake else f"approved by {who}"


@dataclass(frozen=True)
class Governed:
    """What was in force, in order, without a gap."""

    path: str
    stretches: tuple[Stretch, ...]

    @property
    def ruleset(self) -> CheckedRuleset:
        """The first version, whose account the run is on."""
        return self.stretches[0].ruleset


def governed(path: Path, first: date | None, last: date | None) -> Governed | list[Diagnostic]:
    """What was in force of a ruleset's file between two days (None: from the founding, up to the end)."""
    desk = open_desk(path)
    if isinstance(desk, list):
        return desk
    name = name_in(desk, path)
    if name is None:
        return [errors.not_in_force(str(path), "it lies outside the governed repository")]
    record = desk.record
    begin = max(first or date.min, record.ledger.entries[0].on)
    end = last or date.max
    timeline = governed_timeline(record, name, begin, end) if begin <= end else []
    known = [item for item in timeline if item[2] is not None]
    if not known:
        days = f"up to {end}" if first is None else f"from {first} up to {end}"
        days = "yet" if first is last is None else days
        who = errors.names(record.charter()[1].who_may("propose"))
        return [
            errors.not_in_force(
                name, f"no version of it was in force {days}", f"{who} can propose one"
            )
        ]
    inside = timeline[timeline.index(known[0]) : timeline.index(known[-1]) + 1]
    gap = next((item for item in inside if item[2] is None), None)
    if gap is not None:
        return [
            errors.not_in_force(
                name,
                f"no version of it was in force from {gap[0]} up to and including {gap[1]}",
                "`--from` and `--to` can name days on one side of that",
            )
        ]
    stretches = []
    texts: dict[str, tuple[Content, CheckedRuleset]] = {}
    for start, stop, version in inside:
        assert version is not None
        key = version.proposal.id
        if key not in texts:
            content = text_of(desk, version)
            if isinstance(content, str):
                return [errors.refused("the backtest", content, where=name)]
            checked = checked_texts(content)
            if checked.ruleset is None:
                return [
                    errors.refused(
                        "the backtest",
                        f"version {version.body['version']} ({key[:SHORT]}) has errors by this"
                        " version of alvh",
                        f"`git show {version.body['blobs'].get(name, '')[:SHORT]}` has its text;"
                        " `--from` and `--to` can leave it out",
                        name,
                    )
                ]
            texts[key] = content, checked.ruleset
        stretches.append(Stretch(start, stop, version, *texts[key]))
    return Governed(name, tuple(stretches))


@dataclass(frozen=True)
class Ready:
    """What a run as governed is made of."""

    loaded: Loaded
    terms: tuple[Term, ...]
    versions: tuple[GovernedVersion, ...]


def load_governed(
    what: Governed,
    paths: Sequence[Path],
    options: Options,
    prices: Prices,
    first: date | None = None,
    last: date | None = None,
) -> tuple[Ready | None, list[Diagnostic]]:
    """The markets of all versions that are in force on sessions of the data, and their terms.

    None where a finding is an error, such as a column that one of the versions reads and no file has.
    """
    rulesets = [item.ruleset for item in what.stretches]
    clash = _clash(what, options)
    if clash is not None:
        return None, [clash]
    data, found = read_prices(rulesets, paths, options, prices)
    if data is None:
        return None, found
    dates = data.market.timeline.dates.astype("datetime64[D]")
    inside = _rows(dates, what, first, last)
    if not inside:
        days = f"{dates[0]} to {dates[-1]}" if len(dates) else "none"
        message = (
            f"no version of it was in force on a session of the data ({days}) that is asked for"
        )
        return None, [errors.not_in_force(what.path, message)]
    account = inside[0][2].ruleset
    programs: dict[str, Program] = {}
    terms, versions = [], []
    loaded: Loaded | None = None
    sources: dict[str, str] = {}
    for begin, end, stretch in inside:
        key = "\n".join(sorted(stretch.content.files.values()))
        if key not in programs:
            mine, more = load_over(stretch.ruleset, data, options, prices)
            # Several versions say the same of the same data.
            more = [item for item in more if item not in found]
            if has_errors(more) and len(inside) > 1:
                more = [
                    replace(item, message=f"version {stretch.name}: {item.message}")
                    for item in more
                ]
            found += more
            if mine is None:
                return None, found
            loaded = loaded or mine
            if not np.array_equal(mine.market.timeline.dates, loaded.market.timeline.dates):
                message = (
                    f"version {stretch.name} reads other sessions of the data than the one before"
                )
                return None, [*found, errors.refused("the backtest", message, where=what.path)]
            programs[key] = Program(with_account_of(stretch.ruleset, account), mine.market)
        for name, value in hashes(stretch.ruleset, ()).items():
            sources[f"{name} {stretch.name}" if name.startswith("ruleset ") else name] = value
        terms.append(Term(programs[key], begin, stretch.name))
        header = [
            name for name in ACCOUNT if getattr(stretch.ruleset, name) != getattr(account, name)
        ]
        header += [
            name
            for name in ("fee", "slippage")
            if getattr(stretch.ruleset, name) != getattr(account, name)
        ]
        versions.append(
            GovernedVersion(
                stretch.name,
                dates[begin].item(),
                dates[end - 1].item(),
                stretch.version.proposal.id,
                stretch.version.body["content"],
                dict(stretch.content.files),
                stretch.how,
                tuple(header),
            )
        )
    assert loaded is not None
    rulesets = [item[2].ruleset for item in inside]
    loaded = replace(
        loaded,
        inputs=prices.inputs(rulesets, data),
        sources={
            **{k: v for k, v in loaded.sources.items() if not k.startswith("ruleset ")},
            **sources,
        },
        found=tuple(found),
    )
    return Ready(loaded, tuple(terms), tuple(versions)), found


def _rows(
    dates: np.ndarray[tuple[int], np.dtype[np.datetime64]],
    what: Governed,
    first: date | None,
    last: date | None,
) -> list[tuple[int, int, Stretch]]:
    """The stretches that have rows: from, up to but not including; each row in one of them."""
    found = []
    for stretch in what.stretches:
        begin = max(stretch.first, first or date.min)
        end = min(stretch.last, last or date.max)
        rows = np.flatnonzero((dates >= np.datetime64(begin)) & (dates <= np.datetime64(end)))
        if len(rows):
            found.append((int(rows[0]), int(rows[-1]) + 1, stretch))
    return found


def _clash(what: Governed, options: Options) -> Diagnostic | None:
    """Two versions that read one name from columns of two names, which prices cannot."""
    from alvh_rules.options.trading_data import STANDARD

    known: dict[str, tuple[str, Stretch]] = {}
    for stretch in what.stretches:
        for column in stretch.ruleset.schema.columns:
            source = options.mapping.get(column.name, column.source)
            before, other = known.setdefault(column.name, (source, stretch))
            if column.name in STANDARD and before != source:
                return errors.refused(
                    "the backtest",
                    f"`{column.name}` is read from `{before}` by version {other.name} and from"
                    f" `{source}` by version {stretch.name}, and prices are made of one of them",
                    f"`--map {column.name}=COLUMN` says which",
                    what.path,
                )
    return None
