"""`alvh govern …`: the charter, proposals, votes, and whether a ruleset is in force.

Exit code 0: done, or in order; 1: refused, or not in order; 2: cannot run.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from alvh_rules.cli.output import CANNOT_RUN, FINDINGS, FINE, colour, print_report
from alvh_rules.core.diagnostics import Diagnostic
from alvh_rules.core.render import render_all

if TYPE_CHECKING:
    from alvh_rules.govern.acts import Actor
    from alvh_rules.govern.charter import Charter
    from alvh_rules.govern.desk import Desk
    from alvh_rules.govern.entries import Entry

NEEDED = "signatures need a library: python -m pip install 'alvh-rules[govern]'"


class _StopError(Exception):
    """The step ends here, with an exit code; what there is to say has been said."""

    def __init__(self, code: int) -> None:
        self.code = code


def govern(arguments: argparse.Namespace) -> int:
    """Do one step."""
    if (code := needs_library()) is not None:
        return code
    from alvh_rules.core.git import GitError

    steps: dict[str, Callable[[argparse.Namespace], int]] = {
        "init": _init,
        "propose": _propose,
        "vote": _vote,
        "tally": _tally,
        "ratify": _ratify,
        "brake": _brake,
        "log": _log,
        "status": _status,
        "verify": _verify,
    }
    try:
        return steps[arguments.step](arguments)
    except _StopError as stopped:
        return stopped.code
    except GitError as problem:
        print(f"git: {problem}")
        return CANNOT_RUN
    except OSError as problem:
        print(f"`{problem.filename}`: {problem.strerror}" if problem.filename else str(problem))
        return CANNOT_RUN


def needs_library() -> int | None:
    """The exit code where signatures cannot be verified, once it is said what is missing."""
    if find_spec("cryptography") is not None:
        return None
    print(NEEDED)
    return CANNOT_RUN


def _refuse(found: Sequence[Diagnostic], code: int = FINDINGS) -> _StopError:
    print(render_all(found, {}, colour=colour()))
    return _StopError(code)


def _say(message: str) -> _StopError:
    print(message)
    return _StopError(CANNOT_RUN)


def _desk() -> Desk:
    from alvh_rules.govern.desk import open_desk

    desk = open_desk(Path.cwd())
    if isinstance(desk, list):
        raise _refuse(desk)
    return desk


def _day(arguments: argparse.Namespace, sessions: str = "exchange") -> date:
    from alvh_rules.govern.calendar import today

    now = today(sessions)
    day: date = arguments.on or now
    if day > now:
        raise _say(f"--on {day} is to come: today is {now}")
    return day


def _desk_day(arguments: argparse.Namespace, desk: Desk) -> date:
    return _day(arguments, desk.record.charter()[1].sessions)


def _actor(arguments: argparse.Namespace, root: Path, charter: Charter, day: date) -> Actor:
    from alvh_rules.core.git import GitError
    from alvh_rules.govern import errors
    from alvh_rules.govern.acts import Actor
    from alvh_rules.govern.repository import Repository
    from alvh_rules.govern.signing import CannotSignError, signer_of

    path: Path | None = arguments.key
    if path is None:
        try:
            named = Repository(root).git("config", "--get", "user.signingKey")
            path = Path(named.decode().strip())
        except GitError:
            members = errors.names([member.name for member in charter.members])
            raise _refuse(
                [
                    errors.refused(
                        "this",
                        "no key signs it",
                        f"`--key FILE` names the key of {members}; git's user.signingKey does too",
                    )
                ]
            ) from None
    try:
        signer = signer_of(path.expanduser())
    except CannotSignError as problem:
        raise _refuse([errors.refused("this", str(problem))]) from None
    holder = charter.holder(signer.key)
    name = arguments.by or (holder.name if holder is not None else "")
    if not name:
        raise _refuse(
            [
                errors.refused(
                    "this",
                    f"{signer.key.fingerprint} is no member's key",
                    "a change of the charter adds a member or a key",
                )
            ]
        )
    return Actor(name, signer, day)


def _done(made: Entry | list[Diagnostic]) -> Entry:
    if isinstance(made, list):
        raise _refuse(made)
    return made


def _init(arguments: argparse.Namespace) -> int:
    from alvh_rules.core.files import write_text_atomically
    from alvh_rules.govern.acts import found
    from alvh_rules.govern.desk import read_charter_file
    from alvh_rules.govern.ledger import CHARTER_FILE, FOLDER, LEDGER
    from alvh_rules.govern.repository import find_root

    root = find_root(Path.cwd(), [".git"])
    if root is None:
        raise _say("governance stands in a git repository: `git init` makes one")
    file, ledger = root / FOLDER / CHARTER_FILE, root / FOLDER / LEDGER
    if not file.exists():
        return _first_charter(arguments, root, file)
    if ledger.exists() and ledger.stat().st_size:
        raise _say(f"{FOLDER}/{LEDGER} is founded already: `alvh govern status`")
    charter = read_charter_file(root)
    if isinstance(charter, list):
        raise _refuse(charter)
    actor = _actor(arguments, root, charter, _day(arguments, charter.sessions))
    entry = _done(found(root, charter, actor))
    # Two branches' votes are both kept by a merge; nothing rests on this line, see the docs.
    attributes = f"{LEDGER} text eol=lf merge=union\n"
    write_text_atomically(root / FOLDER / ".gitattributes", attributes)
    print(f"founded by {actor.name}: {entry.id[:12]}")
    print(f"commit {FOLDER}/; members propose with `alvh govern propose`")
    return FINE


def _first_charter(arguments: argparse.Namespace, root: Path, file: Path) -> int:
    from alvh_rules.core.files import write_text_atomically
    from alvh_rules.govern.charter_text import first_charter
    from alvh_rules.govern.repository import Repository
    from alvh_rules.govern.signing import CannotSignError, signer_of

    if not arguments.member:
        raise _say("a first charter names its members: `--member NAME=FILE.pub`, again for each")
    try:
        members = [(name, signer_of(path.expanduser()).key) for name, path in arguments.member]
    except CannotSignError as problem:
        raise _say(str(problem)) from None
    listed = Repository(root).git("ls-files", "-z", "--cached", "--others", "--exclude-standard")
    paths = [name for name in listed.decode().split("\0") if name.endswith(".alvh")]
    own = [path for path in paths if _is_ruleset(root / path)]
    file.parent.mkdir(exist_ok=True)
    name = arguments.name or root.name
    write_text_atomically(file, first_charter(name, members, own, _day(arguments)))
    print(f"wrote {file.relative_to(root)}: read it, change it, then found it with")
    print("  alvh govern init --key KEY")
    return FINE


def _is_ruleset(path: Path) -> bool:
    """Whether a file has a header: one that is used by others has none, and is governed with them."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return False
    return any(line.startswith("ruleset ") for line in lines)


