"""Bot tokens as people write them: `123:AA…, support=456:AA…`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from pydantic import SecretStr

ROLE = re.compile(r"[A-Za-z0-9_-]{1,32}")
# fleet.ops.logging removes from log lines what looks like this: what is accepted here must match
# there.
_TOKEN = re.compile(r"(?P<bot_id>[0-9]{1,20}):[A-Za-z0-9_-]{30,}")


@dataclass(frozen=True, slots=True)
class BotToken:
    """A token and the role that its bot plays, if it was given one."""

    role: str | None
    token: SecretStr

    @property
    def bot_id(self) -> int:
        """Telegram's id of the bot: the digits before the colon."""
        return int(self.token.get_secret_value().partition(":")[0])


def parse_tokens(text: str, *, comments: bool = False) -> list[BotToken]:
    """Read tokens separated by commas, blanks or newlines, each `token` or `role=token`.

    With `comments`, a `#` starts a comment that ends with its line.
    Raises ValueError, which names the entry by its position and never holds a token.
    """
    if comments:
        text = re.sub(r"#.*", "", text)
    text = re.sub(r"\s*=\s*", "=", text)
    entries = [entry for entry in re.split(r"[,\s]+", text) if entry]
    return merge_tokens(_parse_entry(entry, at) for at, entry in enumerate(entries, start=1))


def merge_tokens(tokens: Iterable[BotToken]) -> list[BotToken]:
    """Make the same bot given twice one, in order of first mention; a given role wins over none.

    Raises ValueError if a bot has two tokens or two roles.
    """
    merged: dict[int, BotToken] = {}
    for new in tokens:
        old = merged.setdefault(new.bot_id, new)
        if old.token.get_secret_value() != new.token.get_secret_value():
            raise ValueError(f"bot {new.bot_id} has two different tokens: keep the valid one")
        if old.role is None:
            merged[new.bot_id] = new
        elif new.role not in (None, old.role):
            raise ValueError(
                f'bot {new.bot_id} has two roles, "{old.role}" and "{new.role}": keep one'
            )
    return list(merged.values())


def _parse_entry(entry: str, at: int) -> BotToken:
    role, equals, token = entry.rpartition("=")
    if not _TOKEN.fullmatch(token):
        raise ValueError(
            f"entry {at} is not a bot token: write it as @BotFather gave it, like 123456789:AA…, "
            "or role=token"
        )
    if equals and not ROLE.fullmatch(role):
        raise ValueError(
            f"entry {at} has a wrong role: write 1 to 32 of A-Z a-z 0-9 _ - before the ="
        )
    return BotToken(role if equals else None, SecretStr(token))
