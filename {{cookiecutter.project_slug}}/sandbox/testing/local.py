"""The sandbox in this process: no server, no sockets."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

from sandbox.control import commands
from sandbox.control.connection import SandboxError
from sandbox.errors import ControlError
from sandbox.world.events import Json
from sandbox.world.world import World


class LocalConnection:
    """A client's way to a world in the same event loop: the commands without HTTP."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def open(self) -> None:
        """Do nothing: it is there."""

    async def close(self) -> None:
        """Do nothing."""

    async def ask(self, command: str, arguments: Json, wait: float) -> Any:  # noqa: ARG002 - HTTP's
        """What a command answers. Raises SandboxError, NothingCameError."""
        try:
            return await commands.run(self._world, command, arguments)
        except ControlError as error:
            raise SandboxError(str(error)) from error

    async def file(self, file_id: str) -> bytes:
        """What a bot or a user sent. Raises SandboxError."""
        file = self._world.files.get(file_id)
        if file is None:
            raise SandboxError(f"the sandbox has no file {file_id}")
        return file.data

    async def events(self, chat: str | None) -> AsyncGenerator[Json, None]:
        """What happens in the chat with this key, or everywhere; `hello` when it has begun."""
        with self._world.events.watch(chat) as queue:
            yield {"event": "hello"}
            while True:
                yield await queue.get()
