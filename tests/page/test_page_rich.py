"""What else bots send, as people see it: rich messages, what is paid for, what is streamed."""

from typing import Any

import pytest

from tests.browser import Pages
from tests.native import RAW, Sandbox
from tests.page.acts import BLOCKS, about, hear_all, last_of_bot

from playwright.sync_api import expect  # isort: skip

pytestmark = pytest.mark.timeout(300)
PICTURE = "https://example.org/a.png"


def test_rich_messages(pages: Pages, sandbox: Sandbox, user: int) -> None:
    sandbox.ask("send", bot_id=RAW, user_id=user, text="hi")
    page = pages.open(sandbox, f"#me={user}&open={RAW}")
    sandbox.call("sendRichMessage", chat_id=user, rich_message={"blocks": BLOCKS})
    rich = last_of_bot(page).locator(".rich")
    expect(rich.get_by_role("heading", name="Your order")).to_be_visible()
    expect(rich.locator("strong")).to_have_text("pizzas")
    expect(rich.get_by_role("link", name="the shop")).to_have_attribute(
        "href", "https://example.org/shop"
    )
    expect(rich.get_by_role("button", name="Hidden text")).to_be_visible()
    expect(rich.get_by_role("img", name="not done")).to_have_count(1)
    expect(rich.get_by_role("img", name="done", exact=True)).to_have_count(1)
    expect(rich.locator("th")).to_have_text("Salami")
    expect(rich.locator("td")).to_have_text("9")
    expect(rich.locator("blockquote")).to_contain_text("Best in townBob")
    expect(rich.get_by_text("Half an hour")).to_be_hidden()
    rich.get_by_text("How long?").click()
    expect(rich.get_by_text("Half an hour")).to_be_visible()
    expect(rich.locator("figure pre")).to_have_text("print(1)")
    rich.get_by_role("button", name="Pay").click()
    query = sandbox.update("callback_query")
    assert query["data"] == "pay"
    sandbox.call("answerCallbackQuery", callback_query_id=query["id"], text="Paid")
    expect(page.locator(".toast")).to_contain_text("Paid")


def test_what_is_paid_for_and_what_is_given(pages: Pages, sandbox: Sandbox, user: int) -> None:
    hear_all(sandbox)
    sandbox.ask("send", bot_id=RAW, user_id=user, text="hi")
    page = pages.open(sandbox, f"#me={user}&open={RAW}")
    here = {"chat_id": user}
    media = [{"type": "photo", "media": PICTURE}]
    sandbox.call("sendPaidMedia", **here, star_count=5, media=media, payload="cat", caption="A cat")
    page.get_by_role("button", name="Unlock for 5").click()
    assert sandbox.update("purchased_paid_media")["paid_media_payload"] == "cat"
    expect(last_of_bot(page).get_by_title("Open the picture")).to_be_visible()
    page.reload()
    expect(last_of_bot(page)).to_contain_text("Bought for 5")
    # An invoice behind a link: a subscription.
    price: dict[str, Any] = {
        "title": "Tea",
        "description": "Each month",
        "payload": "tea",
        "currency": "XTR",
    }
    price |= {"prices": [{"label": "Tea", "amount": 7}], "subscription_period": 30 * 86400}
    link = sandbox.call("createInvoiceLink", **price)
    sandbox.call("sendMessage", **here, text=f"Pay at {link}")
    page.get_by_role("link", name=link).click()
    page.get_by_role("dialog").get_by_role("button", name="Pay", exact=True).click()
    query = sandbox.update("pre_checkout_query")
    sandbox.call("answerPreCheckoutQuery", pre_checkout_query_id=query["id"], ok=True)
    expect(page.get_by_role("log").get_by_text("Dora paid 7 ⭐")).to_be_visible()
    card = about(page)
    expect(card).to_contain_text("Your subscription “tea”")
    card.get_by_role("button", name="Cancel it").click()
    assert sandbox.update("subscription")["state"] == "canceled"
    before = sandbox.ask("purse", bot_id=RAW, user_id=user)["balance"]
    card.get_by_role("button", name="Give it Stars").click()
    page.get_by_role("dialog", name="Stars for Raw").get_by_label("How many").fill("50")
    page.keyboard.press("Enter")
    expect(card).to_contain_text(f"{before + 50} ⭐")
    page.keyboard.press("Escape")
    [gift, *_] = sandbox.call("getAvailableGifts")["gifts"]
    sandbox.call("sendGift", user_id=user, gift_id=gift["id"], text="For you")
    expect(page.locator(".column")).to_contain_text("For you")


