"""What the template writes: plain, parsable, with its secrets kept."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from demo import ROOT
from tests.conftest import CI_FILES, SOURCE, Bake, StrictCookies, files, git, source_files

PLAIN = ("bot", "fleet", "sandbox", "tests", "deploy")
"""Folders that hold no Jinja: they are copied as they are."""
MADE_BY_TOOLS = ("requirements.txt", "requirements-dev.txt")


def test_no_jinja_is_left(project: Path) -> None:
    foreign = {name for names in CI_FILES.values() for name in names}
    for name in files(project) - foreign:
        text = (project / name).read_text("utf-8")
        for mark in ("{{", "{%", "{#", "cookiecutter."):
            assert mark not in text, name


def test_what_tools_leave_in_a_clone_is_not_baked(
    template: Path, tmp_path: Path, strict_cookies: StrictCookies, project: Path
) -> None:
    """Who works on the template has tests and lint run, and bakes then."""
    clone = shutil.copytree(template, tmp_path / "clone")
    for name in (
        ".mypy_cache/3.13/a.data.json",
        ".ruff_cache/0.14/123",
        ".pytest_cache/README.md",
        ".hypothesis/examples/1",
        "fleet/inbox/__pycache__/a.cpython-313.pyc",
        ".venv/.ready",
    ):
        left = clone / SOURCE.name / name
        left.parent.mkdir(parents=True, exist_ok=True)
        left.write_bytes(b"text that is binary later: \xe9 {{ oops }}\n")
    result = strict_cookies.bake(template=str(clone))
    assert result.exception is None
    baked = Path(result.project_path)
    assert files(baked) == files(project) | {".venv/.ready"}
    ready, wanted = (baked / name for name in (".venv/.ready", "requirements-dev.txt"))
    assert ready.stat().st_mtime < wanted.stat().st_mtime, "make installs the tools anew"


def test_braces_of_other_languages_survive(bake: Bake) -> None:
    for ci, names in CI_FILES.items():
        project = bake(ci=ci)
        for name in names:
            assert (project / name).read_bytes() == (SOURCE / name).read_bytes()
    assert "{{" in (SOURCE / ".github/workflows/ci.yml").read_text("utf-8")


def test_the_python_is_plain_python(project: Path) -> None:
    """So it runs, lints and is tested in place."""
    plain = {name for name in source_files() if name.split("/")[0] in PLAIN}
    assert plain
    for name in plain:
        assert (project / name).read_bytes() == (SOURCE / name).read_bytes(), name


def test_line_ends_are_lf(project: Path) -> None:
    """On every platform, as .gitattributes has git write them and cookiecutter keeps them."""
    for name in files(project):
        assert b"\r" not in (project / name).read_bytes(), name
    assert json.loads((ROOT / "cookiecutter.json").read_text("utf-8"))["_new_lines"] == "\n"
    for folder in (ROOT, SOURCE):
        assert "* text=auto eol=lf\n" in (folder / ".gitattributes").read_text("utf-8")


def test_everything_parses(project: Path) -> None:
    seen = set()
    parsers: dict[str, Callable[[str], Any]] = {
        ".json": json.loads,
        ".toml": tomllib.loads,
        ".yaml": yaml.safe_load,
        ".yml": yaml.safe_load,
    }
    for path in project.rglob("*"):
        if (parse := parsers.get(path.suffix)) and path.is_file():
            assert parse(path.read_text("utf-8")), path
            seen.add(path.name)
    assert {"pyproject.toml", "compose.yaml", "ci.yml"} <= seen


def test_files_end_with_one_newline(project: Path) -> None:
    for name in files(project):
        text = (project / name).read_text("utf-8")
        assert not text or (text.endswith("\n") and not text.endswith("\n\n")), name


def test_ruff(project: Path) -> None:
    """By the project's own rules, without fixes. Types: `make lint` in test_native.py."""
    ruff = tool("ruff")
    subprocess.run([ruff, "check", "--no-cache", "--no-fix"], cwd=project, check=True)
    subprocess.run([ruff, "format", "--no-cache", "--check"], cwd=project, check=True)


def test_the_unbaked_pyproject_parses() -> None:
    """Tools read it when the project is worked on in place."""
    assert tomllib.loads((SOURCE / "pyproject.toml").read_text("utf-8"))


def test_locks_name_no_machine() -> None:
    locks = [*(SOURCE / name for name in MADE_BY_TOOLS), *ROOT.glob("requirements-*.txt")]
    assert len(locks) == 4
    for path in locks:
        text = path.read_text("utf-8")
        assert not re.search(r"://|--(extra-)?index-url|--find-links|[ =]/", text), path
        pins = re.findall(r"^[\w.\[\]-]+==", text, re.MULTILINE)
        assert len(pins) > 1
        for pin in re.split(r"\n(?=[\w])", text)[1:]:
            assert "--hash=sha256:" in pin, f"{path}: {pin}"


def test_secrets_are_fresh_and_git_ignored(repository: Path, project: Path) -> None:
    secrets = env(repository)
    for name in ("REDIS_PASSWORD", "SECRET_KEY"):
        assert re.fullmatch(r"[0-9a-f]{64}", secrets[name])
        assert secrets[name] != env(project)[name]
    assert secrets["REDIS_PASSWORD"] != secrets["SECRET_KEY"]
    for name in (".env", ".env.production", "live.tokens", "secrets/token"):
        assert git(repository, "check-ignore", name) == f"{name}\n"
    tracked = set(git(repository, "ls-files").splitlines())
    assert tracked == files(repository) - {".env"} - ignored(repository)
    assert ".env.example" in tracked


