"""The page for those who use a screen reader, weak eyes or a keyboard alone."""

import pytest

from tests.browser import Pages
from tests.native import RAW, Sandbox
from tests.page.acts import BLOCKS, column, composer, last_of_bot, last_of_mine

from playwright.sync_api import Locator, Page, expect  # isort: skip

pytestmark = pytest.mark.timeout(300)


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


DIALOGS = {
    "page": [
        ["Add somebody"],
        ["New chat", "New group"],
        ["New chat", "New channel"],
        ["New chat", "Open a link"],
    ],
    "bot": [
        ["About this chat"],
        ["About this chat", "Give it Stars"],
        ["About this chat", "Business account"],
    ],
    "group": [
        ["New topic"],
        ["About this chat"],
        ["About this chat", "New link"],
        ["About this chat", "Public name"],
    ],
}
"""What to press, one after the other, on the page or in a column, to get to a dialog."""


def press(where: Page | Locator, name: str) -> None:
    """A button or an item of a menu, by its name or its title."""
    button = where.get_by_role("button", name=name)
    button.or_(where.get_by_title(name)).or_(where.get_by_role("menuitem", name=name)).first.click()


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
    empty.call("sendRichMessage", chat_id=7, rich_message={"blocks": BLOCKS})
    media = [{"type": "photo", "media": "https://example.com/a.png"}]
    empty.call("sendPaidMedia", chat_id=7, star_count=5, media=media)
    todo = {"title": "To do", "tasks": [{"id": 1, "text": "Bake"}]}
    empty.ask("send", bot_id=RAW, content={"checklist": todo})
    many = {"question": "Which?", "options": [{"text": "A"}], "allows_multiple_answers": True}
    empty.ask("send", bot_id=RAW, content={"poll": many})
    group = empty.ask("create_group", title="Team", user_ids=[7, 8], bot_ids=[RAW])["id"]
    empty.ask("set_forum", chat_id=group)
    link = empty.ask("create_link", chat_id=group, user_id=7, creates_join_request=True)
    empty.ask("join", user_id=9, link=link["invite_link"])
    empty.ask("boost", chat_id=group, user_id=8)
    page = pages.open(empty, f"#open={RAW},{group}&panel=calls", color_scheme=scheme)
    expect(column(page, RAW).get_by_text("Keys")).to_be_visible()
    assert serious(page, axe) == []
    page.locator(".entry summary").first.click()
    assert serious(page, axe) == []
    page.locator("#side").get_by_role("button", name="Trouble").click()
    expect(page.get_by_text("No trouble. All is well.")).to_be_visible()
    assert serious(page, axe) == []
    roots: dict[str, Page | Locator] = {
        "page": page,
        "bot": column(page, RAW),
        "group": column(page, group),
    }
    dialog = page.get_by_role("dialog")
    for root, paths in DIALOGS.items():
        for first, *more in paths:
            press(roots[root], first)
            for name in more:
                press(page.locator("[role=menu], dialog").last, name)
            expect(dialog).to_have_count(1 + (root != "page") * len(more))
            assert serious(page, axe) == []
            for left in reversed(range(dialog.count())):
                page.keyboard.press("Escape")
                expect(dialog).to_have_count(left)
    last_of_bot(column(page, RAW)).locator(".bubble").click(button="right")
    expect(page.get_by_role("menu")).to_be_visible()
    assert serious(page, axe) == []
    page.keyboard.press("Escape")
    expect(page.get_by_role("menu")).to_have_count(0)
    composer(column(page, RAW)).fill("/")
    expect(page.get_by_role("listbox", name="Offers").first).to_be_visible()
    assert serious(page, axe) == []


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
