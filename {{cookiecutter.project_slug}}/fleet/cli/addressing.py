"""What is sent to whom, as the command line has it. Each raises `typer.BadParameter`."""

from pathlib import Path
from typing import Any

import typer

from fleet.broadcast import Audience, copy_message, text_message


def read_message(text: str | None, copy: str | None) -> dict[str, Any]:
    """Read what is sent: a text, or `chat:message`."""
    if text is not None and copy is None:
        return text_message(text)
    if copy is None or text is not None:
        raise typer.BadParameter("say --text or --copy, one of them")
    chat, _, message = copy.rpartition(":")
    if not (chat.startswith("@") or chat.removeprefix("-").isdecimal()) or not message.isdecimal():
        raise typer.BadParameter("--copy: write the chat's id and the message's, like 12345:678")
    return copy_message(chat if chat.startswith("@") else int(chat), int(message))


def read_audience(text: str) -> Audience:
    """Read to whom."""
    try:
        return Audience.read(text)
    except ValueError as error:
        raise typer.BadParameter(f"--to: {error}") from None


def read_chats(file: Path) -> list[int]:
    """Read the ids of chats that a file's lines begin with."""
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise typer.BadParameter(f"--chats: {file} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise typer.BadParameter(f"--chats: {file} is not text in UTF-8") from None
    ids = [line.partition(",")[0].strip() for line in lines]
    found = []
    for number, one in enumerate(ids, 1):
        if one.removeprefix("-").isdecimal():
            found.append(int(one))
        elif one and not (number == 1 and one == "id"):
            raise typer.BadParameter(f"--chats: line {number} of {file} does not begin with an id")
    return list(dict.fromkeys(found))
