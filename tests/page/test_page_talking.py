"""The page as a user has it: words, buttons, forms, polls and apps."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.browser import Pages
from tests.native import RAW, SHOP, SUPPORT, Sandbox
from tests.page.acts import composer, last_of_bot, last_of_mine, write

from playwright.sync_api import Route, expect  # isort: skip

pytestmark = pytest.mark.timeout(300)


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
    chosen = sandbox.update("chosen_inline_result")
    assert (chosen["result_id"], chosen["query"], chosen["from"]["id"]) == ("1", "tea", user)
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


def test_a_bot_that_does_not_answer(pages: Pages, sandbox: Sandbox, user: int) -> None:
    sandbox.ask("send", bot_id=RAW, user_id=user, text="hi")
    page = pages.open(sandbox, f"#me={user}&open={RAW}")
    price: dict[str, Any] = {"currency": "XTR", "prices": [{"label": "Tea", "amount": 5}]}
    price |= {"title": "Tea", "description": "Green", "payload": "tea"}
    sandbox.call("sendInvoice", chat_id=user, **price)

    def hurry(route: Route) -> None:
        given = json.loads(route.request.post_data or "")
        route.continue_(post_data=json.dumps(given | {"timeout": 0.1}))

    page.route("**/sandbox/pay", hurry)
    page.get_by_role("button", name="Pay 5").click()
    expect(page.locator(".toast")).to_have_text("The bot has not answered.")
    expect(page.get_by_role("button", name="Pay 5")).not_to_have_attribute("aria-busy", "true")
    # The browser says so, too.
    [said] = pages.problems
    assert "408" in said
    pages.problems.clear()


def test_reply_keyboards(pages: Pages, sandbox: Sandbox, user: int) -> None:
    sandbox.ask("send", bot_id=RAW, user_id=user, text="hi")
    markup = {
        "keyboard": [
            ["Yes", "No"],
            [
                {"text": "My number", "request_contact": True},
                {"text": "My shop", "request_managed_bot": {"request_id": 1}},
            ],
        ],
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
    page.get_by_role("button", name="Keyboard of the bot").click()
    keyboard.get_by_role("button", name="My shop").click()
    page.get_by_role("dialog", name="Create a bot").get_by_label("Name", exact=True).fill("Pies")
    page.keyboard.press("Enter")
    told = sandbox.update("managed_bot")
    assert (told["user"]["id"], told["bot"]["first_name"]) == (user, "Pies")
    sandbox.call("sendMessage", chat_id=user, text="Done", reply_markup={"remove_keyboard": True})
    expect(page.get_by_role("button", name="Keyboard of the bot")).to_have_count(0)
    sandbox.call("sendMessage", chat_id=user, text="Your name?", reply_markup={"force_reply": True})
    expect(page.get_by_text("Reply to Raw")).to_be_visible()
    write(page, "Dora")
    expect(last_of_mine(page).locator(".quote")).to_contain_text("Your name?")
    page.reload()
    expect(last_of_mine(page).locator(".quote")).to_contain_text("Your name?")
    expect(page.get_by_text("Reply to Raw")).to_have_count(0)


def test_a_poll_of_a_user(pages: Pages, sandbox: Sandbox, user: int) -> None:
    sandbox.ask("send", bot_id=RAW, user_id=user, text="hi")
    markup = {"keyboard": [[{"text": "Ask us", "request_poll": {"type": "quiz"}}]]}
    sandbox.call("sendMessage", chat_id=user, text="A quiz, please", reply_markup=markup)
    # What other tests have left is read.
    sandbox.call("getUpdates", offset=-1)
    sandbox.update("message")
    page = pages.open(sandbox, f"#me={user}&open={RAW}")
    page.get_by_role("button", name="Ask us").click()
    dialog = page.get_by_role("dialog", name="A poll")
    dialog.get_by_label("Question").fill("2 + 2?")
    dialog.get_by_label("Option 1").fill("3")
    dialog.get_by_label("Option 2").fill("4")
    dialog.get_by_label("The right answer").select_option(label="Option 2")
    dialog.get_by_role("button", name="Send").click()
    expect(last_of_mine(page)).to_contain_text("2 + 2?")
    poll = sandbox.update("message")["poll"]
    assert (poll["type"], poll["correct_option_ids"], poll["is_anonymous"]) == ("quiz", [1], True)
    assert [one["text"] for one in poll["options"]] == ["3", "4"]
    last_of_mine(page).get_by_role("button", name="4").click()
    expect(last_of_mine(page)).to_contain_text("1 vote")
    # Of votes in it no bot is told.
    sandbox.ask("send", bot_id=RAW, user_id=user, text="done")
    assert sandbox.call("getUpdates", limit=1)[0]["message"]["text"] == "done"
    page.get_by_role("button", name="Attach").click()
    page.get_by_role("menuitem", name="Poll").click()
    dialog.get_by_label("Question").fill("Which?")
    for number in (1, 2, 3):
        dialog.get_by_label(f"Option {number}").fill(f"this {number}")
    dialog.get_by_label("Several answers").check()
    dialog.get_by_role("button", name="Send").click()
    expect(last_of_mine(page).get_by_role("checkbox")).to_have_count(3)


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
