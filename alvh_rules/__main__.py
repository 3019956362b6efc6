"""`python -m alvh_rules`: the command `alvh`."""

import sys

from alvh_rules.cli.main import main

sys.exit(main())
