"""What the prover says of a ruleset under a charter: verdicts on its promises and the constitution's.

This is the only module of governance that knows the prover, with `tightening.py`. A property of the
constitution is read as one more `always` at the end of the ruleset's own text, so that it may speak of
every name of it, and what is wrong with it is said as it is said of a ruleset.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec

from alvh_rules.govern.content import Content, checked_texts
from alvh_rules.pipeline import Checked

SECONDS = 20.0
"""For all proofs of one ruleset, those of the constitution included."""
INSTALL = "python -m pip install 'alvh-rules[prove]'"


@dataclass(frozen=True)
class Proof:
    """The verdict on one property: `proved`, `refuted` or `undecided`, and why."""

    property: str
    verdict: str
    reason: str = ""


def can_prove() -> bool:
    """Whether the solver is installed."""
    return find_spec("z3") is not None


def prove_properties(
    content: Content, checked: Checked, constitution: Sequence[str], *, seconds: float = SECONDS
) -> list[Proof]:
    """The verdicts on the ruleset's own `always` and on the constitution, in that order.

    Each property stands as `always …`. One that cannot be said of the ruleset is undecided; without
    the solver all are.
    """
    assert checked.ruleset is not None
    own = [item.text for item in checked.ruleset.always]
    if not own and not constitution:
        return []
    asked = dict.fromkeys([*own, *(f"always {text}" for text in constitution)])
    if not can_prove():
        return [
            Proof(text, "undecided", f"the solver is not installed: {INSTALL}") for text in asked
        ]
    from alvh_rules.prove.ruleset import prove

    found: dict[str, Proof] = {}
    sayable: list[str] = []
    for text in constitution:
        extended = _with_always(content, [text])
        if extended is None or extended.ruleset is None:
            found[f"always {text}"] = Proof(
                f"always {text}", "undecided", "it cannot be said of this ruleset"
            )
        else:
            sayable.append(text)
    whole = _with_always(content, sayable) if sayable else checked
    assert whole is not None
    assert whole.ruleset is not None
    proof = prove(whole.ruleset, seconds=seconds)
    if proof.contradictory:
        reason = "the ruleset's assumptions contradict one another: of no market all is true"
        return [Proof(text, "undecided", reason) for text in asked]
    promises = [item for item in proof.verdicts if item.kind in ("always", "monotone")]
    for item in promises:
        verdict = item.status if item.status in ("proved", "refuted") else "undecided"
        market = (
            ""
            if item.market is None
            else ", ".join(f"{name} = {value}" for name, value in item.market.given.items())
        )
        reason = item.reason or (f"not where {market}" if market else "")
        found[item.text] = Proof(item.text, verdict, reason)
    return [found.get(text, Proof(text, "undecided", "it was not asked")) for text in asked]


def _with_always(content: Content, properties: Sequence[str]) -> Checked | None:
    """The ruleset with properties at its end; None where they are no `always` each."""
    if any("#" in text or not text.isprintable() for text in properties):
        return None
    text = content.texts[content.path].rstrip("\n") + "\n\n"
    text += "".join(f"always {item}\n" for item in properties)
    return checked_texts(replace(content, texts={**content.texts, content.path: text}))
