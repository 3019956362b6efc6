"""Desks for tests: made once, copied for each."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.govern.desks import Bench, make_bench


@pytest.fixture(scope="session")
def _founded(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return make_bench(tmp_path_factory.mktemp("founded"))


@pytest.fixture(scope="session")
def _adopted(_founded: Bench, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    bench = _copy(_founded, tmp_path_factory.mktemp("adopted"))
    bench.adopt(6, reason="the first version")
    return bench


def _copy(bench: Bench, folder: Path) -> Bench:
    root = folder / "desk"
    shutil.copytree(bench.root, root)
    return Bench(root, dict(bench.keys))


@pytest.fixture
def founded(_founded: Bench, tmp_path: Path) -> Bench:
    """A founded charter of ana (the steward), ben and cem; no version is ratified."""
    return _copy(_founded, tmp_path)


@pytest.fixture
def desk(_adopted: Bench, tmp_path: Path) -> Bench:
    """The same with version 1.0.0 ratified on 2015-01-08, in force from 2015-01-09."""
    return _copy(_adopted, tmp_path)
