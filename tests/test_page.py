"""The sandbox's page, as a user has it: in a browser, with bots that run.

No test may leave an error in the browser's console or a request that failed.
"""

import importlib.util
import re
import shutil
import struct
import sys
import urllib.error
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser import PHONE, REQUIRED, Pages, chromium
from tests.clients.programs import packages
from tests.native import RAW, SHOP, SUPPORT, Sandbox

from playwright.sync_api import Browser, Locator, Page, expect  # isort: skip

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    expect.set_options(timeout=15_000)
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def project_and_python(request: pytest.FixtureRequest) -> tuple[Path, str]:
    """A baked project and an interpreter that has what it needs: this one, or that of its tools."""
    if all(map(importlib.util.find_spec, ("aiogram", "pydantic_settings", "structlog"))):
        return request.getfixturevalue("project"), sys.executable
    folder: Path = request.getfixturevalue("equipped")
    return folder, str(folder / ".venv" / "bin" / "python")


@pytest.fixture(scope="module")
def sandbox(
    browser: Browser,
    project_and_python: tuple[Path, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Sandbox]:
    """With the two example bots and a third one that the tests speak for."""
    sandbox = Sandbox(*project_and_python, tmp_path_factory.mktemp("page"))
    sandbox.start()
    try:
        with sandbox.bots():
            sandbox.call("setMyName", name="Raw")
            yield sandbox
    finally:
        sandbox.kill()


@pytest.fixture
def empty(
    browser: Browser, project_and_python: tuple[Path, str], tmp_path: Path
) -> Iterator[Sandbox]:
    """A sandbox that nobody has called."""
    sandbox = Sandbox(*project_and_python, tmp_path)
    sandbox.start()
    yield sandbox
    sandbox.kill()


@pytest.fixture
def pages(browser: Browser) -> Iterator[Pages]:
    pages = Pages(browser)
    yield pages
    pages.close()
    assert pages.problems == []


@pytest.fixture
def user(sandbox: Sandbox) -> int:
    """Dora, who has said nothing to anybody. Those of other tests have other names now."""
    for other in sandbox.ask("users"):
        if other["first_name"] == "Dora":
            sandbox.ask("add_user", first_name="Gone", user_id=other["id"])
    user_id: int = sandbox.ask("add_user", first_name="Dora")["id"]
    return user_id


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


def test_a_form_is_filled_in_to_the_end(pages: Pages, sandbox: Sandbox, user: int) -> None:
    page = pages.open(sandbox, f"#me={user}&open={SUPPORT}")
    page.get_by_role("button", name="/start").click()
    expect(last_of_bot(page)).to_contain_text("the support bot")
    composer(page).fill("a draft")
    last_of_bot(page).get_by_role("button", name="/help").click()
    expect(last_of_bot(page)).to_contain_text("fill in a short form")
    expect(composer(page)).to_have_value("a draft")
    composer(page).clear()
    page.get_by_role("button", name="Commands of the bot").click()
    page.get_by_role("listbox", name="Offers").get_by_role("option", name="/form").click()
    expect(last_of_bot(page)).to_contain_text("What is your name?")
    write(page, "Dora")
    expect(last_of_bot(page)).to_contain_text("How old are you, Dora?")
    write(page, "36")
    expect(last_of_bot(page)).to_contain_text("36 years old. Right?")
    page.get_by_role("button", name="Confirm").click()
    expect(last_of_bot(page)).to_contain_text("Thank you, Dora!")
    expect(page.get_by_role("button", name="Confirm")).to_have_count(0)
    # Every message was taken by the bot.
    expect(page.locator(".tick-waits")).to_have_count(0)


def test_inline_buttons(pages: Pages, sandbox: Sandbox, user: int) -> None:
    sandbox.ask("send", bot_id=RAW, user_id=user, text="hi")
    buttons = [
        [{"text": "Toast", "callback_data": "toast"}, {"text": "Alert", "callback_data": "alert"}],
        [
            {"text": "Site", "url": "https://example.org/"},
        ],
        [{"text": "Search", "switch_inline_query_current_chat": "tea"}],
    ]
    markup = {"inline_keyboard": buttons}
    sandbox.call("sendMessage", chat_id=user, text="Press", reply_markup=markup)
    page = pages.open(sandbox, f"#me={user}&open={RAW}")
    for name in ("Toast", "Alert"):
        button = page.get_by_role("button", name=name)
        button.click()
        expect(button).to_have_attribute("aria-busy", "true")
        query = sandbox.update("callback_query")
        assert (query["data"], query["from"]["id"]) == (name.lower(), user)
        alert = name == "Alert"
        sandbox.call(
            "answerCallbackQuery", callback_query_id=query["id"], text="Aha", show_alert=alert
        )
        expect(button).not_to_have_attribute("aria-busy", "true")
        shown = page.get_by_role("dialog") if alert else page.locator(".toast")
        expect(shown).to_contain_text("Aha")
    page.get_by_role("dialog").get_by_role("button", name="OK").click()
    page.get_by_role("button", name="Site").click()
    expect(page.get_by_role("dialog")).to_contain_text("https://example.org/")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Search").click()
    expect(composer(page)).to_have_value(f"@sandbox_{RAW}_bot tea")
    query = sandbox.update("inline_query")
    content = {"message_text": "I like green tea"}
    article = {"type": "article", "id": "1", "title": "Green tea", "input_message_content": content}
    article |= {"description": "From China"}
    sandbox.call("answerInlineQuery", inline_query_id=query["id"], results=[article])
    page.get_by_role("option", name="Green tea").click()
    expect(last_of_mine(page)).to_contain_text("I like green tea")
    expect(last_of_mine(page)).to_contain_text(f"via @sandbox_{RAW}_bot")


APP = """<h1 id="who"></h1><button>Send</button><script>
const told = new URLSearchParams(new URLSearchParams(location.hash.slice(1)).get("tgWebAppData"));
who.textContent = `Hello ${JSON.parse(told.get("user") ?? "{}").first_name ?? "somebody"}`;
const tell = (eventType, eventData) =>
  parent.postMessage(JSON.stringify({ eventType, eventData }), "*");
document.querySelector("button").onclick = () =>
  tell(...(told.has("user") ? ["web_app_close"] : ["web_app_data_send", { data: "red" }]));
</script>"""


def test_mini_apps_and_games(pages: Pages, sandbox: Sandbox, user: int) -> None:
    sandbox.ask("send", bot_id=RAW, user_id=user, text="hi")
    app = {"url": "https://example.org/app"}
    inline = {"inline_keyboard": [[{"text": "Open", "web_app": app}]]}
    sandbox.call("sendMessage", chat_id=user, text="Open it", reply_markup=inline)
    reply = {"keyboard": [[{"text": "Choose", "web_app": app}]]}
    sandbox.call("sendMessage", chat_id=user, text="Choose", reply_markup=reply)
    sandbox.call("sendGame", chat_id=user, game_short_name="chess")
    page = pages.open(sandbox, f"#me={user}&open={RAW}")
    pages.apps.append(app["url"])
    page.route(f"{app['url']}**", lambda route: route.fulfill(body=APP, content_type="text/html"))
    frame = page.get_by_role("dialog").frame_locator("iframe")
    page.get_by_role("button", name="Open", exact=True).click()
    expect(frame.get_by_role("heading")).to_contain_text("Hello")
    expect(frame.get_by_role("heading")).not_to_contain_text("somebody")
    frame.get_by_role("button").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.get_by_role("button", name="Choose", exact=True).click()
    expect(frame.get_by_role("heading")).to_have_text("Hello somebody")
    frame.get_by_role("button").click()
    expect(page.locator(".column")).to_contain_text("sent data with “Choose”")
    game = page.get_by_role("button", name="Play chess")
    game.click()
    query = sandbox.update("callback_query")
    assert query["game_short_name"] == "chess"
    sandbox.call("answerCallbackQuery", callback_query_id=query["id"], url="https://example.org/")
    expect(page.get_by_role("dialog")).to_contain_text("https://example.org/")


def test_a_channel_and_a_forum_are_read(pages: Pages, sandbox: Sandbox, user: int) -> None:
    told = {"user_ids": [user], "bot_ids": [RAW]}
    channel = sandbox.ask("create_channel", title="Daily", username="daily_news", **told)
    forum = sandbox.ask("create_group", title="Forum", **told)
    sandbox.ask("set_forum", chat_id=forum["id"])
    sandbox.ask("create_topic", chat_id=forum["id"], user_id=user, name="Orders")
    buttons = {"inline_keyboard": [[{"text": "Like", "callback_data": "like"}]]}
    sandbox.call("sendMessage", chat_id="@daily_news", text="It rains", reply_markup=buttons)
    page = pages.open(sandbox, f"#me={user}&open={channel['id']}")
    expect(page.locator(".column")).to_contain_text("It rains")
    page.get_by_role("button", name="Like").click()
    query = sandbox.update("callback_query")
    assert query["message"]["sender_chat"]["title"] == "Daily"
    sandbox.call("answerCallbackQuery", callback_query_id=query["id"], text="Thanks")
    expect(page.locator(".toast")).to_contain_text("Thanks")
    write(page, "It snows")
    expect(page.locator(".column")).to_contain_text("It snows")
    page.get_by_role("option", name="Forum").click()
    expect(page.locator(".column")).to_contain_text("The topic “Orders” was created")


def test_inline_mode_in_the_chat_with_another_bot(
    pages: Pages, sandbox: Sandbox, user: int
) -> None:
    page = pages.open(sandbox, f"#me={user}&open={SHOP}")
    composer(page).fill(f"@sandbox_{RAW}_bot dice")
    query = sandbox.update("inline_query")
    assert (query["query"], query["chat_type"]) == ("dice", "private")
    content = {"message_text": "I have a six"}
    article = {"type": "article", "id": "1", "title": "Six", "input_message_content": content}
    sandbox.call("answerInlineQuery", inline_query_id=query["id"], results=[article])
    page.get_by_role("option", name="Six").click()
    expect(last_of_mine(page)).to_contain_text(f"via @sandbox_{RAW}_bot")
    expect(last_of_bot(page)).to_contain_text("I have a six")


def test_an_invoice_is_paid(pages: Pages, sandbox: Sandbox, user: int) -> None:
    sandbox.ask("send", bot_id=RAW, user_id=user, text="hi")
    page = pages.open(sandbox, f"#me={user}&open={RAW}")
    sandbox.call(
        "sendInvoice",
        chat_id=user,
        title="Tea",
        description="Green",
        payload="tea",
        currency="XTR",
        prices=[{"label": "Tea", "amount": 5}],
    )
    page.get_by_role("button", name="Pay 5").click()
    query = sandbox.update("pre_checkout_query")
    sandbox.call("answerPreCheckoutQuery", pre_checkout_query_id=query["id"], ok=True)
    expect(page.get_by_role("log").get_by_text("Dora paid 5 ⭐")).to_be_visible()


def test_reply_keyboards(pages: Pages, sandbox: Sandbox, user: int) -> None:
    sandbox.ask("send", bot_id=RAW, user_id=user, text="hi")
    markup = {
        "keyboard": [["Yes", "No"], [{"text": "My number", "request_contact": True}]],
        "input_field_placeholder": "Yes or no?",
        "one_time_keyboard": True,
    }
    sandbox.call("sendMessage", chat_id=user, text="Well?", reply_markup=markup)
    page = pages.open(sandbox, f"#me={user}&open={RAW}")
    keyboard = page.get_by_role("group", name="Keyboard of the bot")
    expect(page.get_by_placeholder("Yes or no?")).to_be_visible()
    keyboard.get_by_role("button", name="Yes").click()
    expect(last_of_mine(page)).to_contain_text("Yes")
    expect(keyboard).to_be_hidden()
    page.get_by_role("button", name="Keyboard of the bot").click()
    keyboard.get_by_role("button", name="My number").click()
    expect(last_of_mine(page)).to_contain_text("+15550100")
    sandbox.call("sendMessage", chat_id=user, text="Done", reply_markup={"remove_keyboard": True})
    expect(page.get_by_role("button", name="Keyboard of the bot")).to_have_count(0)
    sandbox.call("sendMessage", chat_id=user, text="Your name?", reply_markup={"force_reply": True})
    expect(page.get_by_text("Reply to Raw")).to_be_visible()
    write(page, "Dora")
    expect(last_of_mine(page).locator(".quote")).to_contain_text("Your name?")
    page.reload()
    expect(last_of_mine(page).locator(".quote")).to_contain_text("Your name?")
    expect(page.get_by_text("Reply to Raw")).to_have_count(0)


def test_somebody_who_is_added_is_as_the_bot_sees_them(pages: Pages, sandbox: Sandbox) -> None:
    def who_writes(name: str) -> dict[str, Any]:
        """Other tests have left messages of others."""
        while (somebody := sandbox.update("message")["from"])["first_name"] != name:
            pass
        return dict(somebody)

    page = pages.open(sandbox, f"#open={RAW}")
    page.get_by_role("button", name="Add somebody").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("First name").fill("Eva")
    dialog.get_by_label("Last name").fill("Berg")
    dialog.get_by_label("Username").fill("@eva")
    dialog.get_by_label("Language").fill("de")
    dialog.get_by_label("Language").press("Enter")
    expect(page.get_by_role("radio", name="Eva")).to_be_checked()
    write(page, "Guten Tag")
    expected = {"first_name": "Eva", "last_name": "Berg", "username": "eva", "language_code": "de"}
    assert expected.items() <= who_writes("Eva").items()

    page.get_by_role("button", name="Add somebody").click()
    dialog.get_by_label("First name").fill("Kim")
    dialog.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_role("radio", name="Kim")).to_be_checked()
    write(page, "Hi")
    kim = who_writes("Kim")
    assert kim["language_code"] == "en"
    assert "username" not in kim


