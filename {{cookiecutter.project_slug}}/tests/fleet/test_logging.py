"""Log lines are JSON off a terminal, name the bot and update of a turn, and never hold a token."""

import io
import json
import logging
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from structlog.contextvars import bound_contextvars

from fleet.inbox import Turn
from fleet.ops.logging import LogFormat, redact, setup_logging
from fleet.worker.ends import dead

ROOT = Path(__file__).resolve().parents[2]
SECRET = "AA-" + "s3cret" * 5 + "_x"
TOKEN = f"1000001:{SECRET}"

Setup = Callable[..., io.StringIO]


@pytest.fixture
def setup() -> Iterator[Setup]:
    """Set logging up with a stream of its own, and put everything back in the end."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    hooks = sys.excepthook, sys.unraisablehook
    event_level = logging.getLogger("aiogram.event").level
    root.handlers.clear()  # those of pytest are not to be closed

    def start(level: str = "INFO", log_format: LogFormat | None = None) -> io.StringIO:
        stream = io.StringIO()
        setup_logging(level, log_format, stream=stream)
        return stream

    yield start
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.getLogger("aiogram.event").setLevel(event_level)
    logging.captureWarnings(capture=False)
    sys.excepthook, sys.unraisablehook = hooks
    structlog.reset_defaults()


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def connect() -> None:
    raise ConnectionError(f"Connection timeout to host https://host/bot{TOKEN}/getMe")


def raise_deep() -> None:
    try:
        connect()
    except ConnectionError as error:
        raise RuntimeError(f"cannot use {TOKEN}") from error


def test_both_kinds_of_loggers_write_the_same_lines(setup: Setup) -> None:
    stream = setup()
    with bound_contextvars(bot_id=42, update_id=7):
        structlog.get_logger("fleet.worker").info("turn", chat=5)
        logging.getLogger("aiogram.dispatcher").warning("%s of %d", "one", 2, extra={"chat": 5})
    structlog.get_logger("fleet.worker").error("after")
    ours, theirs, after = lines(stream)
    common = {"bot_id": 42, "update_id": 7, "chat": 5}
    assert ours.items() >= {"level": "info", "event": "turn", "logger": "fleet.worker"}.items()
    assert theirs.items() >= {"level": "warning", "event": "one of 2"}.items()
    assert ours.items() >= common.items()
    assert theirs.items() >= common.items()
    assert ours["timestamp"].endswith("Z")
    assert list(ours)[:3] == ["timestamp", "level", "event"]
    assert "bot_id" not in after


def everything_with_a_token(log: Any, stdlib: logging.Logger) -> None:
    """Write a token in every way in which one could get into a line."""
    log.info(TOKEN)
    log.info("token %s", TOKEN)
    log.info("nested", a={"b": [TOKEN, {"c": (TOKEN,)}]}, **{TOKEN: 1})
    log.info("bytes", raw=TOKEN.encode())
    stdlib.info("token %s", TOKEN)
    stdlib.info({"a": [TOKEN]})
    stdlib.info("extra", extra={"data": {"token": [TOKEN]}})
    stdlib.info("url http://host:8081/file/bot%s/photo.jpg", TOKEN)
    stdlib.info("url http://host/bot%s", TOKEN.replace(":", "%3A"))
    stdlib.info("short /bot123:ABC/getMe, 'http://h/bot9:x-y'")
    stdlib.info("redis://user:s3cret@host:6379/0 and redis://:s3/cret@host rediss://s3cret@h")
    stdlib.info("wrong arguments %d %d", TOKEN)
    try:
        raise_deep()
    except RuntimeError as error:
        log.exception("ours", error=error)
        stdlib.exception("theirs: %r", error)
        stdlib.info("stack %s", TOKEN, stack_info=True)
    with bound_contextvars(token=TOKEN):
        stdlib.info("bound")


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_no_line_holds_a_token(setup: Setup, log_format: LogFormat) -> None:
    stream = setup("INFO", log_format)
    everything_with_a_token(structlog.get_logger("ours"), logging.getLogger("theirs"))
    written = stream.getvalue()
    assert SECRET not in written
    assert "s3cret" not in written.replace("redis://:s3/cret", "")
    assert "/bot123:***/getMe" in written
    assert "'http://h/bot9:***'" in written
    assert "redis://***@host:6379/0" in written
    assert "Traceback" in written
    assert "1000001:***" in written, "the bot's id stays"
    if log_format == "json":
        assert len(lines(stream)) == len(written.splitlines())


def test_a_call_that_cannot_be_written_is_a_line(
    setup: Setup, capsys: pytest.CaptureFixture[str]
) -> None:
    class Broken:
        def __repr__(self) -> str:
            raise ValueError(TOKEN)

    stream = setup()
    logging.getLogger("theirs").info("wrong %d", TOKEN)
    structlog.get_logger("ours").info("odd", number=2**70, text="\ud800")
    circle: dict[str, Any] = {}
    circle["self"] = circle
    structlog.get_logger("ours").info("odd", circle=circle)
    structlog.get_logger("ours").info("broken", value=Broken())
    wrong, odd, round_, broken = lines(stream)
    assert wrong["event"] == "this log call cannot be written: wrong %d"
    assert "TypeError" in wrong["exception"]
    assert odd["number"] == str(2**70)
    assert odd["event"] == round_["event"] == "odd"
    assert broken["event"] == "this log call cannot be written: broken"
    assert "1000001:***" in broken["exception"]
    assert capsys.readouterr().err == ""


class Listener(logging.Handler):
    """Keeps what comes, as Sentry's handler does."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


