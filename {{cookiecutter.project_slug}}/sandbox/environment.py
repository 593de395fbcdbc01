"""What is set in the environment, or in the `.env` of this folder, if python-dotenv is there."""

import os

from dotenv import dotenv_values


def setting(name: str) -> str | None:
    """Look it up as the bots do: the environment wins over .env; nothing counts as not set."""
    return os.environ.get(name) or in_file(name)


def in_file(name: str) -> str | None:
    return dotenv_values(".env").get(name)


def adopt_address() -> None:
    """Have what .env says of the sandbox count as the environment does."""
    for name in ("SANDBOX_HOST", "SANDBOX_PORT"):
        if value := setting(name):
            os.environ[name] = value
