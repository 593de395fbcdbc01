"""The page as a whole: its first run, a restart, a phone, colours, many chats."""

import re

import pytest

from tests.browser import PHONE, Pages
from tests.native import RAW, SUPPORT, Sandbox
from tests.page.acts import column, last_of_bot, last_of_mine, row, scrolls_sideways, write

from playwright.sync_api import expect  # isort: skip

pytestmark = pytest.mark.timeout(300)


def test_the_first_run_says_what_to_do_and_goes_on_by_itself(empty: Sandbox, pages: Pages) -> None:
    page = pages.open(empty)
    expect(page.get_by_text(f"TELEGRAM_API_URL={empty.url}")).to_be_visible()
    empty.call("getMe")
    expect(page.get_by_text("Waiting for the first bot")).to_have_count(0)
    expect(row(page, RAW)).to_be_visible()
    expect(column(page, RAW).get_by_role("button", name="/start")).to_be_visible()
    # A bot that begins later sets its menu when the page is open.
    commands = [{"command": "tea", "description": "a cup of it"}]
    empty.call("setMyCommands", commands=commands)
    empty.call("setMyDescription", description="I make tea.")
    expect(column(page, RAW)).to_contain_text("I make tea.")
    expect(column(page, RAW).get_by_role("button", name="/tea")).to_be_visible()


def test_a_bot_that_does_not_run_is_seen(empty: Sandbox, pages: Pages) -> None:
    empty.call("getMe")
    page = pages.open(empty, f"#open={RAW}")
    status = page.locator(".column header small")
    expect(status).to_contain_text("not running")
    write(page, "anybody there?")
    expect(status).to_contain_text("not running: 1 update waits")
    expect(page.locator(".tick-waits")).to_be_visible()
    page.reload()
    expect(page.locator(".tick-waits")).to_be_visible()
    assert empty.update("message")["text"] == "anybody there?"
    expect(status).to_have_text(f"@sandbox_{RAW}_bot · polling")
    expect(page.locator(".tick-waits")).to_have_count(0)


def test_the_page_goes_on_after_a_restart(empty: Sandbox, pages: Pages) -> None:
    empty.call("getMe")
    empty.ask("send", bot_id=RAW, text="before")
    page = pages.open(empty, f"#open={RAW}")
    expect(last_of_mine(page)).to_contain_text("before")
    empty.kill()
    away = page.get_by_text("The sandbox is away; trying again…")
    expect(away).to_be_visible()
    empty.start()
    expect(away).to_be_hidden()
    expect(page.get_by_text("before")).to_have_count(0)
    empty.call("getMe")
    write(page, "after")
    expect(last_of_mine(page)).to_contain_text("after")
    empty.call("sendMessage", chat_id=7, text="here I am")
    expect(last_of_bot(page)).to_contain_text("here I am")
    # What the outage itself left in the console is no fault of the page.
    outage = re.compile("ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED|ERR_CONNECTION_RESET")
    pages.problems = [problem for problem in pages.problems if not outage.search(problem)]


def test_a_reload_brings_everything_back(pages: Pages, sandbox: Sandbox, user: int) -> None:
    page = pages.open(sandbox, f"#me={user}&open={SUPPORT}")
    row(page, RAW).click(modifiers=["Control"])
    write(column(page, RAW), "kept")
    page.locator("#side").get_by_role("button", name="Calls").click()
    expect(page.locator("#panel")).to_be_visible()
    page.reload()
    expect(page.locator(".column")).to_have_count(2)
    expect(last_of_mine(column(page, RAW))).to_contain_text("kept")
    expect(page.locator("#panel")).to_be_visible()
    expect(page.get_by_role("radio", name="Dora")).to_have_attribute("aria-checked", "true")