def test_what_is_streamed_is_seen_and_stopped(pages: Pages, sandbox: Sandbox, user: int) -> None:
    sandbox.ask("send", bot_id=RAW, user_id=user, text="hi")
    page = pages.open(sandbox, f"#me={user}&open={RAW}")
    expect(page.locator("article")).to_have_count(1)
    draft = {"chat_id": user, "draft_id": 5, "can_stop": True}
    sandbox.call("sendMessageDraft", **draft, text="Once upon")
    expect(last_of_bot(page)).to_contain_text("Once upon")
    sandbox.call("sendMessageDraft", **draft, text="Once upon a time")
    expect(last_of_bot(page)).to_contain_text("Once upon a time")
    page.get_by_role("button", name="Stop").click()
    assert sandbox.update("stopped_message_generation")["draft_id"] == 5
    expect(page.locator("article.theirs")).to_have_count(0)
    sandbox.call("sendMessageDraft", **draft, text="Well")
    expect(last_of_bot(page)).to_contain_text("is being written")
    sandbox.call("sendMessage", chat_id=user, text="Well then")
    expect(page.locator("article.theirs")).to_have_count(1)
    expect(last_of_bot(page)).not_to_contain_text("is being written")


def test_a_business_account(pages: Pages, sandbox: Sandbox, user: int) -> None:
    page = pages.open(sandbox, f"#me={user}&open={RAW}")
    about(page).get_by_role("button", name="Business account").click()
    page.get_by_role("dialog").last.get_by_role("button", name="Connect").click()
    connection = sandbox.update("business_connection")
    assert connection["rights"]["can_reply"]
    shop = page.get_by_role("dialog", name="The business of Dora")
    shop.get_by_label("Customer").select_option(label="Bob")
    shop.get_by_label("Message", exact=True).fill("Open?")
    page.keyboard.press("Enter")
    asked = sandbox.update("business_message")
    assert (asked["from"]["id"], asked["text"]) == (8, "Open?")
    log = shop.get_by_role("log")
    expect(log).to_contain_text("Open?")
    here = {"chat_id": 8, "business_connection_id": connection["id"]}
    sandbox.call("sendMessage", **here, text="Until ten")
    expect(log).to_contain_text("Until ten")
    log.get_by_role("button", name="Edit").click()
    page.get_by_role("dialog", name="Edit the message").get_by_label("Message").fill("Still open?")
    page.keyboard.press("Enter")
    assert sandbox.update("edited_business_message")["text"] == "Still open?"
    log.get_by_role("button", name="Delete").first.click()
    assert len(sandbox.update("deleted_business_messages")["message_ids"]) == 1
    expect(log).not_to_contain_text("Still open?")
    for name, presser in (("Bob", 8), ("Dora", user)):
        shop.get_by_label("as Dora, the owner").set_checked(presser == user)
        keys = {"inline_keyboard": [[{"text": f"Book for {name}", "callback_data": name}]]}
        sandbox.call("sendMessage", **here, text="A table?", reply_markup=keys)
        log.get_by_role("button", name=f"Book for {name}").click()
        query = sandbox.update("callback_query")
        assert (query["from"]["id"], query["data"]) == (presser, name)
        assert query["message"]["business_connection_id"] == connection["id"]
        sandbox.call("answerCallbackQuery", callback_query_id=query["id"], text=f"Ready, {name}")
        expect(page.locator(".toast").last).to_contain_text(f"Ready, {name}")
    shop.get_by_label("Message", exact=True).fill("We close")
    page.keyboard.press("Enter")
    assert sandbox.update("business_message")["from"]["id"] == user
    # Nobody has unread messages for what is said there.
    expect(page.get_by_role("radio", name="Bob").locator(".unread")).to_have_count(0)
    shop.get_by_role("button", name="Disconnect the bot").click()
    assert not sandbox.update("business_connection")["is_enabled"]
    expect(shop).to_have_count(0)


def test_a_checklist_in_a_talk_of_a_business(pages: Pages, sandbox: Sandbox, user: int) -> None:
    shop_id = sandbox.ask("connect_business", bot_id=RAW, user_id=user)["id"]
    sandbox.ask("write_business", connection_id=shop_id, user_id=8, text="Open?")
    tasks = [{"id": 1, "text": "Bake"}, {"id": 2, "text": "Eat"}]
    todo = {"title": "To do", "tasks": tasks, "others_can_mark_tasks_as_done": True}
    here = {"chat_id": 8, "business_connection_id": shop_id}
    sandbox.call("sendChecklist", **here, checklist=todo)
    sandbox.update("business_message")
    page = pages.open(sandbox, f"#me={user}&open={RAW}")
    about(page).get_by_role("button", name="Business account").click()
    shop = page.get_by_role("dialog", name="The business of Dora")
    log = shop.get_by_role("log")
    expect(log).to_contain_text("0 of 2 done")
    log.get_by_role("checkbox", name="Bake").check()
    expect(log).to_contain_text("1 of 2 done")
    told = sandbox.update("business_message")
    assert told["from"]["id"] == 8
    assert told["checklist_tasks_done"]["marked_as_done_task_ids"] == [1]
    # Its author alone adds to it: the owner, for whom the bot has sent it.
    shop.get_by_label("as Dora, the owner").check()
    log.get_by_role("button", name="Add a task").click()
    page.get_by_role("dialog", name="Add a task").get_by_label("Task").fill("Wash up")
    page.keyboard.press("Enter")
    told = sandbox.update("business_message")
    assert told["from"]["id"] == user
    assert [one["text"] for one in told["checklist_tasks_added"]["tasks"]] == ["Wash up"]
    expect(log).to_contain_text("1 of 3 done")
