"""The panel of the page: calls and updates, trouble, time."""

import re

import pytest

from tests.browser import Pages
from tests.native import RAW, SHOP, SUPPORT, Sandbox
from tests.page.acts import column, last_of_bot, last_of_mine, row, sent, write

from playwright.sync_api import expect  # isort: skip

pytestmark = pytest.mark.timeout(300)


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