def test_two_users_in_a_group_have_states_of_their_own(
    pages: Pages, sandbox: Sandbox, user: int
) -> None:
    page = pages.open(sandbox, f"#me={user}&open={SHOP}")
    page.get_by_role("button", name="New group").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Title").fill("Team")
    dialog.get_by_label("Bob").check()
    dialog.get_by_role("button", name="Create").click()
    expect(page.locator(".column header")).to_contain_text("3 members")
    group = int(page.locator(".column").get_attribute("data-target") or 0)
    write(page, "/form")
    expect(last_of_bot(page)).to_contain_text("What is your name?")
    become(page, "Bob")
    expect(page.locator("article").first).to_contain_text("Dora")
    write(page, "hello from Bob")
    expect(last_of_bot(page)).to_contain_text("hello from Bob")
    become(page, "Dora")
    write(page, "Dora")
    expect(last_of_bot(page)).to_contain_text("How old are you, Dora?")
    expect(row(page, group)).to_contain_text("How old are you")
    # Somebody who is not in it may join.
    become(page, "Alice")
    page.get_by_role("button", name="Join").click()
    expect(page.locator(".column header")).to_contain_text("4 members")


def test_two_bots_side_by_side_have_states_of_their_own(
    pages: Pages, sandbox: Sandbox, user: int
) -> None:
    page = pages.open(sandbox, f"#me={user}&open={SUPPORT}")
    row(page, SHOP).hover()
    row(page, SHOP).get_by_role("button", name="beside").click()
    support, shop = column(page, SUPPORT), column(page, SHOP)
    support.get_by_role("switch", name="Send to all 2 chats").click()
    write(support, "/form")
    for one in (support, shop):
        expect(last_of_bot(one)).to_contain_text("What is your name?")
    support.get_by_role("switch", name="Send to all 2 chats").click()
    write(support, "Dora")
    expect(last_of_bot(support)).to_contain_text("How old are you, Dora?")
    write(shop, "Eve")
    expect(last_of_bot(shop)).to_contain_text("How old are you, Eve?")
    expect(support.get_by_text("Eve")).to_have_count(0)
    shop.get_by_role("button", name="Close").click()
    expect(page.locator(".column")).to_have_count(1)


