"""`alvh COMMAND …`. Exit code 0: fine; 1: findings; 2: cannot run; `prove` has 3, undecided.

Findings go to standard output. A command imports what it needs when it runs, so that `check` loads
neither NumPy nor pandas.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

from alvh_rules.cli.arguments import parser_of_commands
from alvh_rules.cli.output import CANNOT_RUN, FINE
from alvh_rules.core.files import remove_unfinished


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    parser = parser_of_commands()
    arguments, rest = parser.parse_known_args(argv)
    # argparse gives optional positionals up once options have stood before them.
    slots = [name for name in ("ruleset", "name") if getattr(arguments, name, "") is None]
    plain = not any(text.startswith("-") for text in rest)
    if arguments.command == "explain" and plain and len(rest) <= len(slots):
        for name, text in zip(slots, rest, strict=False):
            setattr(arguments, name, Path(text) if name == "ruleset" else text)
    elif rest:
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    try:
        with _ended_as_by_ctrl_c():
            code: int = _command(arguments.run)(arguments)
            sys.stdout.flush()
    except BrokenPipeError:
        # The reader went away (`alvh … | head`): no more output is wanted, and none is an error.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FINE
    except KeyboardInterrupt:
        remove_unfinished()
        print("stopped", file=sys.stderr)
        return CANNOT_RUN
    return code


@contextmanager
def _ended_as_by_ctrl_c() -> Iterator[None]:
    """A request to end is taken as Ctrl-C is: what is held open is let go, nothing left half written."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _command(place: str) -> Callable[[argparse.Namespace], int]:
    """The function of a command, whose module is imported when it is wanted."""
    module, _, name = place.partition(":")
    found: Callable[[argparse.Namespace], int] = getattr(
        import_module(f"alvh_rules.cli.{module}"), name
    )
    return found
