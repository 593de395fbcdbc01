"""What a failing test tells: these tests run pytest on tests that fail."""

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from sandbox.client import SandboxError
from sandbox.testing.running import over_http

pytest_plugins = "pytester"

CONFTEST = """
import asyncio
import pytest
from aiogram import Dispatcher, F
from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup
from sandbox.testing import BotUnderTest

pytest_plugins = ["sandbox.testing.plugin"]

@pytest.fixture
def bots():
    return {"support": BotUnderTest("1000001:" + "s" * 35)}

@pytest.fixture
def hanging():
    return asyncio.Event()

@pytest.fixture
def dispatcher(hanging):
    dispatcher = Dispatcher()

    @dispatcher.message(F.text == "menu")
    async def menu(message):
        buttons = [InlineKeyboardButton(text=text, callback_data=text) for text in ("Yes", "No")]
        keyboard = InlineKeyboardMarkup(inline_keyboard=[buttons])
        await message.answer("Choose", reply_markup=keyboard)

    @dispatcher.callback_query()
    async def pressed(query):
        await query.answer("Thanks")
        await query.message.edit_text("Chosen")

    @dispatcher.message(F.text == "wrong")
    async def wrong(message):
        await message.answer("<b>", parse_mode="HTML")

    @dispatcher.message(F.text == "raise")
    async def fail(message):
        raise ValueError("no such name")

    @dispatcher.message(F.text == "hang")
    async def hang(message):
        hanging.set()
        await asyncio.Event().wait()

    @dispatcher.update.outer_middleware
    async def middleware(handler, event, data):
        return await handler(event, data)

    return dispatcher
"""
SETTINGS = "[pytest]\nasyncio_mode = auto\nasyncio_default_fixture_loop_scope = function\n"


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """An empty project with the plugin and a small bot."""
    monkeypatch.delenv("SANDBOX_URL", raising=False)
    pytester.makeini(SETTINGS)
    pytester.makeconftest(CONFTEST)
    return pytester


def failure(project: pytest.Pytester, *lines: str) -> str:
    """Run a test of these lines, which must fail, and give what pytest says."""
    body = "\n    ".join(['alice = user("Alice")', *lines])
    project.makepyfile(f"async def test(user, telegram, hanging):\n    {body}\n")
    result = project.runpytest_inprocess("-p", "no:cacheprovider")
    result.assert_outcomes(failed=1)
    return result.stdout.str()


def silence(project: pytest.Pytester, *lines: str) -> str:
    """The same for a test that waits in vain for a reply, when the bot has done all it had to do:
    the short time-out may be over before a bot on a busy machine has begun."""
    return failure(project, *lines, "await telegram.settled()", "await alice.reply(timeout=0.1)")


def test_a_time_out_tells_the_conversation(project: pytest.Pytester) -> None:
    said = silence(
        project,
        'await alice.send("menu")',
        "message = await alice.reply()",
        'await message.click("Yes")',
        "await alice.notice()",
        'await alice.send(document=b"x", caption="mine")',
    )
    assert (
        "support did not reply to Alice within 0.1 s. The conversation so far:\n"
        "E         Alice: menu\n"
        "E         support: Choose  [Yes] [No]\n"
        "E         Alice presses [Yes]\n"
        "E         support answers the press (notice): Thanks\n"
        "E         support edits: Chosen\n"
        "E         Alice: [document document.bin]  mine\n"
        "E         ! no handler of support took this\n"
        "E       All updates have had their turn"
    ) in said
    # The test's own line, and none of the plugin.
    assert ">       await alice.reply(timeout=0.1)" in said
    assert "people.py" not in said
    assert "telegram.py" not in said


def test_a_handler_that_raises_is_named(project: pytest.Pytester) -> None:
    said = silence(project, 'await alice.send("raise")')
    assert "! a handler of support raised ValueError: no such name (" in said
    assert "conftest.py:38, in fail)" in said
    # The captured log has the traceback, from the handler on.
    assert "Traceback (most recent call last):" in said
    assert "site-packages" not in said


def test_an_error_of_a_call_is_told(project: pytest.Pytester) -> None:
    said = silence(project, 'await alice.send("wrong")')
    assert "! support calls sendMessage: 400 Bad Request: can't parse entities" in said
    assert "raised TelegramBadRequest: " in said
    assert "conftest.py:34, in wrong)" in said

    said = silence(
        project,
        'await telegram.fault("429", "support", retry_after=3)',
        'await alice.send("menu")',
    )
    assert "sendMessage: 429 Too Many Requests: retry after 3 (a fault of the test)" in said


