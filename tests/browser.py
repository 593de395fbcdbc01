"""The sandbox's page in a real browser."""

import contextlib
import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from tests.native import Sandbox

REQUIRED = os.environ.get("REQUIRE_BROWSER") == "1"
if not REQUIRED:
    pytest.importorskip("playwright.sync_api", reason="no playwright; REQUIRE_BROWSER=1 fails")

from playwright.sync_api import (  # noqa: E402 - it may not be there, see above
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    ViewportSize,
    sync_playwright,
)

DESKTOP: ViewportSize = {"width": 1280, "height": 800}
PHONE: ViewportSize = {"width": 390, "height": 844}

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        (pytest.fail if REQUIRED else pytest.skip)("no chromium on PATH")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield browser
        browser.close()


class Pages:
    """Opens the page, and notes what goes wrong in it: errors in its console and its code, requests
    that fail or go elsewhere than to the sandbox."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._contexts: list[BrowserContext] = []
        self.problems: list[str] = []
        self.apps: list[str] = []
        """Addresses of Mini Apps that a test gives to the browser itself."""

    def open(self, sandbox: Sandbox, at: str = "", **options: Any) -> Page:
        """In a browser of its own that knows nothing yet; `at` is the state in the address."""
        context = self._browser.new_context(**{"viewport": DESKTOP, **options})
        self._contexts.append(context)
        page = context.new_page()
        page.on("console", self._note_message)
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("requestfailed", self._note_failure)
        page.on("request", lambda request: self._note_request(request, sandbox.url))
        page.goto(f"{sandbox.url}/{at}")
        return page

    def close(self) -> None:
        for context in self._contexts:
            context.close()

    def _note_message(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.problems.append(message.text)

    def _note_request(self, request: Request, home: str) -> None:
        if not request.url.startswith((f"{home}/", "data:", "blob:", *self.apps)):
            self.problems.append(f"not to the sandbox: {request.url}")

    def _note_failure(self, request: Request) -> None:
        # A page that is left or loaded anew lets go of what it has asked for.
        if not ("/sandbox/" in request.url and "ABORTED" in (request.failure or "")):
            self.problems.append(f"{request.url}: {request.failure}")
