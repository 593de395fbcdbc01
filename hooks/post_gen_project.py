"""Finish the project: `.env` with fresh secrets, only the CI files that were asked for."""

import contextlib
import json
import os
import re
import secrets
import shutil
from pathlib import Path

# The answers come as JSON inside a raw string: as data, whatever is in them, never as code.
ANSWERS = json.loads(r"""
{{ {"project_slug": cookiecutter.project_slug, "ci": cookiecutter.ci} | tojson }}
""")

CI_FILES = {
    "github": (Path(".github/workflows/ci.yml"), Path(".github/workflows/prove.yml")),
    "gitlab": (Path(".gitlab-ci.yml"),),
}
LEFT_BY_TOOLS = ("__pycache__", ".*_cache", ".hypothesis")
"""Folders that are there where the template has been worked on. Cookiecutter can leave nothing out:
it copies them as they are, as cookiecutter.json says, for it would fail at their bytes."""


def write_env() -> None:
    """Write `.env`, readable by its owner only. One that is there is left as it is."""
    text = Path(".env.example").read_text(encoding="utf-8")
    text = re.sub(r"(?<==)CHANGE-ME$", lambda _: secrets.token_hex(32), text, flags=re.MULTILINE)
    with contextlib.suppress(FileExistsError):
        file = os.open(".env", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(file, "w", encoding="utf-8", newline="\n") as env:
            env.write(text)


def remove_ci(path: Path) -> None:
    """Remove the file, and its folders if nothing else is in them."""
    path.unlink(missing_ok=True)
    for folder in list(path.parents)[:-1]:
        with contextlib.suppress(OSError):
            folder.rmdir()


for pattern in LEFT_BY_TOOLS:
    for folder in list(Path().rglob(pattern)):
        if ".venv" not in folder.parts:
            shutil.rmtree(folder)
write_env()
for ci, paths in CI_FILES.items():
    if ci != ANSWERS["ci"]:
        for path in paths:
            remove_ci(path)
print(f"cd {ANSWERS['project_slug']}")
print("docker compose up --build    # without Docker: make dev")
print("open http://localhost:8081     # then: talk to the bots in a browser")
