"""Groups, channels and forums on the page, and who is in them."""

from typing import Any

import pytest

from tests.browser import Pages
from tests.native import RAW, SHOP, SUPPORT, Sandbox
from tests.page.acts import about, become, begin, column, last_of_bot, last_of_mine, row, write

from playwright.sync_api import expect  # isort: skip

pytestmark = pytest.mark.timeout(300)


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
    dialog = begin(page, "New group")
    dialog.get_by_label("Title").fill("Team")
    dialog.get_by_label("Bob").check()
    dialog.get_by_role("button", name="Create").click()
    expect(page.locator(".column header")).to_contain_text("3 members")
    group = int(page.locator(".column").get_attribute("data-target") or 0)
    # Unless the bot is an administrator, it would hear commands and replies.
    card = about(page)
    expect(card).to_contain_text("bot, member, hears commands and replies: privacy mode")
    card.get_by_role("button", name="Make admin: Sandbox bot").click()
    expect(card).to_contain_text("bot, administrator")
    expect(card).not_to_contain_text("privacy mode")
    page.keyboard.press("Escape")
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


def test_a_group_becomes_a_supergroup(empty: Sandbox, pages: Pages) -> None:
    empty.call("getMe")
    page = pages.open(empty)
    dialog = begin(page, "New group")
    dialog.get_by_label("Title").fill("Team")
    dialog.get_by_label("a supergroup").uncheck()
    dialog.get_by_role("button", name="Create").click()
    write(page, "before")
    about(page).get_by_role("button", name="Make it a supergroup").click()
    expect(page.locator(".column")).to_contain_text("The group was a basic group before")
    expect(page.get_by_role("option", name="Team")).to_have_count(1)
    write(page, "after")
    expect(last_of_mine(page)).to_contain_text("after")
