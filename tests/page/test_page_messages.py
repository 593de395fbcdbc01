"""Messages on the page: files, formatted texts, what is edited, pinned and deleted."""

import re
from pathlib import Path

import pytest

from tests.browser import Pages
from tests.native import RAW, SUPPORT, Sandbox
from tests.page.acts import column, composer, last_of_bot, last_of_mine, png, write

from playwright.sync_api import expect  # isort: skip

pytestmark = pytest.mark.timeout(300)


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
    last_of_bot(page).get_by_role("button", name="Unlock for 5").click()
    expect(last_of_bot(page)).to_contain_text("Bought for 5")

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
