"""Which part of a version a change asks for, and which part its header has moved."""

from __future__ import annotations

from enum import IntEnum


class Bump(IntEnum):
    """A part of a semantic version, the greater the more a user has to look at."""

    NONE = 0
    PATCH = 1
    MINOR = 2
    MAJOR = 3

    @property
    def word(self) -> str:
        """As `--fail-on` and the formats write it."""
        return self.name.lower()


def numbers_of(version: str) -> tuple[int, int, int]:
    """The three numbers of a version; one that is absent is 0."""
    parts = [int(part) for part in version.split(".") if part.isdigit()]
    first, second, third = (*parts, 0, 0, 0)[:3]
    return first, second, third


def bump_between(old: str, new: str) -> Bump | None:
    """The part by which one version is above another; None where it is below."""
    before, after = numbers_of(old), numbers_of(new)
    if after < before:
        return None
    for part, (one, other) in zip(
        (Bump.MAJOR, Bump.MINOR, Bump.PATCH), zip(before, after, strict=True), strict=True
    ):
        if one != other:
            return part
    return Bump.NONE


def raised(version: str, bump: Bump) -> str:
    """The version with a part raised by one and those after it at zero."""
    major, minor, patch = numbers_of(version)
    match bump:
        case Bump.MAJOR:
            return f"{major + 1}.0.0"
        case Bump.MINOR:
            return f"{major}.{minor + 1}.0"
        case Bump.PATCH:
            return f"{major}.{minor}.{patch + 1}"
        case Bump.NONE:
            return version
