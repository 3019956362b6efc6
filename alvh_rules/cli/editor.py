"""`alvh lsp`: the language server, for editors."""

from __future__ import annotations

import argparse
import sys

from alvh_rules.cli.output import CANNOT_RUN


def lsp(arguments: argparse.Namespace) -> int:
    """Serve until the editor says goodbye."""
    try:
        from alvh_rules.language_server.server import serve
    except ModuleNotFoundError as problem:
        if (problem.name or "").split(".")[0] not in ("pygls", "lsprotocol", "cattrs", "attrs"):
            raise
        message = "the language server needs more: python -m pip install 'alvh-rules[lsp]'"
        print(message, file=sys.stderr)
        return CANNOT_RUN
    return serve()
