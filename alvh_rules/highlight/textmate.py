"""The TextMate grammar of the editors: `python -m alvh_rules.highlight.textmate` writes it.

The grammar is a file of `grammar/vscode/`, made from `words.py`; a test says when it must be made
anew. It colours a text before the server has answered, and where there is none.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from alvh_rules.core.files import write_text_atomically
from alvh_rules.core.resources import grammar_path
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

SCOPE: Final = "source.alvh"
_NAME: Final = "[A-Za-z_][A-Za-z0-9_]*"
_NUMBER: Final = r"(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)"


def textmate_path() -> Path:
    """Where the grammar stands in a checkout."""
    return grammar_path().parent / "vscode" / "syntaxes" / "alvh.tmLanguage.json"


def textmate() -> dict[str, Any]:
    """The grammar. What comes first is tried first."""
    phrases = "|".join(r"[ \t]+".join(phrase.split()) for phrase in PHRASES)
    return {
        "$schema": "https://raw.githubusercontent.com/martinring/tmlanguage/master/tmlanguage.json",
        "name": "alvh",
        "scopeName": SCOPE,
        "fileTypes": ["alvh"],
        "patterns": [
            _rule("comment.line.number-sign", r"#.*$"),
            _rule("string.quoted.double", r'"[^"]*"'),
            _rule("constant.numeric.date", r"\b[0-9]{4}-[0-9]{2}-[0-9]{2}(?![0-9])"),
            _rule("constant.numeric.time", r"\b[0-9]{1,2}:[0-9]{2}\b"),
            _rule("constant.language", r"\b24/7\b"),
            _rule("constant.numeric.version", r"\b[0-9]+\.[0-9]+\.[0-9]+\b"),
            _rule(
                "constant.numeric.money",
                r"\$[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?|\$[0-9]+(?:\.[0-9]+)?",
            ),
            _rule("constant.numeric", rf"(?<![A-Za-z0-9_]){_NUMBER}(?:[ \t]?%)?"),
            {
                "match": rf"^({'|'.join(NAMING)})[ \t]+({_NAME})",
                "captures": {
                    "1": {"name": "storage.type.alvh"},
                    "2": {"name": "entity.name.alvh"},
                },
            },
            _rule("storage.type", rf"^(?:{'|'.join(ITEMS)})\b"),
            {
                "match": rf"^[ \t]+({_NAME})[ \t]+({'|'.join(KINDS)})\b(?=[ \t]*(?:$|[\"#a-z]))",
                "captures": {
                    "1": {"name": "variable.other.alvh"},
                    "2": {"name": "support.type.alvh"},
                },
            },
            _rule("keyword.other", rf"\b(?:{phrases})\b"),
            _rule("support.function", rf"\b(?:{'|'.join(FUNCTIONS)})\b(?=[ \t]*\()"),
            _words("keyword.operator.word", OPERATORS),
            _words("constant.language", CONSTANTS),
            _words("support.type.unit", UNIT_WORDS),
            _words("keyword.other", (*KEYWORDS, *ITEMS)),
            _rule("variable.other", rf"\b{_NAME}\b"),
            _rule("keyword.operator", r"=>|[<>]=?|[-+*/=]"),
            _rule("punctuation", r"[(),.|]"),
        ],
    }


def _rule(scope: str, pattern: str) -> dict[str, str]:
    return {"name": f"{scope}.alvh", "match": pattern}


def _words(scope: str, words: Iterable[str]) -> dict[str, str]:
    return _rule(scope, rf"\b(?:{'|'.join(words)})\b")


def textmate_text() -> str:
    """The grammar as it is written."""
    return json.dumps(textmate(), indent=2) + "\n"


def main() -> int:
    """Write the grammar as the words stand."""
    write_text_atomically(textmate_path(), textmate_text())
    print(f"wrote {textmate_path()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
