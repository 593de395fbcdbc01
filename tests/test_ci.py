"""What the CI files run, and when."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import Bake, files

LIST = {"requirements.txt", "requirements-dev.txt", "pyproject.toml"}


def proved(project: Path) -> set[str]:
    """The files after whose change `make prove` must run."""
    return {name for name in files(project) if name.startswith(("fleet/", "tests/proofs/"))} | LIST


def matching(project: Path, patterns: list[str]) -> set[str]:
    """The files that fit GitLab's patterns."""
    found = {path for pattern in patterns for path in project.glob(pattern) if path.is_file()}
    return {path.relative_to(project).as_posix() for path in found}


def load(path: Path) -> Any:
    """Read YAML as the two read it: to them `on` is a name."""
    loaded = yaml.safe_load(path.read_text("utf-8"))
    return {"on" if name is True else name: value for name, value in loaded.items()}


def runs(job: dict[str, Any]) -> list[str]:
    """The commands of a job that are make's."""
    said = job["script"] if "script" in job else [step.get("run", "") for step in job["steps"]]
    return [command for command in said if command.startswith("make ")]


def test_github_tests_every_push(bake: Bake) -> None:
    ci = load(bake(ci="github") / ".github/workflows/ci.yml")
    assert ci["on"] == {"push": {"branches": ["main"]}, "pull_request": None}
    assert runs(ci["jobs"]["test"]) == ["make lint", "make test"]
    assert "if" not in ci["jobs"]["test"]


def test_github_proves_a_change_of_fleet_and_each_night(bake: Bake) -> None:
    project = bake(ci="github")
    prove = load(project / ".github/workflows/prove.yml")
    assert prove["on"].keys() == {"push", "pull_request", "schedule", "workflow_dispatch"}
    assert prove["on"]["push"]["branches"] == ["main"]
    for event in ("push", "pull_request"):
        # GitHub's `**` stands for files, too.
        patterns = [re.sub(r"\*\*$", "**/*", one) for one in prove["on"][event]["paths"]]
        assert matching(project, patterns) == proved(project)
    [[minute, hour, *days]] = [entry["cron"].split() for entry in prove["on"]["schedule"]]
    assert days == ["*"] * 3
    assert minute.isdecimal()
    assert int(hour) < 6
    assert runs(prove["jobs"]["prove"]) == ["make prove"]


def test_gitlab_tests_every_push(bake: Bake) -> None:
    ci = load(bake(ci="gitlab") / ".gitlab-ci.yml")
    assert "workflow" not in ci
    assert "rules" not in ci["test"] | ci[ci["test"]["extends"]]
    assert runs(ci["test"]) == ["make lint", "make test"]


def test_gitlab_proves_a_change_of_fleet_and_what_is_scheduled(bake: Bake) -> None:
    project = bake(ci="gitlab")
    ci = load(project / ".gitlab-ci.yml")
    scheduled, changed = ci["prove"]["rules"]
    assert scheduled == {"if": '$CI_PIPELINE_SOURCE == "schedule"'}
    assert changed.keys() == {"changes"}
    assert not any(pattern.endswith("**") for pattern in changed["changes"]), "matches no file"
    assert matching(project, changed["changes"]) == proved(project)
    assert runs(ci["prove"]) == ["make prove"]


@pytest.mark.parametrize("ci", ["github", "gitlab"])
def test_all_pythons_are_tested_and_proved(bake: Bake, ci: str) -> None:
    project = bake(ci=ci)
    if ci == "github":
        jobs = [
            load(project / ".github/workflows" / name)["jobs"][job]["strategy"]["matrix"]["python"]
            for name, job in (("ci.yml", "test"), ("prove.yml", "prove"))
        ]
    else:
        made = load(project / ".gitlab-ci.yml")
        jobs = [
            made[made[job]["extends"]]["parallel"]["matrix"][0]["PYTHON"]
            for job in ("test", "prove")
        ]
    assert jobs == [["3.11", "3.12", "3.13", "3.14"]] * 2