def test_a_handler_that_still_runs_is_told(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = failure(
        project,
        'await alice.send("hang")',
        "await hanging.wait()",
        "await alice.reply(timeout=0.1)",
    )
    assert "A handler still runs, or waits for something: " in said
    assert "conftest.py:43, in hang" in said

    monkeypatch.setattr("sandbox.testing.stage.TIMEOUT", 0.1)
    said = failure(
        project,
        'await alice.send("hang")',
        "await hanging.wait()",
        "await alice.hears_nothing()",
    )
    assert "updates or handlers are not done within 0.1 s: " in said
    assert "conftest.py:43, in hang" in said


def test_a_revoked_bot_is_told(project: pytest.Pytester) -> None:
    said = failure(
        project,
        'await telegram.revoke("support")',
        'await alice.send("menu")',
        "await alice.reply(timeout=0.1)",
    )
    assert "The token of @sandbox_1000001_bot is revoked" in said


def test_a_chat_where_nobody_spoke_is_told(project: pytest.Pytester) -> None:
    said = silence(
        project,
        'team = await telegram.create_group("Team", alice, bots="support")',
        'await team.promote("support")',
        'await alice.send("menu", to=team)',
    )
    assert "(nothing was said)" in said
    assert "has heard nothing here: is an `await` missing, is it another chat or bot" in said
    assert "Team:\n  Alice: [new_chat_members Support bot]\n  Alice: menu\n" in said


def test_what_a_bot_with_privacy_mode_does_not_hear_is_told(project: pytest.Pytester) -> None:
    said = failure(
        project,
        'team = await telegram.create_group("Team", alice, bots="support")',
        'await alice.ask("menu", to=team, timeout=0.1)',
    )
    assert "Alice: menu\nE         (unheard by support: privacy mode)\n" in said
    assert "@sandbox_1000001_bot has privacy mode, as bots have at Telegram unless" in said
    assert "Reply to it, by `reply_to=`, or write /command@sandbox_1000001_bot; or have" in said
    assert '`await team.promote("support")`' in said
    assert '`await telegram.privacy(on=False, bot="support")`' in said


def test_any_failure_shows_the_conversation(project: pytest.Pytester) -> None:
    said = failure(
        project,
        'await alice.send("menu")',
        'await alice.ask("menu")',
        "await telegram.settled()",
        'assert (await alice.ask("raise", timeout=0.1)).text == "x"',
    )
    assert "- Captured conversation call -" in said
    assert (
        "Alice and support:\n"
        "  Alice: menu\n"
        "  Alice: menu\n"
        "  support: Choose  [Yes] [No]\n"
        "  support: Choose  [Yes] [No]\n"
        "  Alice: raise\n"
    ) in said
    said = failure(project, 'await alice.ask("menu")', "await alice.hears_nothing()", "assert 0")
    assert "(not read yet)" not in said
    said = failure(project, 'await alice.send("menu")', "await alice.hears_nothing()")
    assert "support: Choose  [Yes] [No]  (not read yet)" in said


@pytest.mark.parametrize("call", ['alice.send("menu")', "alice.hears_nothing()"])
def test_a_forgotten_await_is_shown(project: pytest.Pytester, call: str) -> None:
    project.makeini(SETTINGS + "filterwarnings = error\n")
    said = failure(project, call)
    assert "was never awaited" in said
    assert f"in test\n    {call}\nWrite `await` before it." in said
    assert "site-packages" not in said


def test_a_test_in_another_event_loop_says_so(project: pytest.Pytester) -> None:
    project.makeini(SETTINGS + "asyncio_default_test_loop_scope = session\n")
    said = failure(project, 'await alice.ask("menu")')
    assert "this test runs in another event loop than its fixtures: in pyproject.toml, " in said
    assert "people.py" not in said


@pytest.mark.parametrize(
    ("mistake", "told"),
    [
        ('alice.send(photo="cat.png")', "No such file or directory: "),
        ('alice.send("Look", caption="A cat")', "a caption is that of a file, and there is none"),
        ('telegram.fault("shut")', "no fault 'shut': write an error's code, such as 403, "),
        ('telegram.fault("500", "shop")', "no bot 'shop'; the fixture `bots` has ['support']"),
        ('telegram.create_group("T", alice, bots=["shop"])', "no bot 'shop'; "),
    ],
)
def test_a_mistake_is_told_without_the_plugin_s_own_lines(
    project: pytest.Pytester, mistake: str, told: str
) -> None:
    said = failure(project, f"await {mistake}")
    assert told in said
    assert "sandbox/" not in said


@pytest.mark.parametrize(
    ("mistake", "told"),
    [
        ('alice.aks("menu")', "There is no aks (did you mean ask?); there are: "),
        ("alice.reply(timeot=1)", "There is no timeot (did you mean timeout?); it takes: chat, "),
        ("alice.block(bot=1)", "There is no bot; it takes: nothing"),
        ('user("Bob", language="de")', "There is no language (did you mean language_code?)"),
        ('alice.send("x", too=1)', "nobody can send too (did you mean to?); there are: text, to,"),
        ('alice.ask("x", phto=b"")', "nobody can send phto (did you mean photo?); "),
        ('telegram.fault("500", "suport")', "no bot 'suport' (did you mean support?); the fixture"),
        ("telegram.limits(chats=1)", "unknown: chats (did you mean chat?)"),
        ("telegram.advance(hour=1)", "not in hour (did you mean hours?)"),
        ('telegram.client.ask("menus")', "no command 'menus' (did you mean menu?)"),
    ],
)
def test_a_word_or_an_argument_that_is_not_there_has_a_nearest_one(
    project: pytest.Pytester, mistake: str, told: str
) -> None:
    assert told in failure(project, f"await {mistake}")


@pytest.mark.parametrize(
    ("bots", "dispatcher", "told"),
    [
        ("{}", "Dispatcher()", "the fixture `bots` names no bot"),
        ("{'a': 'b'}", "Dispatcher()", "the bot 'a' is a str: give BotUnderTest(token)"),
        (
            "{'a': BotUnderTest('b')}",
            "Dispatcher()",
            "'b' is no token; one looks like ",
        ),
        (
            "{'a': BotUnderTest('1:b')}",
            "None",
            "the fixture `dispatcher` gives a None",
        ),
    ],
)
def test_what_is_under_test_may_be_wrong(
    project: pytest.Pytester, bots: str, dispatcher: str, told: str
) -> None:
    fixtures = f"""
        import pytest
        from aiogram import Dispatcher
        from sandbox.testing import BotUnderTest
        pytest_plugins = ["sandbox.testing.plugin"]
        bots = pytest.fixture(lambda: {bots}, name="bots")
        dispatcher = pytest.fixture(lambda: {dispatcher}, name="dispatcher")
        """
    project.makeconftest(fixtures)
    project.makepyfile('def test(user):\n    user("Alice")')
    said = project.runpytest_inprocess("-p", "no:cacheprovider").stdout.str()
    assert told in said


def test_the_buttons_that_are_there_are_named(project: pytest.Pytester) -> None:
    said = failure(project, 'message = await alice.ask("menu")', 'await message.click("Maybe")')
    assert "there is no button 'Maybe'; the buttons are: 'Yes', 'No'" in said
    assert "people.py" not in said


def test_a_message_that_is_not_edited_is_named(project: pytest.Pytester) -> None:
    said = failure(project, 'm = await alice.ask("menu")', "await m.edited(timeout=0.1)")
    assert "nobody edited the message 'Choose  [Yes] [No]' within 0.1 s" in said
    said = failure(project, 'm = await alice.ask("menu")', "await m.deleted(timeout=0.1)")
    assert "nobody deleted the message 'Choose  [Yes] [No]' within 0.1 s" in said


def test_calls_that_do_not_come_are_counted(project: pytest.Pytester) -> None:
    said = failure(
        project,
        'await alice.ask("menu")',
        "await telegram.settled()",
        'await telegram.calls("sendMessage", at_least=2, timeout=0.1)',
    )
    assert "1 of 2 calls of sendMessage came within 0.1 s; all calls of all bots: sendMes" in said


def test_a_notice_wants_a_press(project: pytest.Pytester) -> None:
    said = failure(project, "await alice.notice()")
    assert "Alice has pressed no inline button yet: click one first" in said


def test_an_assertion_shows_the_message(project: pytest.Pytester) -> None:
    said = failure(project, 'm = await alice.ask("menu")', "assert not m.buttons")
    assert "where ['Yes', 'No'] = <message 2: Choose  [Yes] [No]>.buttons" in said


def test_a_dispatcher_with_the_routers_of_modules_is_of_the_session(
    project: pytest.Pytester,
) -> None:
    fixtures = """
        import pytest
        from aiogram import Dispatcher, Router
        from sandbox.testing import BotUnderTest
        pytest_plugins = ["sandbox.testing.plugin"]
        router = Router()

        @router.message()
        async def greet(message, name):
            await message.answer(name)

        @pytest.fixture(scope="session")
        def dispatcher():
            dispatcher = Dispatcher()
            dispatcher.include_router(router)
            return dispatcher

        @pytest.fixture
        def bots():
            return {"support": BotUnderTest("42:TOKEN", {"name": "Ann"})}
        """
    project.makeconftest(fixtures)
    test = "async def test_{}(user):\n    assert (await user('A').ask('hi')).text == 'Ann'\n"
    project.makepyfile(test.format("one") + test.format("two"))
    project.runpytest_inprocess("-p", "no:cacheprovider").assert_outcomes(passed=2)


def test_without_the_fixtures_it_says_what_to_write(project: pytest.Pytester) -> None:
    project.makeconftest('pytest_plugins = ["sandbox.testing.plugin"]')
    project.makepyfile("def test(user): ...")
    result = project.runpytest_inprocess("-p", "no:cacheprovider")
    result.assert_outcomes(errors=1)
    assert "override the fixture `dispatcher` in a conftest.py" in result.stdout.str()


def test_without_a_sandbox_it_says_how_to_start_one(project: pytest.Pytester) -> None:
    project.makepyfile("async def test(user): ...")
    url = "127.0.0.1:9"
    result = project.runpytest_inprocess("-p", "no:cacheprovider", "--sandbox", url)
    result.assert_outcomes(errors=1)
    said = result.stdout.str()
    assert f"no sandbox answers at http://{url}" in said
    assert "python -m sandbox" in said
    assert "plugin.py" not in said
    assert "During handling" not in said


async def test_another_server_is_no_sandbox() -> None:
    async with TestServer(web.Application()) as server:
        url = str(server.make_url(""))
        with pytest.raises(SandboxError, match=r"what answers at http\S+ is no sandbox"):
            async with over_http(url, {}):
                pass
