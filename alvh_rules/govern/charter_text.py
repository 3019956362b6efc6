"""A first charter to edit: the members that were named, plain rules, the rulesets there are."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, timedelta

from alvh_rules.govern.ssh_keys import PublicKey

TERM = 365
"""Days of a first key's term."""

_RULES = """\
# How the rules may change. What counts is what the ledger holds: to change this file is to propose
# (`alvh govern propose --charter`). What each line means: docs/governance.md of alvh-rules.
name = {name}

# What a timelock counts: sessions of the "exchange", or "every day".
sessions = "exchange"
# The part of all weight that must say yes or no. An abstention is no part of it.
quorum = "1/2"
# A key may run so many days; a new term is a change of this charter.
longest_key = 400
# A brake lapses after so many sessions unless it is ratified.
lapses = 5
# What every ruleset must prove, as after `always`. For example: "total_weight <= 100%"
constitution = []

# Of each class of change, as `alvh diff` finds it: the part of yes and no votes that must be yes, which
# no tie can reach, and the sessions to wait once it is reached.
[approval]
patch = {{ yes = "over 1/2", wait = 0 }}
minor = {{ yes = "over 1/2", wait = 1 }}
major = {{ yes = "at least 2/3", wait = 3 }}
charter = {{ yes = "at least 3/4", wait = 5 }}

# Which roles may. An empty list of `propose` or `ratify` is every member.
[roles]
propose = []
ratify = []
veto = ["steward"]
brake = ["steward"]
"""


def first_charter(
    name: str, members: Sequence[tuple[str, PublicKey]], rulesets: Sequence[str], day: date
) -> str:
    """The text of a charter: every member of weight 1, the first one a steward."""
    # A JSON text of plain characters is a TOML text.
    text = _RULES.format(name=json.dumps(name))
    for number, (member, key) in enumerate(members):
        roles = '["steward"]' if number == 0 else '["promoter"]'
        text += f"\n[[member]]\nname = {json.dumps(member)}\nweight = 1\nroles = {roles}\n"
        text += f"[[member.key]]\nkey = {json.dumps(str(key))}\n"
        text += f"from = {day}\nuntil = {day + timedelta(days=TERM)}\n"
    for path in rulesets:
        text += f"\n[[ruleset]]\npath = {json.dumps(path)}\nconstitution = []\n"
    return text
