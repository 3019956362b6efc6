"""A proof as text, as Markdown, and as plain data for JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from alvh_rules.check.checked import CheckedRuleset
from alvh_rules.check.cover_tables import shown as shown_number
from alvh_rules.prove.example import Market
from alvh_rules.prove.region import EVERYWHERE
from alvh_rules.prove.verdicts import Bound, Idle, Possibility, Proof, Verdict

CONTRADICTORY = (
    "the assumptions contradict one another: no market meets them all, and of an empty market"
    " everything is true"
)
_WORDS = {"overlap": "can hold at once"}


class Told:
    """Says a proof of one ruleset in words."""

    def __init__(self, ruleset: CheckedRuleset) -> None:
        self._kinds = {name: value.type.kind for name, value in ruleset.values.items()}

    def market(self, market: Market) -> str:
        """A market as a trader writes it; events that are off go without saying."""
        parts = []
        for name, value in market.given.items():
            if name.startswith("event "):
                parts += [name] if value else []
            elif value is None:
                parts.append(f"{name} missing")
            elif isinstance(value, bool):
                parts.append(name if value else f"not {name}")
            elif isinstance(value, str):
                parts.append(f"{name} = {value}")
            else:
                kind = self._kinds.get(name)
                shown = shown_number(float(value), kind) if kind is not None else repr(value)
                parts.append(f"{name} = {shown.removesuffix('.0')}")
        if parts:
            return ", ".join(parts)
        return "no event" if market.given else "any market"

    def text(self, proof: Proof) -> list[str]:
        """The proof, a line each."""
        lines = [f"{proof.name} {proof.version}: {self.counts(proof)}", "assumed"]
        lines += [f"  {item}" for item in proof.assumptions]
        if proof.verdicts:
            lines.append("promised")
        for verdict in proof.verdicts:
            lines += self.verdict(verdict)
        for text in proof.unasked:
            lines.append(f"  waits for positions, not asked: {text}")
        if proof.extremes:
            lines.append("the least and the greatest")
        for item in proof.extremes:
            lines.append(
                f"  {item.name}: {self._bound(item.least)} to {self._bound(item.greatest)}"
            )
            lines += self._attained("least", item.least)
            lines += self._attained("greatest", item.greatest)
        if proof.idle:
            lines.append("never matters")
        lines += [f"  {idle_text(item)}" for item in proof.idle]
        lines += [f"not looked at: {item}" for item in proof.unlooked]
        return lines

    def counts(self, proof: Proof) -> str:
        """How many of each verdict."""
        found = [item.status for item in proof.verdicts]
        parts = [
            f"{found.count(status):,} {status}"
            for status in ("proved", "refuted", "undecided")
            if found.count(status) or status == "proved"
        ]
        return ", ".join(parts)

    def verdict(self, item: Verdict) -> list[str]:
        """One verdict, and what goes with it."""
        status = _WORDS.get(item.status, item.status)
        text = item.text
        if item.status == "overlap":
            text = text.replace("never hold at once", "hold at once; the first wins")
            status = "overlap"
        lines = [f"  {status}: {text}"]
        if item.status == "undecided":
            lines.append(f"    {item.reason} (after {item.seconds:.1f} s)")
        if item.market is not None:
            given = self.market(item.market)
            if item.against is not None:
                given = f"{given}; then {self.market(item.against)}"
            lines.append(f"    where {given}" if given != "any market" else "    in any market")
        if item.values:
            lines.append(
                f"    then {', '.join(item.values)}"
                if item.against is None
                else f"    {', '.join(item.values)}"
            )
        if item.rounding:
            lines.append(
                "    in floating point alone: real arithmetic keeps it, rounding breaks it here"
            )
        if item.region:
            everywhere = item.region == EVERYWHERE
            lines.append(f"    and {'in' if everywhere else 'wherever'} {item.region}")
        lines += [f"    {note}" for note in item.notes]
        return lines

    def _bound(self, bound: Bound) -> str:
        if bound.value is None:
            return f"({bound.reason})"
        return bound.shown if bound.reached else f"{bound.shown} (not reached)"

    def _attained(self, word: str, bound: Bound) -> list[str]:
        if bound.market is None:
            return []
        return [f"    {word}: {self.market(bound.market)}"]

    def markdown(self, proof: Proof) -> list[str]:
        """The proof for a pull request or a wiki."""
        lines = [f"### {proof.name} {proof.version}: {self.counts(proof)}", ""]
        if proof.verdicts:
            lines += ["| verdict | promise | market |", "|---|---|---|"]
        for item in proof.verdicts:
            market = "" if item.market is None else self.market(item.market)
            if item.against is not None:
                market = f"{market}; then {self.market(item.against)}"
            if item.market is not None and item.values:
                market = f"{market}: {', '.join(item.values)}"
            said = market or item.reason or "; ".join(item.notes)
            lines.append(f"| {item.status} | `{_cell(item.text)}` | {_cell(said)} |")
        if proof.extremes:
            lines += ["", "| number | least | greatest |", "|---|---|---|"]
        for extreme in proof.extremes:
            least, greatest = self._bound(extreme.least), self._bound(extreme.greatest)
            lines.append(f"| `{extreme.name}` | {least} | {greatest} |")
        if proof.idle:
            lines += ["", "Never matters:", ""]
        lines += [f"- {_cell(idle_text(item))}" for item in proof.idle]
        lines += ["", "Assumed:", "", *(f"- {_cell(item)}" for item in proof.assumptions)]
        if proof.unasked:
            lines += [
                "",
                *(f"- not asked, waits for positions: `{_cell(item)}`" for item in proof.unasked),
            ]
        lines += [f"- not looked at: {item}" for item in proof.unlooked]
        return lines

    def possibility(self, item: Possibility) -> list[str]:
        """Whether a condition can hold."""
        if item.answer == "never":
            return [f"never: {item.text}"]
        if item.answer == "undecided":
            return [f"undecided: {item.text}", f"  {item.reason} (after {item.seconds:.1f} s)"]
        assert item.market is not None
        lines = [f"yes: {item.text}", f"  where {self.market(item.market)}"]
        return lines + ([f"  then {', '.join(item.values)}"] if item.values else [])


def idle_text(item: Idle) -> str:
    """A part that never matters, in words."""
    return f"{item.text}: {item.why}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def data(proof: Proof) -> dict[str, Any]:
    """A proof as plain data; seconds are left out of what is compared between runs."""
    return {
        "name": proof.name,
        "version": proof.version,
        "assumptions": list(proof.assumptions),
        "contradictory": proof.contradictory,
        "verdicts": [_verdict(item) for item in proof.verdicts],
        "idle": [{"kind": item.kind, "text": item.text, "why": item.why} for item in proof.idle],
        "extremes": [
            {"name": item.name, "least": _end(item.least), "greatest": _end(item.greatest)}
            for item in proof.extremes
        ],
        "waits_for_positions": list(proof.unasked),
        "not_looked_at": list(proof.unlooked),
        "seconds": round(proof.seconds, 3),
    }


def _verdict(item: Verdict) -> dict[str, Any]:
    return {
        "kind": item.kind,
        "text": item.text,
        "status": item.status,
        "market": _given(item.market),
        "against": _given(item.against),
        "values": list(item.values),
        "region": item.region,
        "rounding": item.rounding,
        "notes": list(item.notes),
        "reason": item.reason,
        "seconds": round(item.seconds, 3),
    }


def _end(bound: Bound) -> dict[str, Any]:
    return {
        "value": bound.value,
        "shown": bound.shown,
        "reached": bound.reached,
        "market": _given(bound.market),
        "reason": bound.reason,
    }


def _given(market: Market | None) -> dict[str, Any] | None:
    return None if market is None else dict(market.given)


def possibility_data(item: Possibility) -> dict[str, Any]:
    """An answer to `--can` as plain data."""
    return {
        "condition": item.text,
        "answer": item.answer,
        "market": _given(item.market),
        "values": list(item.values),
        "reason": item.reason,
        "seconds": round(item.seconds, 3),
    }


def lines_of(told: Told, proof: Proof, format: str) -> Sequence[str]:
    """The proof in a format for people."""
    return told.markdown(proof) if format == "markdown" else told.text(proof)