def test_a_photo_and_a_file_are_sent(
    pages: Pages, sandbox: Sandbox, user: int, tmp_path: Path
) -> None:
    page = pages.open(sandbox, f"#me={user}&open={SUPPORT}")
    for name, data, item in (
        ("sea.png", png(), "Photo or video"),
        ("notes.txt", b"Some notes", "File"),
    ):
        (tmp_path / name).write_bytes(data)
        page.get_by_role("button", name="Attach").click()
        with page.expect_file_chooser() as chooser:
            page.get_by_role("menuitem", name=item).click()
        chooser.value.set_files(tmp_path / name)
        page.get_by_role("dialog").get_by_label("Caption").fill(f"My {name}")
        page.get_by_role("dialog").get_by_role("button", name="Send").click()
        expect(last_of_mine(page)).to_contain_text(f"My {name}")
    image = page.get_by_role("img", name="Photo")
    expect(image).to_be_visible()
    assert image.evaluate("image => image.naturalWidth") == 40
    bot_says = page.locator("article.theirs")
    expect(bot_says.get_by_text("This was: photo.")).to_be_visible()
    expect(bot_says.get_by_text("This was: document.")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_title("Download").click()
    assert download.value.path().read_bytes() == b"Some notes"
    page.locator("article.mine").first.locator(".bubble").click(button="right")
    page.get_by_role("menuitem", name="Edit").click()
    write(page, "Our sea")
    expect(page.locator("article.mine").first).to_contain_text("Our sea")
    # Several photos are an album.
    page.get_by_role("button", name="Attach").click()
    with page.expect_file_chooser() as chooser:
        page.get_by_role("menuitem", name="Photo or video").click()
    chooser.value.set_files([tmp_path / "sea.png"] * 3)
    page.get_by_role("dialog").get_by_role("button", name="Send").click()
    expect(last_of_mine(page).locator(".album img")).to_have_count(3)


def test_a_file_is_dropped_and_one_is_pasted(pages: Pages, sandbox: Sandbox, user: int) -> None:
    page = pages.open(sandbox, f"#me={user}&open={SUPPORT}")
    file = "const data = new DataTransfer(); data.items.add(new File(['notes'], 'notes.txt'));"
    dialog = page.get_by_role("dialog")

    drop = page.evaluate_handle(f"() => {{ {file} return data; }}")
    for event in ("dragover", "drop"):
        column(page, SUPPORT).dispatch_event(event, {"dataTransfer": drop})
    expect(dialog).to_contain_text("notes.txt")
    dialog.get_by_label("Caption").fill("dropped")
    page.keyboard.press("Enter")
    expect(last_of_mine(page)).to_contain_text("dropped")

    paste = "new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true })"
    composer(page).evaluate(f"field => {{ {file} field.dispatchEvent({paste}); }}")
    expect(dialog).to_contain_text("notes.txt")
    dialog.get_by_label("Caption").fill("pasted")
    dialog.get_by_role("button", name="Send").click()
    expect(last_of_mine(page)).to_contain_text("pasted")
    expect(page.locator("article.theirs").get_by_text("This was: document.")).to_have_count(2)


def test_text_is_shown_as_it_is_formatted(pages: Pages, sandbox: Sandbox, user: int) -> None:
    sandbox.ask("send", bot_id=RAW, user_id=user, text="hi")
    html = (
        "😀 <b>bold <i>both</i></b> <u>under</u> <s>struck</s> <code>x = 1</code> "
        '<tg-spoiler>secret</tg-spoiler> <a href="https://example.org/a">link</a> #tag '
        "&lt;img src=x onerror=alert(1)&gt;"
        '<pre><code class="language-python">print(1)</code></pre>'
        "<blockquote>wise</blockquote>"
    )
    sandbox.call("sendMessage", chat_id=user, text=html, parse_mode="HTML")
    page = pages.open(sandbox, f"#me={user}&open={RAW}")
    words = last_of_bot(page).locator(".words")
    expect(words.locator("strong")).to_have_text(["bold ", "both"])
    expect(words.locator("strong em, em strong")).to_have_text("both")
    expect(words.locator("u")).to_have_text("under")
    expect(words.locator("s")).to_have_text("struck")
    expect(words.locator("code")).to_have_text("x = 1")
    expect(words.locator("figure pre")).to_have_text("print(1)")
    expect(words.locator("figcaption")).to_have_text("python")
    expect(words.locator("blockquote")).to_have_text("wise")
    expect(words).to_contain_text("<img src=x onerror=alert(1)>")
    expect(words.get_by_role("link", name="link")).to_have_attribute("rel", re.compile("noopener"))
    spoiler = words.locator(".spoiler")
    expect(spoiler).not_to_have_class(re.compile("shown"))
    spoiler.click()
    expect(spoiler).to_have_class(re.compile("shown"))


def test_what_bots_send_edit_and_delete(pages: Pages, sandbox: Sandbox, user: int) -> None:
    sandbox.ask("send", bot_id=RAW, user_id=user, text="hi")
    page = pages.open(sandbox, f"#me={user}&open={RAW}")
    expect(last_of_mine(page)).to_contain_text("hi")
    here = {"chat_id": user}
    sandbox.call("sendChatAction", **here, action="typing")
    expect(page.locator(".column header")).to_contain_text("typing…")
    message = sandbox.call("sendMessage", **here, text="first")
    expect(page.locator(".column header")).not_to_contain_text("typing…")
    sandbox.call("editMessageText", **here, message_id=message["message_id"], text="second")
    expect(last_of_bot(page)).to_contain_text("second")
    expect(last_of_bot(page)).to_contain_text("edited")
    sandbox.call("pinChatMessage", **here, message_id=message["message_id"])
    expect(page.locator(".pinned")).to_contain_text("second")
    sandbox.call("deleteMessage", **here, message_id=message["message_id"])
    expect(page.locator("article").get_by_text("second")).to_have_count(0)
    expect(page.locator(".pinned")).to_be_hidden()

    sandbox.call("sendVenue", **here, latitude=1.5, longitude=2.5, title="Café", address="Street 1")
    expect(last_of_bot(page)).to_contain_text("Street 1")
    sandbox.call("sendContact", **here, phone_number="+49301", first_name="Eve")
    expect(last_of_bot(page)).to_contain_text("+49301")
    dice = sandbox.call("sendDice", **here)
    expect(last_of_bot(page).locator(".dice")).to_contain_text(str(dice["dice"]["value"]))
    media = [{"type": "photo", "media": f"https://example.org/{name}.png"} for name in "abc"]
    sandbox.call("sendMediaGroup", **here, media=media)
    expect(last_of_bot(page).locator(".album img")).to_have_count(3)
    sandbox.call("sendPaidMedia", **here, star_count=5, media=media[:1])
    last_of_bot(page).get_by_text("paid media").click()
    expect(last_of_bot(page)).to_contain_text("star_count")

    answers = ["3", "4"]
    sandbox.call(
        "sendPoll", **here, question="2 + 2?", options=answers, type="quiz", correct_option_id=1
    )
    poll = last_of_bot(page).locator(".poll")
    poll.get_by_role("button", name="3").click()
    expect(poll.locator(".wrong")).to_contain_text("3")
    expect(poll).to_contain_text("1 vote")
    page.reload()
    expect(poll.locator(".wrong")).to_contain_text("3")


def test_what_is_pinned(pages: Pages, sandbox: Sandbox, user: int) -> None:
    sandbox.ask("send", bot_id=RAW, user_id=user, text="hi")
    here = {"chat_id": user}
    ids = [
        sandbox.call("sendMessage", **here, text=text)["message_id"] for text in ("older", "newer")
    ]
    page = pages.open(sandbox, f"#me={user}&open={RAW}")
    pinned = page.locator(".pinned")
    for message_id in ids:
        sandbox.call("pinChatMessage", **here, message_id=message_id)
    expect(pinned).to_contain_text("newer")
    sandbox.call("unpinChatMessage", **here, message_id=ids[1])
    expect(pinned).to_contain_text("older")
    page.reload()
    expect(pinned).to_contain_text("older")
    sandbox.call("unpinAllChatMessages", **here)
    expect(pinned).to_be_hidden()
    page.reload()
    expect(page.locator("article").get_by_text("newer")).to_be_visible()
    expect(pinned).to_be_hidden()


def test_a_user_edits_answers_and_reacts(pages: Pages, sandbox: Sandbox, user: int) -> None:
    page = pages.open(sandbox, f"#me={user}&open={RAW}")
    field = composer(page)
    write(page, "tea")
    expect(last_of_mine(page)).to_contain_text("tea")
    field.press("ArrowUp")
    expect(field).to_have_value("tea")
    write(page, "coffee")
    expect(last_of_mine(page)).to_contain_text("coffee")
    assert sandbox.update("edited_message")["text"] == "coffee"
    message = sandbox.call("sendMessage", chat_id=user, text="With milk?")
    last_of_bot(page).locator(".bubble").click(button="right")
    page.get_by_role("menuitem", name="Reply").click()
    write(page, "no")
    answer = sandbox.update("message")
    assert answer["reply_to_message"]["message_id"] == message["message_id"]
    expect(last_of_mine(page).locator(".quote")).to_contain_text("With milk?")
    last_of_bot(page).locator(".bubble").click(button="right")
    page.get_by_role("menuitem", name="React with 🔥").click()
    reaction = last_of_bot(page).get_by_role("button", name="🔥")
    expect(reaction).to_have_attribute("aria-pressed", "true")
    page.reload()
    reaction.click()
    expect(reaction).to_have_count(0)

    # By keyboard; and what is answered may disappear meanwhile.
    page.get_by_role("log").focus()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    menu = page.get_by_role("menu").bounding_box()
    bubble = last_of_bot(page).locator(".bubble").bounding_box()
    assert menu
    assert bubble
    assert abs(menu["x"] - bubble["x"]) < 1
    assert abs(menu["y"] + menu["height"] - bubble["y"]) < 10
    page.get_by_role("menuitem", name="Reply").click()
    expect(page.locator(".context")).to_contain_text("With milk?")
    sandbox.call("deleteMessage", chat_id=user, message_id=message["message_id"])
    expect(page.locator(".context")).to_be_hidden()
    write(page, "never mind")
    expect(last_of_mine(page)).to_contain_text("never mind")


def test_trouble_of_one_bot_is_seen_and_the_other_goes_on(
    pages: Pages, sandbox: Sandbox, user: int
) -> None:
    page = pages.open(sandbox, f"#me={user}&open={SHOP}")
    page.locator("#side").get_by_role("button", name="Trouble").click()
    page.get_by_role("button", name="Revoke the token").click()
    expect(row(page, SHOP)).to_contain_text("revoked")
    page.get_by_role("button", name="429 for 10 s").click()
    expect(row(page, SHOP)).to_contain_text("429")
    expect(page.get_by_role("list", name="Trouble in force")).to_contain_text(re.compile(r"\d s"))
    expect(row(page, SUPPORT).locator(".trouble")).to_have_count(0)
    write(page, "anybody there?")
    row(page, SUPPORT).click()
    write(column(page, SUPPORT), "/hours")
    expect(last_of_bot(page)).to_contain_text("from Monday to Friday")
    expect(row(page, SHOP).locator(".waits")).to_have_text("1")
    page.get_by_role("button", name="End all trouble").click()
    expect(row(page, SHOP).locator(".trouble")).to_have_count(0)
    # The service looks at a bot without a valid token again after some time.
    row(page, SHOP).click()
    expect(last_of_bot(page)).to_contain_text("anybody there?", timeout=90_000)


def test_time_is_let_pass(pages: Pages, sandbox: Sandbox, user: int) -> None:
    page = pages.open(sandbox, f"#me={user}&open={SUPPORT}&panel=trouble")
    time = page.get_by_role("group", name="Time").locator("time")
    page.get_by_role("button", name="1 day").click()
    expect(time).to_have_text(re.compile(r"\w+ \w+, \d\d:\d\d"))
    page.reload()
    expect(time).to_have_text(re.compile(r"\w+ \w+, \d\d:\d\d"))


def test_a_user_blocks_a_bot(pages: Pages, sandbox: Sandbox, user: int) -> None:
    page = pages.open(sandbox, f"#me={user}&open={RAW}&panel=trouble")
    page.get_by_role("button", name="Dora blocks the bot").click()
    expect(row(page, RAW)).to_contain_text("blocked")
    page.get_by_role("button", name="Unblock", exact=True).click()
    write(page, "hello again")
    expect(last_of_mine(page)).to_contain_text("hello again")


def test_the_panel_shows_calls_and_updates(pages: Pages, sandbox: Sandbox, user: int) -> None:
    page = pages.open(sandbox, f"#me={user}&open={SHOP}&panel=calls")
    entries = page.get_by_role("list", name="Calls and updates").get_by_role("listitem")
    # What no other test has said: the record has theirs, too.
    said = "Look at this one"
    write(page, said)
    sent = entries.filter(has_text=re.compile(f"sendMessage.*{said}"))
    expect(sent).to_contain_text("200")
    sent.locator("summary").click()
    expect(sent.locator(".json").first).to_contain_text(said)
    expect(sent.locator(".json").nth(1)).to_contain_text('"ok": true')
    told = entries.filter(has_text=f"↓message{said}")
    expect(told).to_contain_text("confirmed")
    post = sandbox.ask("send", bot_id=RAW, user_id=user, text="hi")
    assert post["message"]["text"] == "hi"
    checked = entries.filter(has_text="verifyUser").first
    sandbox.call("verifyUser", user_id=user)
    expect(checked).to_contain_text("checked, no effect")
    unknown = entries.filter(has_text="sendNothing").first
    with pytest.raises(OSError, match="404"):
        sandbox.call("sendNothing")
    expect(unknown).to_contain_text("no such method")
    # Who comes after something went wrong sees it, too, however long the bots have polled since.
    [newest] = sandbox.call("getUpdates", offset=-1)
    for _ in range(250):
        sandbox.call("getUpdates", offset=newest["update_id"] + 1)
    page.reload()
    expect(sent).to_contain_text("200")
    expect(unknown).to_contain_text("method not found")
    expect(told).to_contain_text("confirmed")
    page.get_by_label("Errors only").check()
    expect(sent).to_be_hidden()
    expect(unknown).to_be_visible()
    page.get_by_label("Errors only").uncheck()
    page.get_by_label("Method or type").fill("sendMes")
    expect(unknown).to_be_hidden()
    expect(sent).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#panel")).to_be_hidden()


def test_the_panel_is_bounded(pages: Pages, sandbox: Sandbox, user: int) -> None:
    page = pages.open(sandbox, f"#me={user}&open={RAW}&panel=calls")
    updates = [{"poll_answer": {"poll_id": str(number)}} for number in range(700)]
    expect(row(page, RAW)).to_be_visible()
    sandbox.ask("push", bot_id=RAW, updates=updates)
    sandbox.ask("send", bot_id=RAW, user_id=user, text="the last")
    newest = page.locator(".entry:not([hidden])").first
    expect(newest).to_contain_text("↓message")
    expect(page.locator(".entry")).to_have_count(500)
    newest.locator("summary").click()
    expect(newest.locator(".json")).to_contain_text('"the last"')
    # What is read stays where it is when more comes.
    read = page.locator(".entry[open]")
    before = read.bounding_box()
    sandbox.call("getMe")
    expect(newest).to_contain_text("getMe")
    after = read.bounding_box()
    assert before
    assert after
    assert abs(after["y"] - before["y"]) < 1
    sandbox.call("getUpdates", offset=-1)
    sandbox.update("message")


def test_an_entry_does_not_run_away_from_the_pointer(
    pages: Pages, sandbox: Sandbox, user: int
) -> None:
    sandbox.ask("send", bot_id=RAW, user_id=user, text="hi")
    sandbox.call("sendMessage", chat_id=user, text="aim at me")
    page = pages.open(sandbox, f"#me={user}&open={RAW}&panel=calls")
    wanted = page.locator(".entry").filter(has_text="aim at me").first
    box = wanted.locator("summary").bounding_box()
    assert box
    for step in range(20):
        page.mouse.move(box["x"] + 40 + step, box["y"] + 10)
        sandbox.call("getMe")
    page.mouse.down()
    page.mouse.up()
    expect(wanted).to_have_attribute("open", "")
    expect(page.locator(".entry:not([hidden])").first).to_contain_text("getMe")
    sandbox.call("getUpdates", offset=-1)
    sandbox.update("message")


def test_a_long_chat_stays_where_it_is_read(pages: Pages, sandbox: Sandbox, user: int) -> None:
    sandbox.ask("send", bot_id=RAW, user_id=user, text="hi")
    for number in range(120):
        sandbox.call("sendMessage", chat_id=user, text=f"number {number}.")
    page = pages.open(sandbox, f"#me={user}&open={RAW}")
    log = page.get_by_role("log")
    expect(log.get_by_text("number 119.")).to_be_in_viewport()

    def place(text: str) -> float:
        top: float = log.get_by_text(text).evaluate("one => one.getBoundingClientRect().top")
        return top

    log.evaluate("one => one.scrollTo(0, 0)")
    expect(page.get_by_role("button", name="To the newest message")).to_be_visible()
    before = place("number 45.")
    page.get_by_role("button", name="Earlier messages").click()
    expect(log.get_by_text("number 0.")).to_have_count(1)
    # But for the button above it, which is gone.
    assert abs(place("number 45.") - before) < 60
    before = place("number 45.")
    answer = {"message_id": page.locator("article.mine").get_attribute("data-id")}
    sandbox.call("sendMessage", chat_id=user, text="the newest", reply_parameters=answer)
    expect(last_of_bot(page)).to_contain_text("the newest")
    assert place("number 45.") == before
    page.get_by_role("button", name="To the newest message").click()
    expect(log.get_by_text("the newest")).to_be_in_viewport()
    page.reload()
    # What it answers is not drawn yet.
    last_of_bot(page).locator(".quote").click()
    expect(last_of_mine(page)).to_be_in_viewport()


def test_a_bot_that_floods_is_shown(empty: Sandbox, pages: Pages) -> None:
    empty.call("getMe")
    empty.ask("send", bot_id=RAW, text="hi")
    page = pages.open(empty, f"#open={RAW}&panel=trouble")
    page.get_by_role("button", name="Telegram's limits").click()
    expect(page.get_by_role("button", name="No limits")).to_be_visible()
    for _ in range(6):
        empty.call("sendMessage", chat_id=7, text="again")
    refused = '429: {"ok":false,"error_code":429'
    assert refused in sent(empty, chat_id=7, text="and again")
    in_force = page.get_by_role("list", name="Trouble in force")
    empty.ask("limits", on=True, chat=0.01, burst=1)
    empty.call("sendMessage", chat_id=7, text="slowly")
    assert refused in sent(empty, chat_id=7, text="no")
    expect(in_force).to_contain_text("shut out of the chat Alice: 1 call refused")
    badge = row(page, RAW).get_by_text("floods")
    expect(badge).to_have_attribute("title", "shut out of the chat Alice: 1 call refused")
    page.reload()
    expect(badge).to_be_visible()
    page.get_by_role("button", name="No limits").click()
    expect(badge).to_have_count(0)
    expect(in_force).to_have_text("No trouble. All is well.")
    empty.call("sendMessage", chat_id=7, text="fast")


def sent(sandbox: Sandbox, **parameters: Any) -> str:
    """Status and body of a sendMessage that is refused."""
    with pytest.raises(urllib.error.HTTPError) as caught:
        sandbox.call("sendMessage", **parameters)
    return f"{caught.value.code}: {caught.value.read().decode()}"


def test_trouble_in_one_chat_and_a_deleted_account(empty: Sandbox, pages: Pages) -> None:
    empty.call("getMe")
    for user_id in (7, 8):
        empty.ask("send", bot_id=RAW, user_id=user_id, text="hi")
    page = pages.open(empty, f"#open={RAW}&panel=trouble")
    page.get_by_label("only in the chat with Alice").check()
    page.get_by_role("button", name="500 for 10 s").click()
    in_force = page.get_by_role("list", name="Trouble in force")
    expect(in_force).to_contain_text("in chat 7")
    assert sent(empty, chat_id=7, text="x").startswith("500: ")
    empty.call("sendMessage", chat_id=8, text="x")
    page.get_by_role("button", name="End all trouble").click()
    page.get_by_role("button", name="Alice deletes the account").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("radio", name="Deleted")).to_be_visible()
    assert "Forbidden: user is deactivated" in sent(empty, chat_id=7, text="x")


