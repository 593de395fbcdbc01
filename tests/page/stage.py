"""The page in one browser and with one sandbox for all files; no test may leave an error in the
browser's console or a request that failed."""

import importlib.util
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.browser import REQUIRED, Pages, chromium
from tests.clients.programs import packages
from tests.native import Sandbox

from playwright.sync_api import Browser, expect  # isort: skip


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    expect.set_options(timeout=15_000)
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="package")
def project_and_python(request: pytest.FixtureRequest) -> tuple[Path, str]:
    """A baked project and an interpreter that has what it needs: this one, or that of its tools."""
    if all(map(importlib.util.find_spec, ("aiogram", "pydantic_settings", "structlog"))):
        return request.getfixturevalue("project"), sys.executable
    folder: Path = request.getfixturevalue("equipped")
    return folder, str(folder / ".venv" / "bin" / "python")


@pytest.fixture(scope="package")
def sandbox(
    browser: Browser,
    project_and_python: tuple[Path, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Sandbox]:
    """With the two example bots and a third one that the tests speak for."""
    sandbox = Sandbox(*project_and_python, tmp_path_factory.mktemp("page"))
    sandbox.start()
    try:
        with sandbox.bots():
            sandbox.call("setMyName", name="Raw")
            yield sandbox
    finally:
        sandbox.kill()


@pytest.fixture
def empty(
    browser: Browser, project_and_python: tuple[Path, str], tmp_path: Path
) -> Iterator[Sandbox]:
    """A sandbox that nobody has called."""
    sandbox = Sandbox(*project_and_python, tmp_path)
    sandbox.start()
    yield sandbox
    sandbox.kill()


@pytest.fixture
def pages(browser: Browser) -> Iterator[Pages]:
    pages = Pages(browser)
    yield pages
    pages.close()
    assert pages.problems == []


@pytest.fixture
def user(sandbox: Sandbox) -> int:
    """Dora, who has said nothing to anybody. Those of other tests have other names now."""
    for other in sandbox.ask("users"):
        if other["first_name"] == "Dora":
            sandbox.ask("add_user", first_name="Gone", user_id=other["id"])
    user_id: int = sandbox.ask("add_user", first_name="Dora")["id"]
    return user_id


@pytest.fixture(scope="package")
def axe(say: Callable[[str], None]) -> str:
    """The source of axe-core, which looks for what a screen reader or weak eyes cannot use."""
    if not REQUIRED and not shutil.which("npm"):
        pytest.skip("no npm for axe-core; REQUIRE_BROWSER=1 makes it fail")
    return (packages(say) / "node_modules" / "axe-core" / "axe.min.js").read_text("utf-8")
