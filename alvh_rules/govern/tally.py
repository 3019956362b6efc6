"""Counting votes, exactly and in whole weights.

The quorum is of yes and no votes: an abstention is written down and makes neither. The threshold is
the share of yes among yes and no. A veto is a no that stops the proposal by itself. Two votes of one
member, cast on two branches, count once where they agree and not at all where they do not; a second
vote after a first never gets here.

The timelock runs from the day of the vote that made the proposal pass: a proposal dated back waits no
less. A vote that unmakes it, and another that makes it again, start it anew.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from alvh_rules.govern.calendar import SessionCalendar
from alvh_rules.govern.charter import Approval, Charter
from alvh_rules.govern.entries import Entry
from alvh_rules.govern.errors import names


@dataclass(frozen=True)
class Tally:
    """The count of a proposal's votes. Names stand in the charter's order."""

    charter: Charter
    approval: Approval
    yes: tuple[str, ...]
    no: tuple[str, ...]
    abstain: tuple[str, ...]
    vetoes: tuple[str, ...]
    at_odds: tuple[str, ...]
    reached: date | None
    """The day since which quorum and threshold have been met."""
    ready: date | None
    """The day from which it may be ratified."""

    def weight(self, members: Iterable[str]) -> int:
        """The weight of some members together."""
        found = (self.charter.member(name) for name in members)
        return sum(member.weight for member in found if member is not None)

    @property
    def quorum_met(self) -> bool:
        """Whether enough have said yes or no."""
        return self.weight([*self.yes, *self.no]) >= self.charter.quorum_weight

    @property
    def threshold_met(self) -> bool:
        """Whether enough of them said yes."""
        return self.approval.threshold.met(self.weight(self.yes), self.weight(self.no))

    @property
    def silent(self) -> list[str]:
        """The members who have not voted."""
        voted = {*self.yes, *self.no, *self.abstain, *self.at_odds}
        return [member.name for member in self.charter.members if member.name not in voted]

    def missing(self) -> list[str]:
        """What is missing before it may be ratified, the timelock aside, and who can supply it."""
        found = []
        for name in self.vetoes:
            found.append(f"`{name}` has vetoed it: a veto ends a proposal; propose another")
        yes, no = self.weight(self.yes), self.weight(self.no)
        if not self.quorum_met:
            more = self.charter.quorum_weight - yes - no
            found.append(
                f"the quorum: {yes + no} of {self.charter.weight} voted yes or no and"
                f" {self.charter.quorum_weight} must ({more} more); {names(self.silent)} can vote"
            )
        if not self.threshold_met:
            tie = "a tie, " if yes == no and yes else ""
            found.append(
                f"the approval: {tie}{yes} yes and {no} no, and it takes"
                f" {self.approval.threshold} of them; {names(self.silent)} can vote"
            )
        for name in self.at_odds:
            found.append(
                f"`{name}` voted twice, on two branches, and not alike: neither vote counts"
            )
        return found


def count(
    votes: Iterable[Entry], charter: Charter, approval: Approval, calendar: SessionCalendar
) -> Tally:
    """The tally of votes that are valid, each by a member of the charter."""
    chosen: dict[str, Entry] = {}
    at_odds: set[str] = set()
    cast = sorted(votes, key=lambda vote: (vote.on, vote.id))
    for vote in cast:
        first = chosen.setdefault(vote.by, vote)
        if first.body["choice"] != vote.body["choice"]:
            at_odds.add(vote.by)
    # A veto stands whatever else its member said: it errs on the side of no change.
    vetoes = dict.fromkeys(vote.by for vote in cast if vote.body["choice"] == "veto")
    order = [member.name for member in charter.members]
    counted = sorted(
        (vote for vote in chosen.values() if vote.by not in at_odds),
        key=lambda vote: order.index(vote.by),
    )

    def by(choices: Iterable[str], upto: date | None = None) -> tuple[str, ...]:
        return tuple(
            vote.by
            for vote in counted
            if vote.body["choice"] in choices and (upto is None or vote.on <= upto)
        )

    def weight(members: Iterable[str]) -> int:
        found = (charter.member(name) for name in members)
        return sum(member.weight for member in found if member is not None)

    reached: date | None = None
    for day in sorted({vote.on for vote in counted}):
        yes, no = weight(by(("yes",), day)), weight(by(("no", "veto"), day))
        passes = yes + no >= charter.quorum_weight and approval.threshold.met(yes, no)
        reached = (reached or day) if passes else None
    ready = reached
    if reached is not None and approval.wait:
        ready = calendar.plus(reached, approval.wait)
    return Tally(
        charter,
        approval,
        by(("yes",)),
        by(("no", "veto")),
        by(("abstain",)),
        tuple(vetoes),
        tuple(sorted(at_odds)),
        reached,
        ready,
    )
