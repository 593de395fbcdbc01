"""Refuse answers that no project can be made of, in one line that says what to type instead."""

import json
import keyword
import re
import sys
import unicodedata

# The answers come as JSON inside a raw string: as data, whatever is in them, never as code.
ANSWERS = json.loads(r"""
{{ {
    "project_slug": cookiecutter.__asked_slug,
    "project_name": cookiecutter.project_name,
    "description": cookiecutter.description,
    "author_name": cookiecutter.author_name,
    "author_email": cookiecutter.author_email,
} | tojson }}
""")

PACKAGES = ("aiogram", "aiohttp", "cryptography", "orjson", "redis", "rich", "structlog", "typer")
"""Packages that the project needs: it cannot have the name of one of them."""
DEVICES = (
    "aux",
    "con",
    "nul",
    "prn",
    *(f"{port}{number}" for port in ("com", "lpt") for number in range(1, 10)),
)
"""No folder can have such a name on Windows."""
LONGEST_SLUG = 40
"""Compose makes container names of it, such as SLUG-prometheus-1; a name in DNS has 63 at most."""


def problem(answers: dict[str, str]) -> str | None:
    """Return what is wrong with the first wrong answer and what to type, or None."""
    slug = answers["project_slug"]
    if wrong := wrong_slug(slug):
        return f"project_slug {json.dumps(slug[:60], ensure_ascii=False)} {wrong}"
    for name, answer in answers.items():
        # Blanks of every kind, newlines too, become one blank each in the project's files.
        for letter in "".join(answer.split()):
            if unicodedata.category(letter) in ("Cc", "Cs"):
                return f"{name} holds the control character U+{ord(letter):04X}: type it without"
    if not answers["project_name"].strip():
        return "project_name is empty: type a name, such as My Bot Fleet"
    if not answers["author_name"].strip():
        return "author_name is empty: type your name, or your company's"
    if not re.fullmatch(r"[^\s@\"'\\<>(),:;]+@[^\s@\"'\\<>(),:;]+", answers["author_email"]):
        return "author_email is no e-mail address: type one, such as you@example.com"
    return None


def wrong_slug(slug: str) -> str | None:
    """Return what is wrong with it and what to type, or None."""
    if not re.fullmatch(r"[a-z]([a-z0-9_-]*[a-z0-9])?", slug):
        return (
            "is no slug: type lower-case Latin letters, digits, - and _, "
            "a letter first, a letter or digit last, such as my-bot-fleet"
        )
    if len(slug) > LONGEST_SLUG:
        return f"is too long for container names: type at most {LONGEST_SLUG} characters"
    module = slug.replace("-", "_")
    reserved = {
        "a word of the Python language": (*keyword.kwlist, *keyword.softkwlist),
        "a module of Python's standard library": sys.stdlib_module_names,
        "a package that the project needs": PACKAGES,
        "the name of a device on Windows": DEVICES,
    }
    for what, names in reserved.items():
        if module in names:
            return f"is {what}: type another, such as {slug}-bots"
    return None


if wrong := problem(ANSWERS):
    # Whatever the terminal's encoding is, the line must come out.
    sys.stderr.buffer.write(f"{wrong}\n".encode(sys.stderr.encoding or "utf-8", "backslashreplace"))
    sys.exit(1)
