"""What tests of the page do and look at."""

import struct
import urllib.error
import zlib
from typing import Any

import pytest
from aiogram.types import Update

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
    if person.count():
        person.click()
    else:
        page.get_by_role("button", name="More people").click()
        page.get_by_role("menuitem", name=name).click()
    # Drawn in one go with the chats, whose fields are others now.
    expect(person).to_be_checked()


def hear_all(sandbox: Sandbox) -> None:
    """The raw bot wants every kind of update from now on, and has read those before."""
    kinds = list(Update.model_fields.keys() - {"update_id"})
    sandbox.call("getUpdates", offset=-1, allowed_updates=kinds)


def begin(page: Page, what: str) -> Locator:
    """The dialog behind a line of the menu "New chat"."""
    page.get_by_role("button", name="New chat").click()
    page.get_by_role("menuitem", name=what).click()
    return page.get_by_role("dialog")


def about(where: Page | Locator) -> Locator:
    """The dialog that tells of an open chat."""
    where.get_by_title("About this chat").click()
    page = where if isinstance(where, Page) else where.page
    return page.get_by_role("dialog").first  # others may open above it


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


def paragraph(text: object) -> dict[str, object]:
    return {"type": "paragraph", "text": text}


def cell(text: str, **about: object) -> dict[str, object]:
    return {"text": text, "align": "left", "valign": "top", **about}


BLOCKS = [
    {"type": "heading", "size": 1, "text": "Your order"},
    paragraph(
        [
            "Two ",
            {"type": "bold", "text": "pizzas"},
            " of ",
            {"type": "url", "url": "https://example.org/shop", "text": "the shop"},
            {"type": "spoiler", "text": ", extra hot"},
        ]
    ),
    {
        "type": "list",
        "items": [
            {"blocks": [paragraph("Salami")], "has_checkbox": True, "is_checked": True},
            {"blocks": [paragraph("Funghi")], "has_checkbox": True},
        ],
    },
    {"type": "table", "cells": [[cell("Salami", is_header=True), cell("9")]]},
    {"type": "blockquote", "blocks": [paragraph("Best in town")], "credit": "Bob"},
    {"type": "details", "summary": "How long?", "blocks": [paragraph("Half an hour")]},
    {"type": "pre", "text": "print(1)", "language": "python"},
    {"type": "divider"},
    {"type": "buttons", "buttons": [{"text": "Pay", "callback_data": "pay"}]},
    {"type": "footer", "text": "Thank you"},
]
"""Of a rich message: one of each kind that has no file."""