def test_a_chat_is_saved_as_a_test(
    pages: Pages, sandbox: Sandbox, user: int, tmp_path: Path
) -> None:
    page = pages.open(sandbox, f"#me={user}&open={SUPPORT}")
    write(page, "/start")
    expect(last_of_bot(page)).to_be_visible()
    write(page, "hello")
    expect(last_of_bot(page)).to_contain_text("hello")
    page.get_by_role("button", name="Save as test").click()
    code = page.get_by_label("The test")
    expect(code).to_contain_text('dora = user("Dora", bot="sandbox_1000001_bot")')
    expect(code).to_contain_text('await dora.ask("/start")')
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    assert download.value.suggested_filename == "test_dora_and_sandbox_1000001_bot.py"
    download.value.save_as(tmp_path / "test_saved.py")
    assert (tmp_path / "test_saved.py").read_text("utf-8") == code.text_content()
    page.get_by_role("button", name="Close", exact=True).click()
    last_of_mine(page).locator(".bubble").click(button="right")
    page.get_by_role("menuitem", name="Save as test from here").click()
    expect(code).to_contain_text('await dora.ask("hello")')
    expect(code).not_to_contain_text("/start")


def test_a_group_becomes_a_supergroup(empty: Sandbox, pages: Pages) -> None:
    empty.call("getMe")
    page = pages.open(empty)
    page.get_by_role("button", name="New group").click()
    page.get_by_label("Title").fill("Team")
    page.get_by_label("a supergroup").uncheck()
    page.get_by_role("dialog").get_by_role("button", name="Create").click()
    write(page, "before")
    page.get_by_title("Members").click()
    page.get_by_role("button", name="Make it a supergroup").click()
    expect(page.locator(".column")).to_contain_text("The group was a basic group before")
    expect(page.get_by_role("option", name="Team")).to_have_count(1)
    write(page, "after")
    expect(last_of_mine(page)).to_contain_text("after")


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


