"""A story as the code of a test for the pytest plugin."""

from __future__ import annotations

from collections.abc import Callable

from sandbox.saving.deeds import Deeds
from sandbox.saving.words import checks, literal, references, slug, things
from sandbox.summary import is_service
from sandbox.world.events import Json

COUNTED = {"poll", "checklist"}
"""What people change, and a message of it with them."""


class Script(Deeds):
    """Writes one test, entry after entry."""

    def write(self, entries: list[Json]) -> str:
        """The whole module."""
        for user_id, user in self.people.items():
            self.people_names[user_id] = self.name(user["first_name"] or "somebody")
        referred = set(references(entries))
        skip = False
        for entry, following in zip(entries, [*entries[1:], None], strict=True):
            if skip:
                skip = False
            elif entry["event"] == "deed":
                skip = self.do(entry, following, referred)
            else:
                self.answer(entry, referred, self.reader())
        return self.module()

    def module(self) -> str:
        """The lines below what they need."""
        if self.title and self.open_bots:
            self.needs.add("Telegram")
        fixtures = ["user: NewUser"]
        imports = {"NewUser"} | (self.needs & {"Refused", "Telegram"})
        if self.title:
            fixtures.append("chat: NewChat")
            imports.add("NewChat")
        if "Telegram" in self.needs:
            fixtures.append("telegram: Telegram")
        head = [f"# {note}" for note in dict.fromkeys(self.notes)]
        if "Path" in self.needs:
            head += ["from pathlib import Path", ""]
        if "Refused" in self.needs:
            head += ["import pytest", ""]
        head += [f"from sandbox.testing import {', '.join(sorted(imports))}", "", ""]
        about = self.title or " and ".join(
            [*(user["first_name"] for user in self.people.values()), *self.bots.values()]
        )
        head.append(f"async def test_{slug(about) or 'a_chat'}({', '.join(fixtures)}) -> None:")
        body = [*self.beginning(), *self.lines]
        return "\n".join([*head, *(f"    {line}" for line in body)]) + "\n"

    def beginning(self) -> list[str]:
        """Who is there."""
        made = []
        for user_id, user in self.people.items():
            about = {name: user.get(name) for name in ("last_name", "username", "language_code")}
            if about["language_code"] == "en":
                del about["language_code"]
            given = [f"{name}={literal(value)}" for name, value in about.items() if value]
            if self.bots:
                given.insert(0, f"bot={literal(next(iter(self.bots.values())))}")
            called = ", ".join([literal(user["first_name"]), *given])
            made.append(f"{self.people_names[user_id]} = user({called})")
        if self.title:
            members = ", ".join([literal(self.title), *self.people_names.values()])
            bots = ", ".join(map(literal, self.bots.values()))
            made.append(f"team = await chat({members}, bots=[{bots}])")
            made += [
                f"await telegram.privacy(on=False, bot={literal(bot)})" for bot in self.open_bots
            ]
        return made

    # What people do

    def do(self, deed: Json, following: Json | None, referred: set[int]) -> bool:
        """Write what somebody did. Returns whether the bot's answer is written, too."""
        arguments, result = deed["arguments"], deed["result"]
        who = self.people_names.get(arguments.get("user_id", 7), self.reader())
        write: Callable[[str, Json, Json], None] | None = getattr(
            self, f"do_{deed['command']}", None
        )
        if deed["command"] == "send":
            return self.send(who, deed, following, referred)
        if write is None:
            self.notes.append(f"Left out: {deed['command']}")
        else:
            write(who, arguments, result)
        return False

    def send(self, who: str, deed: Json, following: Json | None, referred: set[int]) -> bool:
        arguments, message = deed["arguments"], deed["result"]["message"]
        message_id = message["message_id"]
        self.raw[message_id] = message
        given, outside = things(arguments, message, self.files, self.people_names)
        if outside:
            self.needs.add("Path")
            self.notes.append(f"Put {outside} beside this file.")
        if self.title:
            given.append("to=team")
        if arguments.get("thread_id"):
            self.notes.append("Left out: that it was in a topic.")
        if reply_to := self.names.get(arguments.get("reply_to") or 0):
            given.append(f"reply_to={reply_to}")
        called = ", ".join(given)
        asks = (
            following is not None
            and following["event"] == "message"
            and message_id not in referred
            and not is_service(following["message"])
            and (not self.title or following["bot_id"] == next(iter(self.bots)))
        )
        if asks and following is not None:
            said = arguments.get("text") or ""
            about = said.removeprefix("/").split("@")[0] if said.startswith("/") else "reply"
            self.hear(following, referred, f"await {who}.ask({called})", about)
        elif message_id in referred:
            name = self.names[message_id] = self.name("sent")
            self.put(f"{name} = await {who}.send({called})")
        else:
            self.put(f"await {who}.send({called})")
        return asks

    # What bots answer

    def answer(self, entry: Json, referred: set[int], reader: str) -> None:
        """Write what a bot did."""
        kind = entry["event"]
        if kind == "message" and not is_service(entry["message"]):
            at = ""
            if self.title and entry["bot_id"] != next(iter(self.bots)):
                at = f".at({literal(self.bots.get(entry['bot_id'], 'unknown'))})"
            self.hear(entry, referred, f"await {reader}{at}.reply({self.here()})", "reply")
        elif kind == "edit" and not COUNTED & entry["message"].keys():
            message_id = entry["message"]["message_id"]
            if name := self.names.get(message_id):
                self.put(f"{name} = await {name}.edited()")
                self.raw[message_id] = entry["message"]
                self.check(name, entry["message"])
        elif kind == "delete" and (name := self.names.get(entry["message_id"])):
            self.put(f"await {name}.deleted()")
        elif kind == "callback_answer" and entry["text"]:
            who = self.people_names.get(entry["user_id"], reader)
            text = literal(entry["text"])
            self.put(f"assert (await {who}.notice()).text == {text}")

    def hear(self, entry: Json, referred: set[int], heard: str, about: str) -> None:
        """A message of a bot, which `heard` gives."""
        message = entry["message"]
        message_id = message["message_id"]
        self.raw[message_id] = message
        found = checks(message)
        if len(found) == 1 and message_id not in referred:
            self.put(f"assert {self.checked(f'({heard})', *found[0])}")
            return
        name = self.names[message_id] = self.name(about)
        self.put(f"{name} = {heard}")
        self.check(name, message)
