"""The `git` command, run without a shell, a prompt, a lock or a fetch."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path


class GitError(Exception):
    """Git could not do what was asked; the message says why."""


class NoGitError(GitError):
    """There is no `git` command."""


def run_git(
    arguments: Sequence[str],
    *,
    seconds: float,
    folder: Path | None = None,
    data: bytes = b"",
    more: Mapping[str, str] | None = None,
    without: Sequence[str] = (),
) -> bytes:
    """What git prints, in a folder (the current one), given `data` to read. Raises GitError.

    `more` are further environment variables, `without` those that it shall not see.
    """
    surroundings = {
        **os.environ,
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_NO_LAZY_FETCH": "1",
        "LC_ALL": "C",
        **(more or {}),
    }
    for name in without:
        surroundings.pop(name, None)
    place = [] if folder is None else ["-C", str(folder)]
    try:
        done = subprocess.run(
            ["git", *place, *arguments],
            input=data,
            capture_output=True,
            check=False,
            env=surroundings,
            timeout=seconds,
        )
    except FileNotFoundError:
        raise NoGitError("the `git` command is not installed") from None
    except (OSError, subprocess.TimeoutExpired, ValueError) as problem:
        raise GitError(f"git could not be run: {problem}") from None
    if done.returncode:
        told = os.fsdecode(done.stderr).strip().splitlines()
        raise GitError(told[0] if told else "git refused")
    return done.stdout
