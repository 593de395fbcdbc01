"""Channels, forums and links on the page: a bot that asks people to subscribe, as they have it."""

from typing import Any

import pytest

from tests.browser import Pages
from tests.native import RAW, Sandbox
from tests.page.acts import (
    about,
    become,
    begin,
    column,
    composer,
    hear_all,
    last_of_bot,
    last_of_mine,
    row,
    write,
)

from playwright.sync_api import expect  # isort: skip

pytestmark = pytest.mark.timeout(300)


def test_subscribing_to_use_a_bot(pages: Pages, sandbox: Sandbox, user: int) -> None:
    hear_all(sandbox)
    page = pages.open(sandbox, f"#me={user}&open={RAW}")
    dialog = begin(page, "New channel")
    dialog.get_by_label("Title").fill("Daily")
    dialog.get_by_label("Public name").fill("@daily_news")
    dialog.get_by_label("Raw").check()
    dialog.get_by_role("button", name="Create").click()
    expect(page.locator(".column header")).to_contain_text("2 subscribers")
    write(page, "It snows")
    expect(page.locator("article")).to_contain_text("It snows")
    assert sandbox.update("channel_post")["text"] == "It snows"
    # What the channel says may be edited by who may post there, and liked by its readers.
    composer(page).press("ArrowUp")
    write(page, "It rains")
    assert sandbox.update("edited_channel_post")["text"] == "It rains"
    # Bob has to subscribe: the button of the bot leads to the channel.
    become(page, "Bob")
    sandbox.ask("send", bot_id=RAW, user_id=8, text="/start")
    button = [[{"text": "Subscribe", "url": "https://t.me/daily_news"}]]
    sandbox.call("sendMessage", chat_id=8, text="Not yet", reply_markup={"inline_keyboard": button})
    row(page, RAW).click()
    page.get_by_role("button", name="Subscribe").click()
    expect(page.locator(".column")).to_contain_text("It rains")
    page.get_by_role("button", name="Join").click()
    expect(page.get_by_text("Administrators post here.")).to_be_visible()
    changed = sandbox.update("chat_member")["new_chat_member"]
    assert (changed["status"], changed["user"]["id"]) == ("member", 8)
    channel: dict[str, Any] = {"chat_id": "@daily_news", "user_id": 8}
    assert sandbox.call("getChatMember", **channel)["status"] == "member"
    page.locator("article .bubble").click(button="right")
    page.get_by_role("menuitem", name="React with 🔥").click()
    counted = sandbox.update("message_reaction_count")["reactions"]
    assert counted[0]["total_count"] == 1
    page.get_by_role("button", name="Leave").click()
    expect(page.get_by_role("button", name="Join")).to_be_visible()
    assert sandbox.call("getChatMember", **channel)["status"] == "left"


def test_a_link_by_which_an_administrator_lets_in(
    pages: Pages, sandbox: Sandbox, user: int
) -> None:
    hear_all(sandbox)
    told = {"title": "Club", "user_ids": [user], "bot_ids": [RAW]}
    club = sandbox.ask("create_group", **told)["id"]
    sandbox.ask("promote", chat_id=club, member_id=RAW)
    page = pages.open(sandbox, f"#me={user}&open={club}")
    card = about(page)
    card.get_by_role("button", name="New link").click()
    asking = page.get_by_role("dialog", name="Invite to Club")
    asking.get_by_label("Name").fill("Friends")
    asking.get_by_label("an administrator lets everybody in").check()
    asking.get_by_role("button", name="Create and copy").click()
    expect(card).to_contain_text("Friends")
    link = sandbox.ask("details", chat_id=club)["links"][0]["invite_link"]
    page.keyboard.press("Escape")
    # The focus goes back to where it was.
    expect(page.get_by_title("About this chat")).to_be_focused()
    for answer in ("Decline: Carol", "Let in: Carol"):
        become(page, "Carol")
        page.get_by_role("button", name="By a link").click()
        page.get_by_role("dialog").get_by_label("Link").fill(link)
        page.keyboard.press("Enter")
        page.get_by_role("button", name="Ask to join").click()
        assert sandbox.update("chat_join_request")["from"]["id"] == 9
        become(page, "Dora")
        expect(row(page, club)).to_contain_text("1 to join")
        about(page).get_by_role("button", name=answer).click()
        expect(row(page, club)).not_to_contain_text("to join")
        page.keyboard.press("Escape")
    expect(page.locator(".column header")).to_contain_text("3 members")
    assert sandbox.update("chat_member")["invite_link"]["name"] == "Friends"
    about(page).get_by_role("button", name="Revoke: Friends").click()
    expect(page.get_by_role("dialog")).to_contain_text("revoked")
    page.get_by_role("button", name="Boost it").click()
    assert sandbox.update("chat_boost")["boost"]["source"]["user"]["id"] == user
    page.get_by_role("button", name="End it: the boost of Dora").click()
    assert sandbox.update("removed_chat_boost")["chat"]["id"] == club
    page.keyboard.press("Escape")
    sandbox.call("sendMessage", chat_id=club, text=f"Join by {link}")
    page.get_by_role("link", name=link).click()
    expect(page.get_by_role("dialog")).to_contain_text("the link is revoked")


