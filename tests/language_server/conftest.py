"""One editor for the tests of a file, since a server takes a second to start."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.language_server.editor import Editor


@pytest.fixture(scope="module")
def editor() -> Iterator[Editor]:
    """An editor that counts in UTF-16, with no folder and no data."""
    made = Editor()
    yield made
    assert made.close() == 0


@pytest.fixture(scope="module")
def rooted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Editor]:
    """An editor that has a folder open."""
    made = Editor(tmp_path_factory.mktemp("editor"))
    yield made
    assert made.close() == 0


@pytest.fixture
def place(rooted: Editor, request: pytest.FixtureRequest) -> Path:
    """A folder in the editor's, which no other test uses."""
    assert rooted.folder is not None
    number = sum(1 for _ in rooted.folder.iterdir())
    made = rooted.folder / f"{number}_{request.node.originalname}"
    made.mkdir()
    return made


@pytest.fixture
def own(rooted: Editor, place: Path) -> Iterator[Editor]:
    """The editor that has the test's folder open, and none of its documents before and after."""
    yield rooted
    rooted.shut_all()


@pytest.fixture
def uri(request: pytest.FixtureRequest) -> str:
    """An address that no other test uses."""
    return f"file:///nowhere/{request.node.name.translate(str.maketrans('[]', '__'))}.alvh"
