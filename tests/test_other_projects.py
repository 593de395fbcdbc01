"""The sandbox as a package of projects that were not baked from this template, as its README tells:
with a bot on aiogram in one process, and with one on telebot that runs."""

import os
import re
import shutil
import subprocess
import sys
import urllib.request
import venv
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo import ROOT
from tests.clients.programs import Program
from tests.conftest import SOURCE

pytestmark = pytest.mark.slow
BOTS = Path(__file__).parent / "elsewhere"
README = (SOURCE / "sandbox" / "README.md").read_text("utf-8")
SECTION = README.partition("## In other projects")[2].partition("\n## ")[0]
IN_PROCESS, _, RUNNING = SECTION.partition("Bots on **other libraries**")
FILE = re.compile(r"```(?:python|toml)\n# (\S+)\n(.*?)```", re.DOTALL)
SETTINGS = dict(FILE.findall(SECTION))["pyproject.toml"]
TELEBOT = "pyTelegramBotAPI==4.37.1"


@pytest.fixture(scope="module")
def programs(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the programs are of an environment with the folder `sandbox/` as a package, what that
    needs, and telebot."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder / "venv")
    programs = folder / "venv" / "bin"
    locked = (ROOT / "requirements-dev.txt").read_text("utf-8")
    versions = folder / "versions.txt"
    versions.write_text("\n".join(re.findall(r"(?m)^[^\s=;]+==[^\s;]+", locked)), "utf-8")
    pip = [sys.executable, "-m", "pip", "--python", str(programs / "python"), "install", "--quiet"]
    package = f"{template / SOURCE.name / 'sandbox'}[pytest]"
    subprocess.run([*pip, "--constraint", str(versions), package, TELEBOT], check=True)
    return programs


def project(folder: Path, bot: str, shown: str) -> Path:
    """A project with a bot and the files that a part of the README shows."""
    shutil.copy(BOTS / bot, folder)
    for path, content in [("pyproject.toml", SETTINGS), *FILE.findall(shown)]:
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(content, "utf-8")
    return folder


def run_tests(programs: Path, folder: Path, *arguments: str) -> str:
    """Run the tests of a project, and return what pytest says."""
    done = subprocess.run(
        [programs / "pytest", "-p", "no:cacheprovider", "-W", "error", *arguments],
        cwd=folder,
        env={"PATH": os.environ["PATH"]},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def sandbox(programs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of `telegram-sandbox`."""
    folder = tmp_path_factory.mktemp("sandbox")
    server = Program([str(programs / "telegram-sandbox")], folder, folder / "log", SANDBOX_PORT="0")
    try:
        server.wait_until(lambda: "Ctrl-C" in server.log, "the sandbox says where it is")
        yield re.findall(r"http://\S+", server.log)[0]
    finally:
        assert server.end() == 0


def test_a_bot_on_aiogram_in_one_process(programs: Path, tmp_path: Path) -> None:
    folder = project(tmp_path, "survey_bot.py", IN_PROCESS)
    # A second test has nothing of the first one, though the dispatcher is the same; and who loads
    # the plugin in a conftest.py, too, does no harm.
    survey, conftest = folder / "tests" / "test_survey.py", folder / "tests" / "conftest.py"
    survey.write_text(survey.read_text() + AGAIN, "utf-8")
    conftest.write_text(f'{conftest.read_text()}\npytest_plugins = ["sandbox.testing.plugin"]\n')
    assert "2 passed" in run_tests(programs, folder)


AGAIN = """

async def test_cancel(user: NewUser) -> None:
    alice = user("Alice")
    await alice.send("/cancel")
    await alice.hears_nothing()
    await alice.ask("/start")
    assert (await alice.ask("/cancel")).text == "Cancelled."
"""


def test_a_bot_on_another_library_that_runs(programs: Path, sandbox: str, tmp_path: Path) -> None:
    folder = project(tmp_path, "echo_bot.py", RUNNING)
    command = [str(programs / "python"), "echo_bot.py"]
    bot = Program(command, folder, tmp_path / "log", TELEGRAM_API_URL=sandbox)
    try:
        assert "1 passed" in run_tests(programs, folder, "--sandbox", sandbox)
    finally:
        bot.end()


@pytest.mark.parametrize("path", ["", "page/main.js", "page/page.css"])
def test_the_page_is_in_the_package(sandbox: str, path: str) -> None:
    with urllib.request.urlopen(f"{sandbox}/{path}") as answer:
        assert answer.status == 200


def test_what_runs_the_whole_project_is_not(programs: Path, tmp_path: Path) -> None:
    command = [str(programs / "telegram-sandbox"), "dev"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "it has no `dev`" in done.stderr