@pytest.fixture(scope="module")
def axe(say: Callable[[str], None]) -> str:
    """The source of axe-core, which looks for what a screen reader or weak eyes cannot use."""
    if not REQUIRED and not shutil.which("npm"):
        pytest.skip("no npm for axe-core; REQUIRE_BROWSER=1 makes it fail")
    return (packages(say) / "node_modules" / "axe-core" / "axe.min.js").read_text("utf-8")


def serious(page: Page, axe: str) -> list[str]:
    """What axe-core finds that keeps somebody from using the page."""
    page.evaluate(axe)
    # What fades in has no colour yet.
    page.evaluate(
        "Promise.all(document.getAnimations().map((one) => Number.isFinite("
        "one.effect.getComputedTiming().endTime) && one.finished.catch(() => {})))"
    )
    found = page.evaluate("async () => (await axe.run()).violations")
    return [
        f"{one['impact']}: {one['help']}: {[node['html'] for node in one['nodes']]}"
        for one in found
        if one["impact"] in ("serious", "critical")
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_screen_reader_and_weak_eyes_can_use_it(
    empty: Sandbox, pages: Pages, axe: str, scheme: str
) -> None:
    empty.call("getMe")
    empty.ask("send", bot_id=RAW, text="hello /start @x https://example.com")
    formatted = "<b>b</b> <code>c</code> <tg-spoiler>s</tg-spoiler> <pre>p</pre>"
    keys = {"inline_keyboard": [[{"text": "Yes", "callback_data": "y"}]]}
    empty.call("sendMessage", chat_id=7, text=formatted, parse_mode="HTML", reply_markup=keys)
    empty.call("sendPhoto", chat_id=7, photo="https://example.com/a.png", caption="A cat")
    empty.call("sendVoice", chat_id=7, voice="https://example.com/a.ogg")
    poll = empty.call("sendPoll", chat_id=7, question="Tea?", options=["Yes", "No"])
    empty.call("pinChatMessage", chat_id=7, message_id=poll["message_id"])
    rows = {"keyboard": [[{"text": "A"}]]}
    empty.call("sendMessage", chat_id=7, text="Keys", reply_markup=rows)
    group = empty.ask("create_group", title="Team", user_ids=[7, 8], bot_ids=[RAW])["id"]
    page = pages.open(empty, f"#open={RAW},{group}&panel=calls", color_scheme=scheme)
    expect(column(page, RAW).get_by_text("Keys")).to_be_visible()
    assert serious(page, axe) == []
    page.locator(".entry summary").first.click()
    assert serious(page, axe) == []
    page.locator("#side").get_by_role("button", name="Trouble").click()
    expect(page.get_by_text("No trouble. All is well.")).to_be_visible()
    assert serious(page, axe) == []
    for name in ("New group", "Add somebody", "Members"):
        page.get_by_title(name).or_(page.get_by_role("button", name=name)).first.click()
        expect(page.get_by_role("dialog")).to_be_visible()
        assert serious(page, axe) == []
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)
    last_of_bot(column(page, RAW)).locator(".bubble").click(button="right")
    expect(page.get_by_role("menu")).to_be_visible()
    assert serious(page, axe) == []
    page.keyboard.press("Escape")
    expect(page.get_by_role("menu")).to_have_count(0)
    composer(column(page, RAW)).fill("/")
    expect(page.get_by_role("listbox", name="Offers").first).to_be_visible()
    assert serious(page, axe) == []


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


