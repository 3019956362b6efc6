"""Fixtures and profiles that all tests share."""

from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parent.parent
settings.register_profile("repeatable", deadline=None, derandomize=True)
settings.load_profile("repeatable")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real market data beside the project."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the real market data (../shared/data) is not here")
    return folder


@pytest.fixture(autouse=True, scope="session")
def _own_cache(tmp_path_factory):
    """Findings of the tests are cached apart from those of whoever runs them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ALVH_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield
