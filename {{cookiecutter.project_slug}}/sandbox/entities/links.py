"""What the links in markup stand for: addresses, users, custom emoji and times.

https://core.telegram.org/bots/api#formatting-options
"""

from __future__ import annotations

import re

from sandbox.entities.text import Json

APP = re.compile(
    r"(?P<scheme>tg|ton|tonsite):(?://)?(?P<host>[\w-]+)(?P<rest>[/?#].*)?",
    re.ASCII | re.DOTALL | re.IGNORECASE,
)
WEB = re.compile(
    r"""(?:(?P<scheme>https?)://)?
    (?P<user>(?:[\w.!$,~*'();&+=:%-]|[^\x00-\x7f])*@)?
    (?P<host>(?:[\w.!$,~*'();&+=%-]|[^\x00-\x7f])+)
    (?::0*(?P<port>[1-9][0-9]{0,4}))?
    (?P<rest>[/?\#].*)?""",
    re.ASCII | re.DOTALL | re.IGNORECASE | re.VERBOSE,
)
DATE_STYLE = ("r", "w", "dD", "tT")
BLANK = re.compile(r"[\x00-\x20]")


def link(url: str) -> Json | None:
    """A link to a user is a mention, any other address a link. None for what is no address."""
    user_id = number(parameters(url, "user").get("id", ""))
    if 0 < user_id < 2**40:
        return {"type": "text_mention", "user": {"id": user_id}}
    if match := APP.fullmatch(url):
        address = f"{match['scheme']}://{match['host']}".lower()
        rest = rest_of(match["rest"])
        return {
            "type": "text_link",
            "url": address + rest.removeprefix("/" * rest.startswith("/?")),
        }
    match = WEB.fullmatch(url)
    if not match or "." not in match["host"] or match["host"] == ".":
        return None
    address = f"{match['scheme'] or 'http'}://".lower() + (match["user"] or "")
    address += match["host"].lower() + (f":{match['port']}" if match["port"] else "")
    return {"type": "text_link", "url": address + rest_of(match["rest"])}


def rest_of(found: str | None) -> str:
    """What follows the host of an address, from its slash on."""
    rest = BLANK.sub(lambda blank: f"%{ord(blank[0]):02X}", (found or "").rstrip(" \t\r\n\0\v"))
    return rest if rest.startswith("/") else f"/{rest}"


def emoji_or_time(url: str) -> Json | None:
    """What the link of an image in MarkdownV2 stands for. None if it is neither."""
    time = parameters(url, "time")
    return custom_emoji(parameters(url, "emoji").get("id", "")) or date_time(
        time.get("unix", ""), time.get("format", "")
    )


def custom_emoji(identifier: str) -> Json | None:
    """None for what is no identifier."""
    return {"type": "custom_emoji", "custom_emoji_id": identifier} if number(identifier) else None


def date_time(unix_time: str, style: str) -> Json | None:
    """None for what is no time, and for a wrong style.

    https://core.telegram.org/bots/api#date-time-entity-formatting
    """
    if not 0 < number(unix_time) < 2**31 or not is_date_style(style):
        return None
    style = style.replace("W", "w").replace("R", "r")
    shown = "".join(next((sign for sign in signs if sign in style), "") for signs in DATE_STYLE)
    return {"type": "date_time", "unix_time": int(unix_time), "date_time_format": shown}


def is_date_style(style: str) -> bool:
    return style in ("r", "R") or set(style) <= set("wWdDtT")


def parameters(url: str, host: str) -> dict[str, str]:
    """The parameters of `tg://<host>?…`; none in any other link."""
    pattern = rf"tg:(?://)?{host}/?\?([^#]*)(?:#.*)?"
    match = re.fullmatch(pattern, url, re.DOTALL | re.IGNORECASE)
    return dict(re.findall(r"([^&=]+)=([^&]*)", match[1])) if match else {}


def number(digits: str) -> int:
    """The number that digits write, 0 if they write none."""
    return int(digits) if re.fullmatch(r"-?[1-9][0-9]{0,18}", digits) else 0
