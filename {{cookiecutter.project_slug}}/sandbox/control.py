"""The control API under `/sandbox/`: what users and tests do. `sandbox/client.py` speaks it."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any

import orjson
from aiohttp import web

from sandbox.bots import Bot
from sandbox.chats import Chat, Json
from sandbox.errors import ControlError
from sandbox.faults import Fault
from sandbox.state import Sandbox

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
LONGEST_WAIT = 300.0
"""Seconds a request may wait."""


class Control:
    """The handlers of the control API."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def routes(self) -> list[web.RouteDef]:
        chat = "/sandbox/bots/{bot}/chats/{chat}"
        return [
            web.get("/sandbox/health", self.health),
            web.get("/sandbox/bots", self.bots),
            web.get("/sandbox/calls", guarded(self.calls)),
            web.post("/sandbox/faults", guarded(self.add_fault)),
            web.delete("/sandbox/faults", self.clear_faults),
            web.post("/sandbox/bots/{bot}/send", guarded(self.send)),
            web.post("/sandbox/bots/{bot}/press", guarded(self.press)),
            web.post("/sandbox/bots/{bot}/updates", guarded(self.push)),
            web.post("/sandbox/bots/{bot}/revoke", guarded(self.revoke)),
            web.post("/sandbox/bots/{bot}/rotate", guarded(self.rotate)),
            web.post("/sandbox/bots/{bot}/managed", guarded(self.create_managed_bot)),
            web.get(chat + "/messages", guarded(self.messages)),
            web.get(chat + "/reply", guarded(self.reply)),
            web.get(chat + "/messages/{message}/edited", guarded(self.edited)),
            web.get(chat + "/events", guarded(self.events)),
        ]

    async def health(self, _: web.Request) -> web.Response:
        return answer({"status": "ok", "bots": len(self._sandbox.bots)})

    async def bots(self, _: web.Request) -> web.Response:
        return answer([bot.describe() for bot in self._sandbox.bots.values()])

    async def calls(self, request: web.Request) -> web.Response:
        """Waits for `at_least` calls when that is given."""
        query = request.query
        bot_id = int(query["bot_id"]) if "bot_id" in query else None
        at_least = int(query.get("at_least", 0))
        log = self._sandbox.calls
        method = query.get("method")
        return answer(await log.wait(bot_id, method, at_least, seconds_of(query)))

    async def add_fault(self, request: web.Request) -> web.Response:
        content = await read_object(request)
        seconds = content.pop("seconds", None)
        self._sandbox.add_fault(Fault(**arguments(Fault, content)), seconds)
        return answer({})

    async def clear_faults(self, _: web.Request) -> web.Response:
        self._sandbox.faults.clear()
        return answer({})

    async def send(self, request: web.Request) -> web.Response:
        send = self._sandbox.send
        update_id, message = send(
            self._bot(request), **arguments(send, await read_object(request), "bot")
        )
        return answer({"update_id": update_id, "message": message})

    async def press(self, request: web.Request) -> web.Response:
        press = self._sandbox.press
        update_id = press(self._bot(request), **arguments(press, await read_object(request), "bot"))
        return answer({"update_id": update_id})

    async def push(self, request: web.Request) -> web.Response:
        updates = (await read_object(request)).get("updates")
        if not isinstance(updates, list) or not all(isinstance(one, dict) for one in updates):
            raise ControlError('write {"updates": [{...}, ...]}')
        if not all(isinstance(one.get("update_id", 0), int) for one in updates):
            raise ControlError("update_id: write a number, or leave it out for the next one")
        return answer({"update_ids": self._sandbox.push(self._bot(request), updates)})

    async def revoke(self, request: web.Request) -> web.Response:
        self._bot(request).revoke()
        return answer({})

    async def rotate(self, request: web.Request) -> web.Response:
        return answer({"token": self._sandbox.rotate(self._bot(request))})

    async def create_managed_bot(self, request: web.Request) -> web.Response:
        create = self._sandbox.create_managed_bot
        content = arguments(create, await read_object(request), "manager")
        return answer(create(self._bot(request), **content).describe())

    async def messages(self, request: web.Request) -> web.Response:
        return answer(self._chat(request).view())

    async def reply(self, request: web.Request) -> web.Response:
        """Waits for the bot's next message; see Chat.next_reply for `after` and `seen`."""
        after = int(request.query["after"]) if "after" in request.query else None
        seen = int(request.query.get("seen", 0))
        chat = self._chat(request)
        return await wait_for(request, chat, lambda: chat.next_reply(after, seen))

    async def edited(self, request: web.Request) -> web.Response:
        """Waits until a message was edited; see Chat.next_edit."""
        message_id = int(request.match_info["message"])
        chat = self._chat(request)
        return await wait_for(request, chat, lambda: chat.next_edit(message_id))

    async def events(self, request: web.Request) -> web.StreamResponse:
        """What happens in a chat from now on: one JSON object a line, until the client leaves."""
        response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
        with self._chat(request).watch() as queue:
            await response.prepare(request)
            while (event := await queue.get())["event"] != "stop":
                await response.write(orjson.dumps(event, option=orjson.OPT_APPEND_NEWLINE))
        return response

    def _bot(self, request: web.Request) -> Bot:
        return self._sandbox.bot(int(request.match_info["bot"]))

    def _chat(self, request: web.Request) -> Chat:
        """The chat, which may be one where nothing was said yet."""
        return self._sandbox.chat(self._bot(request), int(request.match_info["chat"]))


