"""What functions are called elsewhere leads to one function each, and hides none."""

from alvh_rules.builtins.registry import BUILTINS, OTHER_NAMES


def test_a_name_of_elsewhere_means_one_function_and_is_none_itself() -> None:
    names = [name for record in BUILTINS.values() for name in record.other_names]
    assert len(names) == len(set(names)) == len(OTHER_NAMES) > 50
    assert not set(names) & set(BUILTINS)
    assert all(name == name.lower() for name in names)
