"""The Pygments lexer, `alvh`: for documents, notebooks and terminals.

It is found by its entry point, so that whatever uses Pygments (Sphinx, MkDocs, `pygmentize`) knows
the language once the package is installed.
"""

from __future__ import annotations

from typing import Any, ClassVar

from pygments.lexer import RegexLexer, bygroups, words
from pygments.token import (
    Comment,
    Keyword,
    Literal,
    Name,
    Number,
    Operator,
    Punctuation,
    String,
    Whitespace,
)

from alvh_rules.highlight.words import (
    CONSTANTS,
    FUNCTIONS,
    ITEMS,
    KEYWORDS,
    KINDS,
    NAMING,
    OPERATORS,
    PHRASES,
    UNIT_WORDS,
)

_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
_PHRASES = "|".join(r"[ \t]+".join(phrase.split()) for phrase in PHRASES)


class AlvhLexer(RegexLexer):  # type: ignore[misc]  # Pygments ships no types
    """Rulesets for volatility trading."""

    name = "alvh"
    aliases: ClassVar[list[str]] = ["alvh"]
    filenames: ClassVar[list[str]] = ["*.alvh"]
    mimetypes: ClassVar[list[str]] = ["text/x-alvh"]
    url = ""
    version_added = ""

    tokens: ClassVar[dict[str, Any]] = {
        "root": [
            (r"\s+", Whitespace),
            (r"#[^\n]*", Comment.Single),
            (r'"[^"\n]*"', String.Double),
            (r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?![0-9])", Literal.Date),
            (r"[0-9]{1,2}:[0-9]{2}", Literal.Date),
            (r"24/7\b", Keyword.Constant),
            (r"[0-9]+\.[0-9]+\.[0-9]+", Number),
            (r"\$[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?|\$[0-9]+(?:\.[0-9]+)?", Number),
            (r"(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[ \t]?%)?", Number),
            (
                rf"(?m)^({'|'.join(NAMING)})([ \t]+)({_NAME})",
                bygroups(Keyword.Declaration, Whitespace, Name.Variable),
            ),
            (rf"(?m)^(?:{'|'.join(ITEMS)})\b", Keyword.Declaration),
            (
                # Blanks have been read: a data row begins behind them.
                rf"(?m)(?<=[ \t])({_NAME})([ \t]+)({'|'.join(KINDS)})\b(?=[ \t]*(?:$|[\"#a-z]))",
                bygroups(Name.Variable, Whitespace, Keyword.Type),
            ),
            (rf"(?:{_PHRASES})\b", Keyword),
            (words(FUNCTIONS, suffix=r"(?=[ \t]*\()"), Name.Builtin),
            (words(OPERATORS, suffix=r"\b"), Operator.Word),
            (words(CONSTANTS, suffix=r"\b"), Keyword.Constant),
            (words(UNIT_WORDS, suffix=r"\b"), Keyword.Type),
            (words((*KEYWORDS, *ITEMS), suffix=r"\b"), Keyword),
            (_NAME, Name),
            (r"=>|[<>]=?|[-+*/=]", Operator),
            (r"[(),.|]", Punctuation),
        ]
    }
