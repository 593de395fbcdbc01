"""Every value of every choice, and answers that no one should give."""

import json
import os
import stat
import tomllib
from pathlib import Path

import pytest
import yaml

from tests.conftest import CI_FILES, QUESTIONS, Bake, StrictCookies, files, raw, source_files

HOSTILE = {
    "quotes": """He said "it's 'fine'" and \"\"\"more\"\"\" '''more'''""",
    "backslashes": r"C:\new\table \u0041 \" \\",
    "newlines": "one\ntwo\r\nthree\tfour",
    "Cyrillic": "Боты «Ёлка» для людей",
    "emoji": "🤖 bots 👩‍🚀 and 𝒎𝒐𝒓𝒆",
    "Jinja": "{{ 7 * 7 }} {% raw %} {# no comment #}",
    "markup": "<script>alert(1)</script> [link](x) `code` # no title & co",
    "TOML": 'x" ]\n[tool.evil]\na = "b',
    "YAML": "yes: {a: [b]} # - & * ! | > ' % @",
    "shell": "$(touch evil) `touch evil` ${HOME} ; touch evil",
    "format": "%s {0} {name!r} %(x)s",
}


@pytest.mark.parametrize("text", ["MIT License", "Apache License", "All rights reserved"])
def test_license(bake: Bake, text: str) -> None:
    licenses = {"MIT License": "MIT", "Apache License": "Apache-2.0"}
    chosen = licenses.get(text, "Proprietary")
    assert sorted([*licenses.values(), "Proprietary"]) == sorted(QUESTIONS["license"])
    project = bake(license=chosen)
    assert text in (project / "LICENSE").read_text("utf-8")
    wanted = "LicenseRef-Proprietary" if chosen == "Proprietary" else chosen
    assert metadata(project)["license"] == wanted
    assert files(project) == expected_files("github")


@pytest.mark.parametrize("ci", QUESTIONS["ci"])
def test_ci_and_the_exact_set_of_files(bake: Bake, ci: str) -> None:
    project = bake(ci=ci)
    assert files(project) == expected_files(ci)
    # Nor are there empty folders.
    assert all(any(folder.iterdir()) for folder in project.rglob("*") if folder.is_dir())


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_answers_are_text(bake: Bake, kind: str) -> None:
    text = HOSTILE[kind]
    shown = " ".join(text.split())
    project = bake(project_name=text, project_slug="bots", description=text, author_name=text)
    about = metadata(project)
    assert about["description"] == shown
    assert about["authors"] == [{"name": shown, "email": QUESTIONS["author_email"]}]
    assert f"Copyright (c) {shown}\n" in (project / "LICENSE").read_text("utf-8")
    title, _, description = (project / "README.md").read_text("utf-8").split("\n")[:3]
    assert title == "# " + markdown(shown)
    assert description == markdown(shown)
    assert files(project) == expected_files("github")
    for path in project.rglob("*.y*ml"):
        assert yaml.safe_load(path.read_text("utf-8"))


def test_a_name_makes_the_slug(bake: Bake) -> None:
    assert bake(project_name="  Shop  Bots 24 ").name == "shop-bots-24"


@pytest.mark.parametrize("slug", ["b", "shop_bots", "shop-bots-2", "b" * 40])
def test_good_slugs(bake: Bake, slug: str) -> None:
    project = bake(project_slug=slug)
    assert project.name == metadata(project)["name"] == slug
    assert yaml.safe_load((project / "compose.yaml").read_text("utf-8"))["name"] == slug


