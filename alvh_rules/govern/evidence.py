"""What a proposal carries beside its text, and whether it is so: class, proofs, tests, history.

The proposer's machine makes the evidence and his signature covers it. Nobody has to believe it:
`faults` makes it again from the texts, when a change is ratified and whenever a checkout is verified,
and says where it differs to the change's advantage.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

from alvh_rules.govern.change_class import DATA, change_class, data_lines, history_lines
from alvh_rules.govern.charter import CHANGES, Charter
from alvh_rules.govern.content import Content
from alvh_rules.govern.proofs import prove_properties
from alvh_rules.govern.tightening import prove_tightening
from alvh_rules.pipeline import Checked


@dataclass(frozen=True)
class Texts:
    """A ruleset's texts and what checking them gave, without errors."""

    content: Content
    checked: Checked


def evidence(
    old: Texts | None,
    new: Texts,
    charter: Charter,
    data: Sequence[Path] = (),
    calendars: Sequence[Path] = (),
) -> dict[str, Any]:
    """The part of a proposal's body that is worked out: all but what it fixes and who follows what."""
    found = change_class(None if old is None else old.checked, new.checked)
    constitution = charter.constitution_of(new.content.path) or ()
    proofs = prove_properties(new.content, new.checked, constitution)
    history = []
    if data and old is not None:
        history = history_lines(old.checked, new.checked, data, calendars)
    return {
        "class": found.change,
        "why": found.why,
        "changes": list(found.lines),
        "proofs": [{"property": item.property, "verdict": item.verdict} for item in proofs],
        "tests": tests_of(new.checked),
        "history": history,
    }


def tests_of(checked: Checked) -> dict[str, int]:
    """How many of the ruleset's own tests pass, fail and cannot be run without data."""
    from alvh_rules.testing.run_tests import run_tests

    assert checked.ruleset is not None
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    for outcome in run_tests(checked.ruleset):
        counts[outcome.verdict] += 1
    return counts


def history_fault(
    body: Mapping[str, Any],
    old: Texts,
    new: Texts,
    data: Sequence[Path],
    calendars: Sequence[Path] = (),
) -> tuple[str, str]:
    """What a proposal says of history and is not so, made again of the same files; and why it could
    not be made again. One of them is empty, or both."""
    said = list(body["history"])
    named = {line for line in said if line.startswith(DATA)}
    given = set(data_lines([*data, *calendars]))
    if named and not named <= given:
        other = ", ".join(sorted(line.removeprefix(DATA)[:80] for line in named - given))
        return "", f"it was made of other data than is given: {other}"
    files = [path for path in data if not named or named & set(data_lines([path]))]
    found = history_lines(old.checked, new.checked, files, calendars)
    if not named:
        # A proposal of before files were named: the decisions alone are compared.
        found = [line for line in found if not line.startswith(DATA)]
    for one, other in zip_longest(said, found, fillvalue="nothing"):
        if one != other:
            return f"it says of history `{one[:160]}`, and it is `{other[:160]}`", ""
    return "", ""


def faults(
    body: Mapping[str, Any], old: Texts | None, new: Texts, charter: Charter, *, brake: bool
) -> list[str]:
    """Where the evidence that a proposal carries is better than what is found of it now."""
    found: list[str] = []
    assert new.checked.ruleset is not None
    written = new.checked.ruleset.version
    if body["version"] != written:
        found.append(f"it says that it is version {body['version']}, and its text says {written}")
    change = change_class(None if old is None else old.checked, new.checked)
    if CHANGES.index(change.change) > CHANGES.index(body["class"]):
        found.append(
            f"it says it is a {body['class']} change, and it is {change.change}: {change.why}"
        )
    said = {item["property"]: item["verdict"] for item in body["proofs"]}
    constitution = charter.constitution_of(new.content.path) or ()
    asked = {f"always {text}" for text in constitution}
    for proof in prove_properties(new.content, new.checked, constitution):
        if proof.verdict == "proved":
            continue
        because = f" ({proof.reason})" if proof.reason else ""
        if said.get(proof.property) == "proved":
            found.append(
                f"it says that `{proof.property}` is proved, and it is {proof.verdict}{because}"
            )
        elif proof.verdict == "refuted" or proof.property in asked:
            found.append(f"`{proof.property}` is {proof.verdict}{because}")
    failed = tests_of(new.checked)["failed"]
    if failed:
        found.append(f"{failed} of its own tests fail, and it says {body['tests']['failed']} do")
    if brake and old is not None:
        tightening = prove_tightening(old.checked, new.checked)
        found += [f"it says that it tightens: {reason}" for reason in tightening.against]
    return found