def test_a_phone(pages: Pages, sandbox: Sandbox, user: int) -> None:
    page = pages.open(sandbox, f"#me={user}", viewport=PHONE, has_touch=True)
    for width in (360, 390):
        page.set_viewport_size({"width": width, "height": 740})
        expect(page.locator("#columns")).to_be_hidden()
        assert not scrolls_sideways(page)
        row(page, SUPPORT).tap()
        expect(page.locator("#side")).to_be_hidden()
        write(page, "A long word: " + "x" * 200)
        expect(last_of_bot(page)).to_contain_text("xxx")
        assert not scrolls_sideways(page)
        box = page.get_by_role("button", name="Send").bounding_box()
        assert box
        assert box["x"] + box["width"] <= width
        page.get_by_role("button", name="Back to the list").click()
    row(page, SUPPORT).tap()
    expect(page.locator("#side")).to_be_hidden()
    page.go_back()
    expect(page.locator("#columns")).to_be_hidden()
    page.get_by_role("button", name="Calls & updates").click()
    expect(page.locator("#panel")).to_be_visible()
    panel = page.locator("#panel").bounding_box()
    assert panel == {"x": 0, "y": 0, "width": 390, "height": 740}
    page.get_by_role("button", name="Close the panel").click()
    expect(row(page, SUPPORT)).to_be_visible()


def test_a_hidden_page_counts_what_comes(pages: Pages, sandbox: Sandbox, user: int) -> None:
    sandbox.ask("send", bot_id=RAW, user_id=user, text="hi")
    page = pages.open(sandbox, f"#me={user}&open={RAW}")
    expect(last_of_mine(page)).to_be_visible()
    hidden = "Object.defineProperty(document, 'hidden', { value: %s, configurable: true });"
    page.evaluate(f"() => {{ {hidden % 'true'} window.requestAnimationFrame = () => 0; }}")
    sandbox.call("sendMessage", chat_id=user, text="are you there?")
    expect(page).to_have_title("(1) Sandbox")
    seen = "document.dispatchEvent(new Event('visibilitychange'))"
    page.evaluate(f"() => {{ {hidden % 'false'} {seen}; {seen}; }}")
    expect(page).to_have_title("Sandbox")


def test_dark_and_light(pages: Pages, sandbox: Sandbox) -> None:
    page = pages.open(sandbox, color_scheme="dark")

    def ground() -> str:
        color: str = page.locator("#side").evaluate("one => getComputedStyle(one).backgroundColor")
        return color

    dark = ground()
    page.emulate_media(color_scheme="light")
    light = ground()
    assert dark != light
    page.get_by_role("button", name="Colours: as the system").click()
    page.get_by_role("button", name="Colours: light").click()
    expect(page.get_by_role("button", name="Colours: dark")).to_be_visible()
    assert ground() == dark
    page.reload()
    expect(page.get_by_role("button", name="Colours: dark")).to_be_visible()
    assert ground() == dark


def test_a_thousand_chats_are_no_load(empty: Sandbox, pages: Pages) -> None:
    bots = range(2000000, 2001000)
    for bot_id in bots:
        empty.ask("add_bot", token=f"{bot_id}:AA-token-of-a-bot")
        empty.ask("send", bot_id=bot_id, text=f"hello {bot_id}")
    page = pages.open(empty, f"#open={bots[0]}&panel=calls")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    expect(row(page, bots[0])).to_contain_text("hello")
    # What is not seen is neither drawn nor asked for.
    assert page.locator(".row").count() < 40
    for bot_id in (*bots[:10], *bots[-300:]):
        empty.ask("send", bot_id=bot_id, text=f"again {bot_id}")
    expect(row(page, bots[0])).to_contain_text("again")
    expect(page.locator(".entry").filter(has_text="again 2000999")).to_be_visible()
    assert page.locator(".entry").count() <= 500
    page.get_by_label("Find a bot or a group").fill("2000999")
    row(page, bots[-1]).click()
    expect(last_of_mine(page)).to_contain_text("again 2000999")
    assert page.locator(".row").count() < 40
    assert len([url for url in asked if url.endswith("/messages")]) < 40
