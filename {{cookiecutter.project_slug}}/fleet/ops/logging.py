"""Log lines: JSON off a terminal, coloured text on one, and never a bot token in either.

Loggers of structlog and of the standard library (aiogram, aiohttp, asyncio) share one handler. So
there is one place where a line is finished, and there all that looks like a token is removed.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import threading
from types import TracebackType
from typing import Any, Literal, TextIO

import orjson
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

LogFormat = Literal["json", "console"]

_FIRST = ("timestamp", "level", "event", "logger", "bot_id", "update_id")

_SECRET = re.compile(
    # A token, alone or in a URL. The bounds keep the time linear for any text.
    r"(?P<bot_id>[0-9]{1,20})(?::|%3[Aa])[A-Za-z0-9_-]{30,}"
    # In a URL of the Bot API whatever stands where the token belongs.
    r"|(?P<path>/bot[0-9]{1,20})(?::|%3[Aa])[^/\s\"'\\<>]+"
    # User and password in a URL.
    r"|(?P<scheme>[A-Za-z]{1,12}://)[^\s/\"'\\]+@"
)


def redact(text: str) -> str:
    """Return `text` with `***` for bot tokens (the bot's id stays) and logins in URLs."""
    return _SECRET.sub(_replacement, text)


def setup_logging(
    level: str = "INFO",
    format: LogFormat | None = None,  # noqa: A002 - as in logging.basicConfig
    *,
    stream: TextIO | None = None,
) -> None:
    """Send every log record of this process to `stream` (stderr).

    `level` is a name of the standard library's levels, in capitals. Without a `format` it is
    console on a terminal, else json. What is bound with `structlog.contextvars` appears on every
    line, whichever logger wrote it. Call it once: structlog's loggers keep the level of first use.
    """
    stream = stream or sys.stderr
    number = logging.getLevelNamesMapping()[level]
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[
            *shared,
            structlog.processors.StackInfoRenderer(),
            _wrap,
        ],
        # Drops what is below the level before anything is computed.
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    console = stream.isatty() if format is None else format == "console"
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        _RedactingFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder()],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *(_console(stream) if console else _json()),
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=number, force=True)
    # aiogram writes a line for every update here, at a quarter of the price of handling it, and the
    # traceback of every handler that raised, which the worker logs too.
    logging.getLogger("aiogram.event").setLevel(
        logging.CRITICAL if number > logging.DEBUG else number
    )
    logging.captureWarnings(capture=True)
    # Python itself would print these as they are.
    sys.excepthook = _log_uncaught
    threading.excepthook = _log_uncaught_in_thread
    sys.unraisablehook = _log_unraisable


class _Event(dict[str, Any]):
    """What a line of ours says. For other handlers than ours its text is the event alone."""

    def __str__(self) -> str:
        return str(self.get("event"))


def _wrap(logger: WrappedLogger, name: str, event: EventDict) -> tuple[Any, dict[str, Any]]:
    """Hand a line over to the standard library with its exception, as its own loggers do.

    Other handlers, such as Sentry's, look for it there. Where a line brings the text of the
    traceback along, as `exception`, ours has no need to make it again.
    """
    exc_info = event.get("exc_info")
    if "exception" in event:
        event.pop("exc_info", None)
    formatter = structlog.stdlib.ProcessorFormatter
    args, kwargs = formatter.wrap_for_formatter(logger, name, _Event(event))
    return args, {**kwargs, "exc_info": exc_info}


class _RedactingFormatter(structlog.stdlib.ProcessorFormatter):
    def format(self, record: logging.LogRecord) -> str:
        try:
            line = super().format(record)
        except Exception:  # noqa: BLE001 - a repr may raise anything
            line = super().format(_unwritable(record))
        return redact(line)


def _unwritable(record: logging.LogRecord) -> logging.LogRecord:
    """Make the stand-in for a record that cannot be written; called where its error is handled."""
    # structlog's records carry a dictionary.
    event = record.msg.get("event") if isinstance(record.msg, dict) else record.msg
    what = event if isinstance(event, str) else type(event).__name__
    return logging.LogRecord(
        record.name,
        logging.ERROR,
        record.pathname,
        record.lineno,
        "this log call cannot be written: %s",
        (what,),
        sys.exc_info(),
    )


def _replacement(match: re.Match[str]) -> str:
    if bot_id := match["bot_id"]:
        return f"{bot_id}:***"
    if path := match["path"]:
        return f"{path}:***"
    return f"{match['scheme']}***@"


def _json() -> list[Processor]:
    return [
        structlog.processors.format_exc_info,
        structlog.processors.JSONRenderer(serializer=_dumps),
    ]


def _console(stream: TextIO) -> list[Processor]:
    return [
        structlog.dev.ConsoleRenderer(
            colors=stream.isatty(),
            # The other formatters show local variables and wrap lines: a token in two pieces would
            # not be recognised.
            exception_formatter=structlog.dev.plain_traceback,
        )
    ]


def _dumps(event: dict[str, Any], **_: object) -> str:
    # In the order in which a person reads it.
    first = {key: event.pop(key) for key in _FIRST if key in event}
    event = first | event
    try:
        return orjson.dumps(event, default=repr, option=orjson.OPT_NON_STR_KEYS).decode()
    except TypeError:  # a lone surrogate, an integer above 64 bits, a value that contains itself
        return json.dumps(
            {key: value if isinstance(value, str) else repr(value) for key, value in event.items()}
        )


def _log_uncaught(
    kind: type[BaseException], error: BaseException, traceback: TracebackType | None
) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, traceback)
        return
    logging.getLogger("fleet").critical("uncaught exception", exc_info=(kind, error, traceback))


def _log_uncaught_in_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is not None:
        _log_uncaught(args.exc_type, args.exc_value, args.exc_traceback)


def _log_unraisable(args: sys.UnraisableHookArgs) -> None:
    if args.exc_value is not None:
        what = args.err_msg or "exception ignored in"
        info = (args.exc_type, args.exc_value, args.exc_traceback)
        logging.getLogger("fleet").error("%s %r", what, args.object, exc_info=info)
