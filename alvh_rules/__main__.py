"""`python -m alvh_rules` is the command `alvh`."""

from __future__ import annotations

import sys

from alvh_rules.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
