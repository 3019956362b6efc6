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

import numpy as np

from alvh_rules.backtest.deciding import Program
from alvh_rules.backtest.loading import (
    Loaded,
    Reading,
    hashes,
    used_files,
)
from alvh_rules.backtest.result import GovernedVersion
from alvh_rules.backtest.succession import ACCOUNT, Term, with_account_of
from alvh_rules.check.checked import CheckedRuleset
from alvh_rules.core.diagnostics import Diagnostic, has_errors
from alvh_rules.govern import errors
from alvh_rules.govern.content import Content, checked_texts
from alvh_rules.govern.desk import open_desk
from alvh_rules.govern.in_force import governed_timeline, name_in, text_of
from alvh_rules.govern.state import Version
from alvh_rules.market.read import Options
from alvh_rules.options.trading_data import (
    STANDARD,
    TradingData,
    daily_market,
    read_trading_data,
)

RULESET = "ruleset "
"""Before a ruleset's file in the names of sources."""
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
    def texts(self) -> str:
        """What is the same of two versions with the same texts."""
        return "\n".join(f"{path} {value}" for path, value in sorted(self.content.files.items()))

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
    what: Governed, reading: Reading, first: date | None = None, last: date | None = None
) -> tuple[Ready | None, list[Diagnostic]]:
    """The markets of all versions that are in force on sessions of the data, and their terms.

    None where a finding is an error, such as a column that one of the versions reads and no file has.
    """
    clash = _clash(what, reading.options)
    if clash is not None:
        return None, [clash]
    asked = reading.asked([item.ruleset for item in what.stretches])
    asked = replace(asked, first=max(what.stretches[0].first, first or date.min), last=last)
    data, found = read_trading_data(reading.paths, asked)
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
    programs = _programs(what, [item[2] for item in inside], data, reading.options, found)
    if programs is None:
        return None, found
    account = inside[0][2].ruleset
    terms = tuple(Term(programs[item.texts], begin, item.name) for begin, _, item in inside)
    versions = tuple(
        GovernedVersion(
            item.name,
            dates[begin].item(),
            dates[end - 1].item(),
            item.version.proposal.id,
            item.version.body["content"],
            dict(item.content.files),
            item.how,
            not_followed(item.ruleset, account),
        )
        for begin, end, item in inside
    )
    sources = hashes(account, used_files(data, reading.chains, reading.options))
    sources = {key: value for key, value in sources.items() if not key.startswith(RULESET)}
    for _, _, item in inside:
        own = hashes(item.ruleset, ())
        sources |= {f"{key} {item.name}": own[key] for key in own if key.startswith(RULESET)}
    inputs = reading.inputs([item.ruleset for _, _, item in inside], data)
    market = terms[0].program.market
    loaded = Loaded(market, inputs, data.files, sources, tuple(found))
    return Ready(loaded, terms, versions), found


def _programs(
    what: Governed,
    stretches: Sequence[Stretch],
    data: TradingData,
    options: Options,
    found: list[Diagnostic],
) -> dict[str, Program] | None:
    """The program of each text over its own columns; None where one cannot be had. What is found in
    the data goes into `found`, once."""
    made: dict[str, Program] = {}
    account = stretches[0].ruleset
    for stretch in stretches:
        if stretch.texts in made:
            continue
        market, more = daily_market(data.files, stretch.ruleset.schema, options)
        # Several versions say the same of the same data.
        more = [item for item in more if item not in found]
        if has_errors(more):
            more = [replace(i, message=f"version {stretch.name}: {i.message}") for i in more]
        found += more
        if market is None or has_errors(more):
            return None
        if not np.array_equal(market.timeline.dates, data.market.timeline.dates):
            message = f"version {stretch.name} reads other sessions than those of the prices"
            found.append(errors.refused("the backtest", message, where=what.path))
            return None
        made[stretch.texts] = Program(with_account_of(stretch.ruleset, account), market)
    return made


def not_followed(ruleset: CheckedRuleset, account: CheckedRuleset) -> tuple[str, ...]:
    """What of a later header is of the account, and says otherwise than the first one's."""
    names = (*ACCOUNT, "fee", "slippage")
    return tuple(name for name in names if getattr(ruleset, name) != getattr(account, name))


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
