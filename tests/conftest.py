"""The template as a fresh clone would be, and projects baked from it."""

import contextlib
import fcntl
import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pytest_cookies.plugin import Cookies

from demo import ROOT, copy_template, docker_answers

# What is imported from the project's folder leaves nothing there: projects are baked from it.
sys.dont_write_bytecode = True
# The fixtures `telegram`, `user` and `chat`, for the tests in tests/sandbox/.
pytest_plugins = ["sandbox.testing.plugin"]

SOURCE = ROOT / "{{cookiecutter.project_slug}}"
CI_FILES = {
    "github": (".github/workflows/ci.yml", ".github/workflows/prove.yml"),
    "gitlab": (".gitlab-ci.yml",),
}
QUESTIONS: dict[str, Any] = {
    name: default
    for name, default in json.loads((ROOT / "cookiecutter.json").read_text("utf-8")).items()
    if not name.startswith("_")
}

LONG = (
    *("test_prove", "test_demo", "test_plugin_stack"),
    # Each of the three workers is given a second file at once: that behind the longest is short.
    *("test_ci", "test_native"),
    *(
        "test_stack",
        "test_process",
        "test_webhooks",
        "test_clients",
        "test_conformance",
        "test_without_sandbox",
    ),
    "test_other_projects",
    # In a browser; those that follow each other on one worker share it.
    *("test_page_talking", "test_page_panel", "test_page_messages"),
    *("test_page_chats", "test_page_joining", "test_page_paying"),
    *("test_page_rich", "test_page_frame", "test_page_access"),
)
"""Files that are begun first, so that none of them is left for the end."""

Bake = Callable[..., Path]
Say = Callable[[str], None]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the long files first, and skip the tests with containers where there is no engine,
    unless they are required."""
    items.sort(key=lambda item: LONG.index(item.path.stem) if item.path.stem in LONG else len(LONG))
    marked = [item for item in items if item.get_closest_marker("docker")]
    if marked and os.environ.get("REQUIRE_DOCKER") != "1" and not docker_answers():
        skip = pytest.mark.skip(reason="no Docker engine answers; REQUIRE_DOCKER=1 makes it fail")
        for item in marked:
            item.add_marker(skip)


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the template without what tools leave behind."""
    folder = tmp_path_factory.mktemp("template") / "cookiecutter-bot-fleet"
    copy_template(folder)
    return folder


class StrictCookies(Cookies):  # type: ignore[misc]  # pytest-cookies has no types
    """Bakes; an answer to a question that is not asked is an error, not ignored."""

    def bake(self, extra_context: dict[str, str] | None = None, template: str | None = None) -> Any:
        if unknown := set(extra_context or {}) - set(QUESTIONS):
            raise KeyError(f"not asked by cookiecutter.json: {', '.join(sorted(unknown))}")
        return super().bake(extra_context=extra_context, template=template)


@pytest.fixture(scope="session")
def strict_cookies(
    template: Path, tmp_path_factory: pytest.TempPathFactory, _cookiecutter_config_file: Any
) -> StrictCookies:
    folder = tmp_path_factory.mktemp("bakes")

    def output_folder(name: str) -> Path:
        (folder / name).mkdir()
        return folder / name

    return StrictCookies(str(template), output_folder, _cookiecutter_config_file)


@pytest.fixture(scope="session")
def bake(strict_cookies: StrictCookies) -> Bake:
    """Bake with these answers: `bake(license="MIT")`. Returns the project's folder."""

    def bake(**answers: str) -> Path:
        result = strict_cookies.bake(extra_context={n: raw(a) for n, a in answers.items()})
        if result.exception:
            raise result.exception
        assert result.exit_code == 0
        return Path(result.project_path)

    return bake


@pytest.fixture(scope="session")
def project(bake: Bake) -> Path:
    """A project baked with the defaults. Tests read it and change nothing."""
    return bake()


@pytest.fixture(scope="session")
def equipped(bake: Bake, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with its tools in `.venv`. Tests change nothing but what its own commands do.

    The tools are installed once, for all workers of pytest-xdist.
    """
    folder, shared = bake(), tmp_path_factory.getbasetemp()
    if os.environ.get("PYTEST_XDIST_WORKER"):
        shared = shared.parent
    with (shared / "tools.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (tools := shared / "tools").exists():
            (folder / ".venv").symlink_to(tools.resolve())
            (tools / ".ready").touch()  # make looks which is newer, it or the list of them
        else:
            subprocess.run(["make", ".venv/.ready"], cwd=folder, check=True)
            tools.symlink_to(folder / ".venv")
    return folder


@pytest.fixture(scope="session")
def say(pytestconfig: pytest.Config) -> Say:
    """Tells the user something while tests run."""

    def say(text: str) -> None:
        capture = pytestconfig.pluginmanager.getplugin("capturemanager")
        with capture.global_and_fixture_disabled() if capture else contextlib.nullcontext():
            print(f"\n{text}", file=sys.stderr, flush=True)

    return say


@pytest.fixture
def repository(bake: Bake) -> Path:
    """A project of its own, in git, all that is not ignored committed."""
    folder = bake()
    git(folder, "init", "-q")
    git(folder, "add", "--all")
    git(folder, "commit", "-q", "-m", "baked")
    return folder


def raw(answer: str) -> str:
    """Write an answer so that it arrives as it is: cookiecutter renders extra_context."""
    return "{{ " + json.dumps(answer) + " }}" if "{" in answer else answer


def git(folder: Path, *arguments: str) -> str:
    who = ["-c", "user.name=Test", "-c", "user.email=test@example.com"]
    done = subprocess.run(
        ["git", *who, *arguments], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout


def source_files() -> set[str]:
    """What git has of the project, or would have."""
    return files_of(SOURCE)


def files_of(folder: Path, *patterns: str) -> set[str]:
    """What git has in a folder, or would have, of all names or of some."""
    listed = git(
        folder, "ls-files", "--cached", "--others", "--exclude-standard", "-z", "--", *patterns
    )
    return {name for name in listed.split("\0") if name and (folder / name).exists()}


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def free_port() -> int:
    """Find a port of 127.0.0.1 that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
