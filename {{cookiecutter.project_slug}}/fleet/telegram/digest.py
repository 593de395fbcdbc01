"""What makes two calls the same: the bot, the method and all of its parameters."""

from hashlib import blake2b
from typing import Any

import orjson
import structlog
from aiogram import Bot
from aiogram.client.default import Default
from aiogram.methods import TelegramMethod
from aiogram.types import BufferedInputFile, FSInputFile, InputFile, URLInputFile

from fleet.telegram.plain import plain

SIZE = 16
"""Bytes of a digest."""

log = structlog.get_logger(__name__)


async def digest_of(bot: Bot, method: TelegramMethod[Any]) -> bytes | None:
    """Tell calls apart. None: a file of it can be read only once, by who sends it.

    A file counts by its name and content, one that is at an address by the address.
    """
    digest = blake2b(b"%d %b " % (bot.id, method.__api_method__.encode()), digest_size=SIZE)
    if (parameters := plain(bot, method)) is not None:
        digest.update(orjson.dumps(parameters))
        return digest.digest()
    files: list[InputFile] = []

    def name(value: object) -> object:
        if isinstance(value, InputFile):
            files.append(value)
            return len(files)
        return value.name if isinstance(value, Default) else repr(value)

    digest.update(method.model_dump_json(fallback=name, warnings=False).encode())
    for file in files:
        if isinstance(file, URLInputFile):
            digest.update(f"{file.url} {file.headers}".encode())
        elif isinstance(file, BufferedInputFile | FSInputFile):
            digest.update(f"{file.filename} ".encode())
            async for chunk in file.read(bot):
                digest.update(chunk)
        else:
            log.debug("a call with a stream is not noted", method=method.__api_method__)
            return None
    return digest.digest()
