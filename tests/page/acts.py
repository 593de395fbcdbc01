"""What tests of the page do and look at."""

import struct
import urllib.error
import zlib
from typing import Any

import pytest

from tests.native import Sandbox

from playwright.sync_api import Locator, Page, expect  # isort: skip


def column(page: Page, target: int) -> Locator:
    return page.locator(f".column[data-target='{target}']")


def composer(where: Page | Locator) -> Locator:
    return where.get_by_label("Message to")


def write(where: Page | Locator, text: str) -> None:
    field = composer(where)
    field.fill(text)
    field.press("Enter")


def become(page: Page, name: str) -> None:
    person = page.get_by_role("radio", name=name)
    person.click()
    # Drawn in one go with the chats, whose fields are others now.
    expect(person).to_be_checked()


def last_of_bot(where: Page | Locator) -> Locator:
    return where.locator("article.theirs").last


def last_of_mine(where: Page | Locator) -> Locator:
    return where.locator("article.mine").last


def row(page: Page, target: int) -> Locator:
    return page.locator(f"#row{target}")


def scrolls_sideways(page: Page) -> bool:
    wide: bool = page.evaluate("document.documentElement.scrollWidth > innerWidth")
    return wide


def png(width: int = 40, height: int = 30) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = (b"\0" + b"\x33\x90\xec" * width) * height
    parts = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


def sent(sandbox: Sandbox, **parameters: Any) -> str:
    """Status and body of a sendMessage that is refused."""
    with pytest.raises(urllib.error.HTTPError) as caught:
        sandbox.call("sendMessage", **parameters)
    return f"{caught.value.code}: {caught.value.read().decode()}"