def test_the_example_bots_are_sandbox_bots_of_telegrams_shape(project: Path) -> None:
    settings = env(project)
    assert settings["COMPOSE_PROFILES"] == "sandbox"
    assert settings["TELEGRAM_API_URL"] == "http://sandbox:8081"
    entries = dict(entry.split("=") for entry in settings["BOT_TOKENS"].split(","))
    assert entries.keys() == {"support", "shop"}
    for token in entries.values():
        assert re.fullmatch(r"\d{7,10}:[\w-]{35}", token)
    assert len({token.split(":")[0] for token in entries.values()}) == 2


def test_the_sandbox_in_docker_names_the_port_that_is_published(project: Path) -> None:
    services = yaml.safe_load((project / "compose.yaml").read_text("utf-8"))["services"]
    [port] = services["sandbox"]["ports"]
    url = services["sandbox"]["environment"]["SANDBOX_URL"]
    assert port.removeprefix("127.0.0.1").removesuffix(":8081") == url.removeprefix(
        "http://localhost"
    )


def test_every_python_it_runs_on_is_told_and_tested(project: Path) -> None:
    lines = (project / "pyproject.toml").read_text("utf-8")
    required = re.search(r'^requires-python = ">=3\.(\d+),<3\.(\d+)"$', lines, re.MULTILINE)
    assert required
    first, end = map(int, required.groups())
    versions = [f"3.{minor}" for minor in range(first, end)]
    matrix = json.dumps(versions)
    for name in (".github/workflows/ci.yml", ".gitlab-ci.yml"):
        assert matrix in (SOURCE / name).read_text("utf-8"), name
    told = f"{', '.join(versions[:-1])} or {versions[-1]}"
    makefile = (project / "Makefile").read_text("utf-8")
    assert f"No Python {told} here" in makefile
    assert f"not (3, {first}) <= sys.version_info < (3, {end})" in makefile
    assert all(f" python{version}" in makefile for version in versions)
    assert f"with Python {told} and make" in (project / "README.md").read_text("utf-8")


def test_baking_twice_keeps_secrets_and_your_files(
    strict_cookies: StrictCookies, bake: Bake, tmp_path: Path
) -> None:
    first = bake(project_slug="shop")
    before = (first / ".env").read_bytes()
    mine = first / "bot" / "handlers" / "mine.py"
    mine.write_text("# mine\n", "utf-8")
    (first / "README.md").write_text("old\n", "utf-8")
    command = [tool("cookiecutter"), str(strict_cookies._default_template), "--no-input"]  # noqa: SLF001 - the copy it bakes from
    command += ["--overwrite-if-exists", "--output-dir", str(first.parent), "project_slug=shop"]
    subprocess.run(command, check=True, env=home(tmp_path), capture_output=True)
    assert (first / ".env").read_bytes() == before
    assert mine.read_text("utf-8") == "# mine\n"
    assert (first / "README.md").read_text("utf-8") != "old\n"


def test_a_cruft_update_brings_changes_and_keeps_env(template: Path, tmp_path: Path) -> None:
    origin = tmp_path / "template"
    git(tmp_path, "clone", "-q", "--no-local", str(committed(template, tmp_path)), str(origin))
    cruft = [tool("cruft"), "create", str(origin), "--no-input", "--output-dir", str(tmp_path)]
    subprocess.run(cruft, check=True, env=home(tmp_path), capture_output=True)
    project = tmp_path / "my-bot-fleet"
    git(project, "init", "-q")
    git(project, "add", "--all")
    git(project, "commit", "-q", "-m", "baked")
    before = (project / ".env").read_bytes()

    for name in ("README.md", ".env.example"):
        path = origin / SOURCE.name / name
        path.write_text(path.read_text("utf-8") + "# NEW_LINE\n", "utf-8")
    git(origin, "commit", "-q", "--all", "-m", "a new line")
    update = [tool("cruft"), "update", "--skip-apply-ask"]
    subprocess.run(update, cwd=project, check=True, env=home(tmp_path), capture_output=True)

    assert "# NEW_LINE\n" in (project / "README.md").read_text("utf-8")
    assert "# NEW_LINE\n" in (project / ".env.example").read_text("utf-8")
    assert (project / ".env").read_bytes() == before
    assert not list(project.rglob("*.rej"))
    # What git says: only the files that the template changed, and cruft's own note of it.
    changed = {line[3:] for line in git(project, "status", "--porcelain").splitlines()}
    assert changed == {"README.md", ".env.example", ".cruft.json"}


def committed(template: Path, folder: Path) -> Path:
    """The template in a git repository of its own."""
    copy = folder / "committed"
    subprocess.run(["cp", "-R", str(template), str(copy)], check=True)
    git(copy, "init", "-q", "-b", "main")
    git(copy, "add", "--all")
    git(copy, "commit", "-q", "-m", "template")
    return copy


def env(project: Path) -> dict[str, str]:
    lines = (project / ".env").read_text("utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def ignored(repository: Path) -> set[str]:
    listed = git(repository, "ls-files", "--others", "--ignored", "--exclude-standard")
    return {*listed.splitlines(), *(name for name in files(repository) if name.startswith(".git/"))}


def home(folder: Path) -> dict[str, str]:
    """The environment, with a home of its own: no one's defaults, no trace in one's home."""
    return {**os.environ, "HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}


def tool(name: str) -> str:
    """The path of a tool beside this Python."""
    return str(Path(sys.executable).with_name(name))
