"""What `alvh check` loads: nothing that it does not need, so that it answers at typing speed."""

import subprocess
import sys

from alvh_rules.core.resources import ruleset_path

UNNEEDED = {"lark", "pydantic", "pydantic_core", "numpy", "pandas", "pyarrow", "pickle", "secrets"}


def test_checking_loads_neither_lark_nor_pydantic_nor_what_evaluates() -> None:
    program = (
        "import sys\n"
        "from alvh_rules.cli.main import main\n"
        f"assert main(['check', {str(ruleset_path('alvh_core'))!r}]) == 0\n"
        f"print(sorted({UNNEEDED!r} & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"