def test_by_keyboard_alone_among_500_bots(empty: Sandbox, pages: Pages) -> None:
    for number in range(500):
        empty.ask("add_bot", token=f"{2000000 + number}:AA-one-of-very-many-tokens-000001")
    page = pages.open(empty)
    options = page.get_by_role("listbox", name="Chats").get_by_role("option")
    expect(options.first).to_have_attribute("aria-setsize", "500")
    # Only those in sight are in the page.
    assert options.count() < 40
    page.keyboard.press("Control+k")
    page.keyboard.type("2000321")
    expect(options).to_have_count(1)
    page.keyboard.press("Enter")
    expect(column(page, 2000321)).to_be_visible()
    expect(composer(page)).to_be_focused()
    page.keyboard.type("hello")
    page.keyboard.press("Enter")
    expect(last_of_mine(page)).to_contain_text("hello")
    page.get_by_role("log").click()
    page.keyboard.type("by the way")
    expect(composer(page)).to_have_value("by the way")
    page.keyboard.press("Alt+3")
    expect(composer(column(page, 2000002))).to_be_focused()
    page.keyboard.press("Control+k")
    page.keyboard.press("Delete")
    page.keyboard.press("Tab")
    expect(page.get_by_role("listbox", name="Chats")).to_be_focused()
    page.keyboard.press("End")
    page.keyboard.press("Control+Enter")
    expect(column(page, 2000499)).to_be_visible()
    expect(page.locator(".column")).to_have_count(2)
    page.get_by_role("radio", name="Alice").focus()
    for name in ("Bob", "Carol", "Alice"):
        page.keyboard.press("ArrowRight")
        expect(page.get_by_role("radio", name=name)).to_be_focused()
        expect(page.get_by_role("radio", name=name)).to_be_checked()
