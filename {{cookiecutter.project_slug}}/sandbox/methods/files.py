"""Files for bots: https://core.telegram.org/bots/api#getfile."""

from __future__ import annotations

from sandbox.errors import bad_request
from sandbox.methods.call import Call
from sandbox.world.events import Json

LARGEST = 20 * 1024 * 1024
"""Bytes that a bot may download: https://core.telegram.org/bots/api#getfile."""


async def get_file(call: Call) -> Json:
    """https://core.telegram.org/bots/api#getfile"""
    file = call.world.files.get(call.params["file_id"], call.bot.bot_id)
    if file is None:
        raise bad_request("wrong file_id or the file is temporarily unavailable")
    if len(file.data) > LARGEST:
        raise bad_request("file is too big")
    return {
        "file_id": file.file_id,
        "file_unique_id": file.unique_id,
        "file_size": file.file_size,
        "file_path": file.path,
    }