@pytest.mark.parametrize(
    ("answers", "says"),
    [
        ({"project_slug": "Shop"}, "lower-case"),
        ({"project_slug": "shop bots"}, "such as my-bot-fleet"),
        ({"project_slug": "2shops"}, "a letter first"),
        ({"project_slug": "-shop"}, "a letter first"),
        ({"project_slug": "shop-"}, "a letter or digit last"),
        ({"project_slug": "class"}, "such as class-bots"),
        ({"project_slug": "json"}, "such as json-bots"),
        ({"project_slug": "concurrent"}, "standard library"),
        ({"project_slug": "redis"}, "such as redis-bots"),
        ({"project_slug": "con"}, "such as con-bots"),
        ({"project_slug": "a" * 41}, "at most 40"),
        ({"project_slug": "a" * 1000}, "at most 40"),
        ({"project_slug": ""}, "such as my-bot-fleet"),
        ({"project_slug": "."}, "such as my-bot-fleet"),
        ({"project_slug": ".."}, "such as my-bot-fleet"),
        ({"project_slug": "../shop"}, "such as my-bot-fleet"),
        ({"project_slug": "shop/bots"}, "such as my-bot-fleet"),
        ({"project_slug": "shop\nbots"}, "such as my-bot-fleet"),
        ({"project_slug": "shop\n"}, "such as my-bot-fleet"),
        ({"project_slug": "shop\0"}, "such as my-bot-fleet"),
        ({"project_slug": "{{ x }}"}, "such as my-bot-fleet"),
        ({"project_slug": '";import os;"'}, "such as my-bot-fleet"),
        ({"project_name": "Мои боты"}, "Latin letters"),
        ({"project_name": " ", "project_slug": "shop"}, "project_name is empty"),
        ({"author_name": ""}, "author_name is empty"),
        ({"author_email": "nobody"}, "author_email is no e-mail address"),
        ({"author_email": 'a"b@example.com'}, "author_email is no e-mail address"),
        ({"description": "ring \a the bell"}, "description holds the control character U+0007"),
        ({"author_name": "\x1b[31mred"}, "author_name holds the control character U+001B"),
    ],
)
def test_a_bad_answer_ends_in_one_line_and_leaves_no_folder(
    strict_cookies: StrictCookies,
    capfd: pytest.CaptureFixture[str],
    answers: dict[str, str],
    says: str,
) -> None:
    before = known_folders(strict_cookies)
    result = strict_cookies.bake(extra_context={n: raw(a) for n, a in answers.items()})
    assert result.exception
    told = [line for line in capfd.readouterr().err.splitlines() if "hook" not in line]
    assert len(told) == 1, "one line, beside cookiecutter's own about its hook"
    assert says in told[0]
    assert len(told[0]) < 250
    left = known_folders(strict_cookies) - before
    assert {path.name[:4] for path in left} == {"bake"}, "cookiecutter's own output folder alone"


def test_an_unknown_question_is_an_error(strict_cookies: StrictCookies) -> None:
    with pytest.raises(KeyError, match="licence"):
        strict_cookies.bake(extra_context={"licence": "MIT"})


def test_questions_have_prompts(template: Path) -> None:
    prompts = json.loads((template / "cookiecutter.json").read_text("utf-8"))["__prompts__"]
    assert prompts.keys() == QUESTIONS.keys()
    for name, default in QUESTIONS.items():
        if isinstance(default, list):
            assert prompts[name].keys() == {"__prompt__", *default}


def test_the_hook_ends_with_three_lines(bake: Bake, capfd: pytest.CaptureFixture[str]) -> None:
    bake(project_slug="shop")
    lines = capfd.readouterr().out.splitlines()
    assert len(lines) == 3
    assert lines[0] == "cd shop"
    assert lines[1].startswith("docker compose up --build")
    assert lines[2].startswith("open http://localhost:8081")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_env_is_for_its_owner_alone(project: Path) -> None:
    assert stat.S_IMODE((project / ".env").stat().st_mode) == 0o600


def metadata(project: Path) -> dict[str, object]:
    about = tomllib.loads((project / "pyproject.toml").read_text("utf-8"))
    assert set(about["tool"]) == {"cruft", "mypy", "pytest", "ruff", "uv"}
    return dict(about["project"])


def expected_files(ci: str) -> set[str]:
    unwanted = {path for name, paths in CI_FILES.items() if name != ci for path in paths}
    return source_files() - unwanted | {".env"}


def markdown(text: str) -> str:
    return "".join("\\" + letter if letter in "\\`*_#|<>[]&" else letter for letter in text)


def known_folders(cookies: StrictCookies) -> set[Path]:
    root = Path(cookies._output_factory("probe")).parent  # noqa: SLF001 - where all bakes go
    (root / "probe").rmdir()
    return set(root.rglob("*"))
