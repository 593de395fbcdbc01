"""What a test that is written wrongly is told: these tests run pytest on such tests."""

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from sandbox.client import SandboxError
from sandbox.testing.running import over_http
from tests.sandbox.failing import SETTINGS, failure

pytest_plugins = "pytester"


@pytest.mark.parametrize("call", ['alice.send("menu")', "alice.hears_nothing()"])
def test_a_forgotten_await_is_shown(small_project: pytest.Pytester, call: str) -> None:
    small_project.makeini(SETTINGS + "filterwarnings = error\n")
    said = failure(small_project, call)
    assert "was never awaited" in said
    assert f"in test\n    {call}\nWrite `await` before it." in said
    assert "site-packages" not in said


def test_a_test_in_another_event_loop_says_so(small_project: pytest.Pytester) -> None:
    small_project.makeini(SETTINGS + "asyncio_default_test_loop_scope = session\n")
    said = failure(small_project, 'await alice.ask("menu")')
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
    small_project: pytest.Pytester, mistake: str, told: str
) -> None:
    said = failure(small_project, f"await {mistake}")
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
    small_project: pytest.Pytester, mistake: str, told: str
) -> None:
    assert told in failure(small_project, f"await {mistake}")


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
    small_project: pytest.Pytester, bots: str, dispatcher: str, told: str
) -> None:
    fixtures = f"""
        import pytest
        from aiogram import Dispatcher
        from sandbox.testing import BotUnderTest
        pytest_plugins = ["sandbox.testing.plugin"]
        bots = pytest.fixture(lambda: {bots}, name="bots")
        dispatcher = pytest.fixture(lambda: {dispatcher}, name="dispatcher")
        """
    small_project.makeconftest(fixtures)
    small_project.makepyfile('def test(user):\n    user("Alice")')
    said = small_project.runpytest_inprocess("-p", "no:cacheprovider").stdout.str()
    assert told in said


def test_a_dispatcher_with_the_routers_of_modules_is_of_the_session(
    small_project: pytest.Pytester,
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
    small_project.makeconftest(fixtures)
    test = "async def test_{}(user):\n    assert (await user('A').ask('hi')).text == 'Ann'\n"
    small_project.makepyfile(test.format("one") + test.format("two"))
    small_project.runpytest_inprocess("-p", "no:cacheprovider").assert_outcomes(passed=2)


def test_without_the_fixtures_it_says_what_to_write(small_project: pytest.Pytester) -> None:
    small_project.makeconftest('pytest_plugins = ["sandbox.testing.plugin"]')
    small_project.makepyfile("def test(user): ...")
    result = small_project.runpytest_inprocess("-p", "no:cacheprovider")
    result.assert_outcomes(errors=1)
    assert "override the fixture `dispatcher` in a conftest.py" in result.stdout.str()


def test_without_a_sandbox_it_says_how_to_start_one(small_project: pytest.Pytester) -> None:
    small_project.makepyfile("async def test(user): ...")
    url = "127.0.0.1:9"
    result = small_project.runpytest_inprocess("-p", "no:cacheprovider", "--sandbox", url)
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
