"""The package works where the native machine was not built, with the same bits."""

import os
import shutil
import subprocess
import sys
import sysconfig
from hashlib import sha256
from pathlib import Path

import pytest

from alvh_rules import load
from alvh_rules.core.resources import shipped_rulesets
from alvh_rules.evaluate.engine import evaluate
from alvh_rules.market.read import market_from_frame
from alvh_rules.native import native_is_there
from tests.evaluate.test_blocks import DAYS

PROGRAM = """
import sys

# What stands as None is not to be imported.
sys.modules["alvh_rules.native._strands"] = None

from alvh_rules.evaluate.engines import engine_of
from alvh_rules.native import Machine, native_is_there
from tests.native.test_absent import evaluated

assert not native_is_there() and Machine is None
print(engine_of("auto", 10), evaluated())
"""


def evaluated() -> str:
    """A digest of all columns of a shipped ruleset, by the engine that is chosen."""
    rules = load(next(path for path in shipped_rulesets() if path.stem == "alvh_core"))
    market, _ = market_from_frame(DAYS, rules.checked.schema)
    columns = evaluate(rules.checked, rules.plan, market).columns
    digest = sha256()
    for name in sorted(columns):
        digest.update(name.encode() + columns[name].tobytes())
    return digest.hexdigest()


def test_a_package_without_the_machine() -> None:
    root = Path(__file__).resolve().parents[2]
    told = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=root, capture_output=True, text=True, check=False
    )
    assert told.returncode == 0, told.stderr
    assert told.stdout.split() == ["blocks", evaluated()]


STALE = """
import sys
from types import ModuleType

other = ModuleType("alvh_rules.native._strands")
other.SOURCE, other.OPERATIONS = "of other files", {"add": (0, "fgg", 0, 0)}
sys.modules["alvh_rules.native._strands"] = other

from alvh_rules.native import Machine, native_is_there

print(native_is_there(), Machine)
"""


def test_a_machine_of_other_source_is_not_taken() -> None:
    told = subprocess.run([sys.executable, "-c", STALE], capture_output=True, text=True, check=True)
    assert told.stdout.split() == ["False", "None"]


HEADERS = Path(sysconfig.get_path("include")) / "Python.h"


@pytest.mark.skipif(
    not (shutil.which("cc") and HEADERS.exists()) or "ALVH_RULES_NATIVE" in os.environ,
    reason="there is no C compiler, or no headers of Python's, or it was asked for otherwise",
)
def test_it_is_built_where_it_can_be() -> None:
    assert native_is_there()
