"""One editor for the tests of a file, since a server takes a second to start."""

from collections.abc import Iterator

import pytest

from tests.language_server.editor import Editor


@pytest.fixture(scope="module")
def editor() -> Iterator[Editor]:
    """An editor that counts in UTF-16, with no folder and no data."""
    made = Editor()
    yield made
    assert made.close() == 0


@pytest.fixture
def uri(request: pytest.FixtureRequest) -> str:
    """An address that no other test uses."""
    return f"file:///nowhere/{request.node.name.translate(str.maketrans('[]', '__'))}.alvh"