def test_a_forum_and_its_topics(pages: Pages, sandbox: Sandbox, user: int) -> None:
    page = pages.open(sandbox, f"#me={user}&open={RAW}")
    dialog = begin(page, "New group")
    dialog.get_by_label("Title").fill("Kitchen")
    dialog.get_by_label("a forum").check()
    dialog.get_by_role("button", name="Create").click()
    topics = page.get_by_role("group", name="Topics")
    topics.get_by_role("button", name="New topic").click()
    page.get_by_role("dialog").get_by_label("Name").fill("Orders")
    page.keyboard.press("Enter")
    expect(topics.get_by_role("button", name="Orders", exact=True)).to_be_visible()
    expect(topics.get_by_role("button", name="New topic")).to_be_focused()
    [group] = [one for one in sandbox.ask("groups") if one["title"] == "Kitchen"]
    thread, here = group["topics"][1]["message_thread_id"], {"chat_id": group["id"]}
    sandbox.ask("promote", **here, member_id=RAW)
    write(page, "One pizza")
    while (told := sandbox.update("message")).get("text") != "One pizza":
        pass
    assert told["is_topic_message"]
    expect(last_of_mine(page)).to_contain_text("One pizza")
    topics.get_by_role("button", name="General").click()
    expect(page.locator("article")).to_have_count(0)
    write(page, "Good morning")
    expect(page.locator("article")).to_have_count(1)
    topics.get_by_role("button", name="All").click()
    expect(page.locator("article")).to_have_count(2)
    expect(page.locator("article").first).to_contain_text("# Orders")
    # By a bot, too.
    sandbox.call("sendMessage", **here, message_thread_id=thread, text="It is in the oven")
    topics.get_by_role("button", name="Orders").click()
    expect(last_of_bot(page)).to_contain_text("It is in the oven")
    topics.get_by_role("button", name="Change Orders").click()
    page.get_by_role("menuitem", name="Close").click()
    expect(page.locator(".column")).to_contain_text("Dora closed the topic")
    sandbox.ask("add_member", **here, member_id=8)
    become(page, "Bob")
    expect(page.get_by_text("This topic is closed.")).to_be_visible()
    sandbox.call("deleteForumTopic", **here, message_thread_id=thread)
    expect(topics.get_by_role("button", name="Orders")).to_have_count(0)
    expect(page.locator("article")).to_have_count(1)


def test_guests_and_what_one_member_sees(pages: Pages, sandbox: Sandbox, user: int) -> None:
    guest = 1000004
    sandbox.call("getMe", bot_id=guest)
    told = {"title": "Table", "user_ids": [user, 8], "bot_ids": [RAW]}
    table = sandbox.ask("create_group", **told)["id"]
    page = pages.open(sandbox, f"#me={user}&open={table}")
    write(page, f"@sandbox_{guest}_bot will it rain?")
    called = sandbox.update("guest_message", bot_id=guest)
    article: dict[str, Any] = {"type": "article", "id": "1", "title": "x"}
    article |= {"input_message_content": {"message_text": "It will"}}
    answer = {"guest_query_id": called["guest_query_id"], "result": article}
    sandbox.call("answerGuestQuery", bot_id=guest, **answer)
    expect(column(page, table)).to_contain_text("It will")
    keys = {"inline_keyboard": [[{"text": "Thanks", "callback_data": "thanks"}]]}
    whisper = {"receiver_user_id": user}
    sandbox.call(
        "sendMessage",
        chat_id=table,
        text="Not for Bob",
        reply_markup=keys,
        ephemeral_message_parameters=whisper,
    )
    expect(last_of_bot(page)).to_contain_text("Only you see this")
    page.reload()
    page.get_by_role("button", name="Thanks").click()
    query = sandbox.update("callback_query")
    assert query["message"]["ephemeral_message_id"] == 1
    sandbox.call("answerCallbackQuery", callback_query_id=query["id"], text="Welcome")
    expect(page.locator(".toast")).to_contain_text("Welcome")
    become(page, "Bob")
    expect(page.get_by_text("Not for Bob")).to_have_count(0)