def _path(arguments: argparse.Namespace, desk: Desk) -> str:
    from alvh_rules.govern.in_force import name_in

    governed = [item.path for item in desk.record.charter()[1].rulesets]
    if arguments.ruleset is None:
        if len(governed) != 1:
            raise _say(f"which ruleset: {', '.join(governed)}")
        return governed[0]
    name = name_in(desk, arguments.ruleset)
    if name is None:
        raise _say(f"`{arguments.ruleset}` lies outside the governed repository")
    return name


def _proposal(arguments: argparse.Namespace, desk: Desk, day: date) -> Entry:
    from alvh_rules.govern.state import OPEN, standing

    if arguments.proposal:
        found = desk.proposal(arguments.proposal)
        if isinstance(found, list):
            raise _refuse(found)
        return found
    record = desk.record
    opened = [item for item in record.proposals() if standing(record, item, day).stage in OPEN]
    if len(opened) == 1:
        return opened[0]
    if not opened:
        raise _say("no proposal is open: `alvh govern propose` makes one")
    names = ", ".join(item.id[:12] for item in opened)
    raise _say(f"which proposal: {names}")


def _propose(arguments: argparse.Namespace) -> int:
    from alvh_rules.govern.acts import propose, propose_charter
    from alvh_rules.govern.report import standing_lines

    desk = _desk()
    day = _desk_day(arguments, desk)
    actor = _actor(arguments, desk.root, desk.record.charter()[1], day)
    if arguments.charter:
        made = propose_charter(desk, actor, arguments.reason)
    else:
        path = _path(arguments, desk)
        made = propose(desk, path, actor, arguments.reason, arguments.data, arguments.calendar)
    entry = _done(made)
    print("\n".join(standing_lines(desk.record.with_entry(entry), entry, day)))
    for line in [*entry.body["changes"], *entry.body.get("history", [])]:
        print(f"  | {line}")
    return FINE


