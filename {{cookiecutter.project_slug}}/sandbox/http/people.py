"""For people and tests: the page, the commands, the events."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from pathlib import Path

import orjson
from aiohttp import web

from sandbox.control import commands
from sandbox.errors import ControlError, NothingCameError
from sandbox.http.bots import respond
from sandbox.methods.structure import load
from sandbox.nearest import unknown
from sandbox.world.calls import Journal
from sandbox.world.events import Json
from sandbox.world.kinds import by_content
from sandbox.world.world import World

PAGE = Path(__file__).parent.parent / "page"
HEADERS = {
    # Nothing but the sandbox itself, and Mini Apps in frames: the page works offline.
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data: blob:; media-src 'self'; "
    "frame-src https:",
    "Cache-Control": "no-cache",
    "X-Content-Type-Options": "nosniff",
}


class PeopleRoutes:
    """The handlers. Make them in the event loop that they run in."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._journal = Journal()
        self._following = asyncio.create_task(self._journal.follow(world.events))

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/", self.page),
            web.get("/page/{name}", self.page),
            web.get("/sandbox/health", self.health),
            web.get("/sandbox/events", self.events),
            web.get("/sandbox/files/{file_id}", self.file),
            web.post("/sandbox/{command}", self.command),
        ]

    async def page(self, request: web.Request) -> web.StreamResponse:
        """A file of the page."""
        path = PAGE / request.match_info.get("name", "index.html")
        if path.parent != PAGE or not path.is_file():
            raise web.HTTPNotFound
        return web.FileResponse(path, headers=HEADERS)

    async def health(self, _: web.Request) -> web.Response:
        return respond(HTTPStatus.OK, {"status": "ok", "bots": len(self._world.bots)})

    async def file(self, request: web.Request) -> web.Response:
        """What a bot or a user sent."""
        file = self._world.files.get(request.match_info["file_id"])
        if file is None:
            raise web.HTTPNotFound
        # What a bot sends must not run as a page of the sandbox.
        headers = {**HEADERS, "Content-Security-Policy": "sandbox; default-src 'none'"}
        # A placeholder for a file on the Web is what its bytes say.
        kind = by_content(file.data) or file.mime_type
        return web.Response(body=file.data, headers={**headers, "Content-Type": kind})

    async def command(self, request: web.Request) -> web.Response:
        """Does what is asked and answers with JSON, an error with what is wrong."""
        try:
            arguments = await read_object(request)
            result = await commands.run(self._world, request.match_info["command"], arguments)
        except ControlError as error:
            return respond(error.status, {"error": str(error)})
        except NothingCameError as nothing:
            content = {"error": "timeout", "messages": nothing.messages}
            return respond(HTTPStatus.REQUEST_TIMEOUT, content)
        return respond(HTTPStatus.OK, result)

    async def events(self, request: web.Request) -> web.StreamResponse:
        """What happens from now on, everywhere or in one `chat`, until the client leaves.

        Server-Sent Events; the first one says how things stand, and has, if they are asked for, the
        `last` calls and updates.
        """
        if strange := unknown(request.query, ("chat", "last")):
            text = f"events: unknown: {', '.join(strange)}; known: chat, last"
            return respond(HTTPStatus.BAD_REQUEST, {"error": text})
        response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"}
        )
        last = request.query.get("last", "0")
        with self._world.events.watch(request.query.get("chat")) as queue:
            await response.prepare(request)
            event = self.hello(int(last) if last.isdecimal() else 0)
            while event["event"] != "stop":
                await response.write(b"data: %b\n\n" % orjson.dumps(event))
                event = await queue.get()
            await response.write(b"data: %b\n\n" % orjson.dumps(event))
        return response

    def hello(self, last: int) -> Json:
        """How things stand."""
        return {
            "event": "hello",
            "run": self._world.run,
            "bots": [bot.describe() for bot in self._world.bots.values()],
            "users": self._world.newest_users(),
            "groups": [group.describe() for group in self._world.groups.values()],
            "faults": self._world.faults.describe(),
            "clock": self._world.clock.describe(),
            "limits": self._world.limits.describe(),
            "last": self._journal.last(last),
        }


async def read_object(request: web.Request) -> Json:
    """The JSON object in the body; an empty body is an empty object. Raises ControlError."""
    try:
        content = load(await request.read() or b"{}")
    except ValueError as error:
        raise ControlError(f"this is no JSON: {error}") from error
    if not isinstance(content, dict):
        raise ControlError("write a JSON object")
    return content
