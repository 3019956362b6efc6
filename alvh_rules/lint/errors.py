"""What linting itself can find wrong: comments that silence, and `alvh.toml`; a function each."""

from __future__ import annotations

from collections.abc import Sequence

from alvh_rules.core.diagnostics import Diagnostic, Fix, Severity
from alvh_rules.core.source import Span


def unused_suppression(codes: Sequence[str], span: Span, fix: Fix) -> Diagnostic:
    """A comment that silences nothing."""
    listing = ", ".join(codes)
    return Diagnostic(
        "ALV770",
        Severity.WARNING,
        f"this comment silences {listing}, and there is none here",
        span,
        help="take it out: it would hide the next one",
        fix=fix,
    )


def bad_suppression(message: str, span: Span, help: str) -> Diagnostic:
    """A comment that was meant to silence something, and cannot."""
    return Diagnostic("ALV771", Severity.WARNING, message, span, help=help)


def _configuration(code: str, message: str, location: str, help: str = "") -> Diagnostic:
    return Diagnostic(code, Severity.ERROR, message, help=help, location=location)


def unreadable_configuration(reason: str, location: str) -> Diagnostic:
    """An `alvh.toml` that is no TOML, or cannot be opened."""
    return _configuration("ALV780", f"alvh.toml cannot be read: {reason}", location)


def unknown_key(key: str, table: str, near: str, known: Sequence[str], location: str) -> Diagnostic:
    """A key that nothing reads."""
    where = f"`[{table}]`" if table else "alvh.toml"
    help = f"did you mean `{near}`?" if near else "it has " + ", ".join(f"`{k}`" for k in known)
    return _configuration("ALV781", f"{where} has no key `{key}`", location, help)


def wrong_value(key: str, wanted: str, got: str, location: str) -> Diagnostic:
    """A value of the wrong type, or outside its range."""
    return _configuration("ALV782", f"`{key}` must be {wanted}, not {got}", location)


def unknown_code(written: str, near: str, location: str) -> Diagnostic:
    """A code, or the name of a lint, that there is not."""
    help = f"did you mean `{near}`?" if near else "docs/codes.md lists the codes"
    return _configuration("ALV783", f"there is no code or lint `{written}`", location, help)


def cannot_be_silenced(code: str, location: str) -> Diagnostic:
    """The code of an error, or of another command."""
    return _configuration(
        "ALV784",
        f"{code} is not for `alvh check` to leave out",
        location,
        "warnings and advice of `alvh check` can be; an error stands until it is mended",
    )


def not_a_lint(code: str, location: str) -> Diagnostic:
    """A code in `select` that is always reported."""
    return _configuration(
        "ALV784",
        f"{code} is no lint: it is reported without being selected",
        location,
        "`select` names lints; to leave it out, name it in `ignore`",
    )
