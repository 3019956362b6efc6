"""A file is written whole or not at all, with the mode and the links that were there."""

import os
import signal
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from alvh_rules.core.files import uninterrupted, write_atomically, write_text_atomically


@pytest.fixture
def umask() -> Iterator[None]:
    before = os.umask(0o027)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.usefixtures("umask")
def test_a_new_file_gets_the_mode_that_the_umask_says(tmp_path: Path) -> None:
    path = tmp_path / "new.alvh"
    write_text_atomically(path, "let a = 1\r\n")
    assert path.read_bytes() == b"let a = 1\r\n"
    assert mode(path) == 0o640
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.usefixtures("umask")
@pytest.mark.parametrize("given", [0o600, 0o644, 0o664, 0o755])
def test_a_file_that_is_replaced_keeps_its_mode(tmp_path: Path, given: int) -> None:
    path = tmp_path / "old.alvh"
    path.write_text("before")
    path.chmod(given)
    write_text_atomically(path, "after")
    assert (path.read_text(), mode(path)) == ("after", given)


def test_what_is_being_written_is_no_more_open_than_the_file_it_replaces(tmp_path: Path) -> None:
    path = tmp_path / "secret.csv"
    path.write_text("before")
    path.chmod(0o600)
    seen: list[tuple[str, int]] = []

    def write(temporary: Path) -> None:
        seen.append((temporary.suffix, mode(temporary)))

    write_atomically(path, write)
    assert seen == [(".csv", 0o600)]


def test_a_link_stays_and_what_it_points_to_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    target = tmp_path / "real" / "file.alvh"
    target.write_text("before")
    link = tmp_path / "link.alvh"
    link.symlink_to(Path("real") / "file.alvh")
    write_text_atomically(link, "after")
    assert link.is_symlink()
    assert target.read_text() == "after"
    assert not target.is_symlink()
    assert sorted(item.name for item in tmp_path.rglob("*")) == ["file.alvh", "link.alvh", "real"]


def test_a_link_to_no_file_makes_one_where_it_points(tmp_path: Path) -> None:
    link = tmp_path / "link.alvh"
    link.symlink_to(tmp_path / "new.alvh")
    write_text_atomically(link, "text")
    assert link.is_symlink()
    assert (tmp_path / "new.alvh").read_text() == "text"


def test_a_writer_that_fails_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "file.alvh"
    path.write_text("before")

    def write(temporary: Path) -> None:
        temporary.write_text("half")
        raise ValueError("no more")

    with pytest.raises(ValueError, match="no more"):
        write_atomically(path, write)
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_links_in_a_circle_are_refused_and_stay(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    with pytest.raises(OSError, match="symbolic links"):
        write_text_atomically(tmp_path / "a", "text")
    assert sorted(item.name for item in tmp_path.iterdir()) == ["a", "b"]


def test_an_interrupt_waits_for_what_belongs_together() -> None:
    done = []

    def interrupted() -> None:
        with uninterrupted():
            signal.raise_signal(signal.SIGINT)
            done.append("both in their places")

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert done
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
