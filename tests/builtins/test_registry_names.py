"""What functions are called elsewhere leads to one function each, and hides none."""

from alvh_rules.builtins.registry import BUILTINS, OTHER_NAMES, own_name
from alvh_rules.cli.main import main


def test_a_name_of_elsewhere_means_one_function_and_is_none_itself() -> None:
    names = [name for record in BUILTINS.values() for name in record.other_names]
    assert len(names) == len(set(names)) == len(OTHER_NAMES) > 50
    assert not set(names) & set(BUILTINS)
    assert all(name == name.lower() for name in names)


def test_a_name_is_known_by_its_capitals_and_by_what_it_is_called_elsewhere(capsys) -> None:
    assert [own_name(name) for name in ("RSI", "Lag", "nosuch")] == ["rsi", "ago", ""]
    assert main(["functions", "HV"]) == 2
    assert "did you mean `realized_volatility`?" in capsys.readouterr().out