def guarded(handler: Handler) -> Handler:
    """Answers a ControlError or a value that is wrong with its text."""

    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except ControlError as error:
            return answer({"error": str(error)}, error.status)
        except (ValueError, TypeError) as error:
            return answer({"error": f"wrong value: {error}"}, HTTPStatus.BAD_REQUEST)

    return handle


def answer(content: object, status: int = HTTPStatus.OK) -> web.Response:
    return web.Response(
        body=orjson.dumps(content), status=status, headers={"Content-Type": "application/json"}
    )


async def read_object(request: web.Request) -> Json:
    """The JSON object in the body; an empty body is an empty object."""
    content = orjson.loads(await request.read() or b"{}")
    if not isinstance(content, dict):
        raise ControlError("write a JSON object")
    return content


def arguments(function: Callable[..., Any], content: Json, *given: str) -> Json:
    """The content as arguments of a function. Raises ControlError that names what is wrong."""
    parameters = {
        name: parameter
        for name, parameter in inspect.signature(function).parameters.items()
        if name not in given
    }
    unknown = content.keys() - parameters.keys()
    missing = {
        name
        for name, parameter in parameters.items()
        if parameter.default is inspect.Parameter.empty and name not in content
    }
    if unknown or missing:
        raise ControlError(
            f"unknown: {', '.join(sorted(unknown)) or 'none'}; "
            f"missing: {', '.join(sorted(missing)) or 'none'}; known: {', '.join(parameters)}"
        )
    return content


def seconds_of(query: Mapping[str, str]) -> float:
    """How long a request waits."""
    return max(0.0, min(LONGEST_WAIT, float(query.get("timeout", 0))))


async def wait_for(
    request: web.Request, chat: Chat, look: Callable[[], Json | None]
) -> web.Response:
    """Answers with what `look` finds, now or after an event; 408 with the chat if it does not."""
    with chat.watch() as queue:
        try:
            async with asyncio.timeout(seconds_of(request.query)):
                while (found := look()) is None:
                    if (await queue.get())["event"] == "stop":
                        raise ControlError("the sandbox stops", HTTPStatus.SERVICE_UNAVAILABLE)
        except TimeoutError:
            return answer({"error": "timeout", "messages": chat.view()}, 408)
    return answer(found)