def _vote(arguments: argparse.Namespace) -> int:
    from alvh_rules.govern.acts import vote
    from alvh_rules.govern.report import standing_lines

    if arguments.veto and arguments.choice != "no":
        raise _say("`--veto` goes with `no`")
    desk = _desk()
    day = _desk_day(arguments, desk)
    proposal = _proposal(arguments, desk, day)
    actor = _actor(arguments, desk.root, desk.record.charter()[1], day)
    choice = "veto" if arguments.veto else arguments.choice
    entry = _done(vote(desk, proposal, choice, actor, arguments.reason))
    print("\n".join(standing_lines(desk.record.with_entry(entry), proposal, day)))
    return FINE


def _tally(arguments: argparse.Namespace) -> int:
    from alvh_rules.govern.report import standing_lines
    from alvh_rules.govern.state import standing

    desk = _desk()
    day = _desk_day(arguments, desk)
    proposal = _proposal(arguments, desk, day)
    print("\n".join(standing_lines(desk.record, proposal, day)))
    return FINE if standing(desk.record, proposal, day).stage in ("ready", "ratified") else FINDINGS


def _ratify(arguments: argparse.Namespace) -> int:
    from alvh_rules.govern.acts import ratify
    from alvh_rules.govern.report import standing_lines

    desk = _desk()
    day = _desk_day(arguments, desk)
    proposal = _proposal(arguments, desk, day)
    actor = _actor(arguments, desk.root, desk.record.charter()[1], day)
    entry = _done(ratify(desk, proposal, actor, arguments.first))
    record = desk.record.with_entry(entry)
    desk.write_charter_files(record.charter()[1])
    print("\n".join(standing_lines(record, proposal, day)))
    return FINE


def _brake(arguments: argparse.Namespace) -> int:
    from alvh_rules.govern.acts import brake
    from alvh_rules.govern.report import standing_lines

    desk = _desk()
    day = _desk_day(arguments, desk)
    actor = _actor(arguments, desk.root, desk.record.charter()[1], day)
    entry = _done(brake(desk, _path(arguments, desk), actor, arguments.reason))
    print("\n".join(standing_lines(desk.record.with_entry(entry), entry, day)))
    for line in entry.body["tightens"]:
        print(f"  proved: {line}")
    return FINE


def _log(arguments: argparse.Namespace) -> int:
    from alvh_rules.govern.report import log_lines

    print("\n".join(log_lines(_desk().record)))
    return FINE


def _status(arguments: argparse.Namespace) -> int:
    from alvh_rules.govern.report import status_lines

    desk = _desk()
    lines = list(status_lines(desk.record, _desk_day(arguments, desk)))
    if not colour():
        print("\n".join(lines))
        return FINE
    from rich.console import Console
    from rich.text import Text

    console = Console(file=sys.stdout, highlight=False, soft_wrap=True)
    for line in lines:
        text = Text(line)
        text.highlight_regex("█+", "green")
        text.highlight_regex("▒+", "red")
        text.highlight_regex(r"^\s*missing: ", "bold yellow")
        text.highlight_regex(r"^[0-9a-f]{12}", "bold")
        console.print(text)
    return FINE


def _verify(arguments: argparse.Namespace) -> int:
    import json

    from alvh_rules.findings.report import Examined
    from alvh_rules.govern.in_force import name_in
    from alvh_rules.govern.report import verified_data, verified_lines, verified_markdown
    from alvh_rules.govern.verify import verify

    desk = _desk()
    paths = []
    for path in arguments.rulesets:
        name = name_in(desk, path)
        if name is None:
            raise _say(f"`{path}` lies outside the governed repository")
        paths.append(name)
    if arguments.ledger_only and paths:
        raise _say("`--ledger-only` names no ruleset")
    day = _desk_day(arguments, desk)
    found = verify(
        desk,
        paths,
        arguments.base,
        day,
        ledger_only=arguments.ledger_only,
        data=arguments.data,
        calendars=arguments.calendar,
    )
    if arguments.format == "json":
        print(json.dumps(verified_data(found), indent=2, ensure_ascii=False))
    elif arguments.format == "markdown":
        print("\n".join(verified_markdown(found)).rstrip())
    elif arguments.format == "github":
        told = argparse.Namespace(command="govern verify", format="github")
        print_report(told, [Examined(desk.ledger_name, tuple(found.findings))], "")
    else:
        if found.findings:
            print(render_all(found.findings, {}, colour=colour()) + "\n")
        print("\n".join(verified_lines(found)))
    return FINE if found.holds else FINDINGS