def test_other_handlers_get_the_exception_itself(setup: Setup) -> None:
    stream, listener = setup(), Listener()
    logging.getLogger().addHandler(listener)
    log = structlog.get_logger("ours")
    turn = Turn("1:5:5", 0, 1, b"")
    try:
        raise_deep()
    except RuntimeError as error:
        raised = error
        log.exception("in the handler")
        letter = dead(turn, error)
    log.error("later", exc_info=raised)
    log.warning("none")
    *records, none = listener.records
    assert len(records) == 3
    for record in records:
        assert record.exc_info == (RuntimeError, raised, raised.__traceback__)
    assert not none.exc_info
    events = [line["event"] for line in lines(stream)]
    assert [record.getMessage() for record in listener.records] == events
    *told, nothing = lines(stream)
    assert [line["exception"] for line in told] == [letter.traceback.rstrip()] * 3
    assert "exception" not in nothing


def test_the_text_of_a_traceback_is_made_once(setup: Setup) -> None:
    stream = setup()
    structlog.get_logger("ours").error("dead", exception="as told", exc_info=ValueError("other"))
    [line] = lines(stream)
    assert line["exception"] == "as told"


@pytest.mark.parametrize(
    ("level", "dispatcher", "event"),
    [("DEBUG", True, True), ("INFO", True, False), ("WARNING", False, False)],
)
def test_levels(setup: Setup, level: str, *, dispatcher: bool, event: bool) -> None:
    setup(level)
    assert logging.getLogger("aiogram.dispatcher").isEnabledFor(logging.INFO) is dispatcher
    assert logging.getLogger("aiogram.event").isEnabledFor(logging.INFO) is event
    assert logging.getLogger("aiogram.event").isEnabledFor(logging.ERROR) is event


def test_what_is_below_the_level_is_not_written(setup: Setup) -> None:
    stream = setup("WARNING")
    structlog.get_logger("ours").info("no")
    logging.getLogger("theirs").info("no")
    structlog.get_logger("ours").warning("yes")
    assert [line["event"] for line in lines(stream)] == ["yes"]


def test_a_logger_made_and_used_before(setup: Setup, capsys: pytest.CaptureFixture[str]) -> None:
    log = structlog.get_logger("early")
    log.info("before")
    assert "before" in capsys.readouterr().out
    stream = setup()
    log.info("after")
    assert [line["event"] for line in lines(stream)] == ["after"]


def test_warnings_are_lines(setup: Setup) -> None:
    stream = setup()
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=True)
        warnings.warn(f"old: {TOKEN}", DeprecationWarning, stacklevel=1)
        logging.captureWarnings(capture=False)
    (line,) = lines(stream)
    assert "DeprecationWarning: old: 1000001:***" in line["event"]


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-02T03:04:05.678901Z",
        "127.0.0.1:8080",
        "fsm:1000001:5:5:state",
        "https://host:8081/path@x",
        '{"update_id":123456789,"message":{"date":1}}',
    ],
)
def test_other_text_stays(text: str) -> None:
    assert redact(text) == text


@pytest.mark.parametrize(
    "text", ["1" * 50_000, "a" * 50_000, "1:" * 25_000, "a://" + ":@" * 25_000]
)
def test_no_text_makes_it_slow(text: str) -> None:
    start = time.process_time()
    redact(text)
    assert time.process_time() - start < 1


PROCESS = """
import asyncio, logging, sys, threading
from fleet.ops.logging import setup_logging
setup_logging()
token = sys.argv[1]

class Unraisable:
    def __del__(self):
        raise ValueError(token)

async def forgotten():
    raise ValueError(token)

async def main():
    task = asyncio.create_task(forgotten())
    await asyncio.wait([task])
    del task

thread = threading.Thread(target=lambda: int(token))
thread.start()
thread.join()
Unraisable()
asyncio.run(main())
raise RuntimeError(f"https://host/bot{token}/getMe")
"""


def test_what_nobody_catches_is_logged_without_the_token() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROCESS, TOKEN],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert SECRET not in done.stderr
    logged = [json.loads(line) for line in done.stderr.splitlines()]
    events = [line["event"] for line in logged]
    assert len(logged) == 4, events
    assert all("1000001:***" in line["exception"] for line in logged)
    assert events[-1] == "uncaught exception"
