"""alvh-rules: rulesets for option selling under a volatility hedge, checked and evaluated."""

from alvh_rules.core.diagnostics import DataWarning, Diagnostic, RulesetError, Severity
from alvh_rules.core.version import VERSION
from alvh_rules.pipeline import Rules, check, load

__version__ = VERSION
__all__ = [
    "DataWarning",
    "Diagnostic",
    "Rules",
    "RulesetError",
    "Severity",
    "__version__",
    "check",
    "load",
]
