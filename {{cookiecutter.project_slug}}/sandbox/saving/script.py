"""A story as the code of a test for the pytest plugin."""

from __future__ import annotations

import keyword
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sandbox.saving.words import (
    checks,
    is_service,
    label_of,
    literal,
    references,
    said,
    slug,
    things,
)
from sandbox.world.events import Json
from sandbox.world.files import Files

TAKEN = {"user", "chat", "telegram", "team", "offered", "Path", "pytest", "Refused"}
"""Names that mean something in a test."""


@dataclass
class Script:
    """Writes one test, entry after entry."""

    chat: str
    """The key of the chat that it is about."""
    title: str
    """Of a group; empty for a private chat."""
    people: Mapping[int, Json]
    """Users by id, who are in the chat."""
    bots: Mapping[int, str]
    """What tests call the bots in the chat, by id."""
    files: Files
    lines: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """What is to be done before it can run."""
    needs: set[str] = field(default_factory=set)
    """Names that are used and to be imported."""
    raw: dict[int, Json] = field(default_factory=dict)
    """Messages as they are now."""
    names: dict[int, str] = field(default_factory=dict)
    """Of variables with a message."""
    people_names: dict[int, str] = field(default_factory=dict)
    used: set[str] = field(default_factory=lambda: TAKEN | set(keyword.kwlist))
    queries: dict[str, Json] = field(default_factory=dict)
    """Inline queries that were answered."""

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
        fixtures = ["user: NewUser"]
        imports = {"NewUser"} | (self.needs & {"Refused"})
        if self.title:
            fixtures.append("chat: NewChat")
            imports.add("NewChat")
        head = [f"# {note}" for note in self.notes]
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
            self.notes.append(f"Left out, as the plugin has no word for it: {deed['command']}")
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

    def do_press(self, who: str, arguments: Json, _: Json) -> None:
        message_id = arguments["message_id"]
        if message := self.names.get(message_id):
            label = literal(label_of(self.raw[message_id], arguments["data"]))
            alone = f"await {message}.click({label})"
            self.put(f"await {who}.click({message}, {label})" if self.title else alone)

    def do_edit(self, who: str, arguments: Json, _: Json) -> None:
        self.on_message(who, "edit", arguments, literal(arguments["text"]))

    def do_react(self, who: str, arguments: Json, _: Json) -> None:
        emoji = arguments.get("emoji")
        self.on_message(who, "react", arguments, literal(emoji) if emoji else "None")

    def do_vote(self, who: str, arguments: Json, _: Json) -> None:
        options = self.raw.get(arguments["message_id"], {}).get("poll", {}).get("options", [])
        chosen = [literal(options[one]["text"]) for one in arguments["option_ids"] if options]
        self.on_message(who, "vote", arguments, *chosen)

    def do_pay(self, who: str, arguments: Json, result: Json) -> None:
        if not result["ok"]:
            self.needs.add("Refused")
            self.put(f"with pytest.raises(Refused, match={literal(result['error_message'])}):")
        self.on_message(who, "pay", arguments, indent="" if result["ok"] else "    ")

    def on_message(
        self, who: str, verb: str, arguments: Json, *given: str, indent: str = ""
    ) -> None:
        """Something that somebody does with a message."""
        if message := self.names.get(arguments["message_id"]):
            self.put(f"{indent}await {who}.{verb}({', '.join([message, *given])})")

    def do_inline_query(self, _: str, arguments: Json, result: Json) -> None:
        self.queries[result["query_id"]] = arguments | result

    def do_choose(self, who: str, arguments: Json, result: Json) -> None:
        query = self.queries.get(arguments["query_id"])
        if query is None:
            return
        ids = [one["id"] for one in query["results"]]
        where = ", to=team" if self.title else ""
        at = ids.index(arguments["result_id"])
        self.put(f"offered = await {who}.inline({literal(query['query'])}{where})")
        message_id = result["message"]["message_id"]
        name = self.names[message_id] = self.name("chosen")
        self.raw[message_id] = result["message"]
        self.put(f"{name} = await offered[{at}].choose()")

    def do_block(self, who: str, arguments: Json, _: Json) -> None:
        self.put(f"await {who}.{'block' if arguments['blocked'] else 'unblock'}()")

    def do_create_group(self, *_: object) -> None:
        """It is what the test begins with."""

    def do_add_member(self, _: str, arguments: Json, __: Json) -> None:
        self.put(f"await team.add({self.member(arguments['member_id'])})")

    def do_remove_member(self, _: str, arguments: Json, __: Json) -> None:
        self.put(f"await team.remove({self.member(arguments['member_id'])})")

    def do_promote(self, _: str, arguments: Json, __: Json) -> None:
        if arguments.get("status", "administrator") == "administrator":
            self.put(f"await team.promote({self.member(arguments['member_id'])})")

    # What bots answer

    def answer(self, entry: Json, referred: set[int], reader: str) -> None:
        """Write what a bot did."""
        kind = entry["event"]
        if kind == "message" and not is_service(entry["message"]):
            at = ""
            if self.title and entry["bot_id"] != next(iter(self.bots)):
                at = f".at({literal(self.bots.get(entry['bot_id'], 'unknown'))})"
            self.hear(entry, referred, f"await {reader}{at}.reply({self.here()})", "reply")
        elif kind == "edit" and "poll" not in entry["message"]:
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

    def check(self, name: str, message: Json) -> None:
        for one in checks(message):
            self.put(f"assert {self.checked(name, *one)}")

    def checked(self, message: str, name: str, value: object) -> str:
        """An expression that is true if a message is as it was."""
        if name == "in":
            return f'"{value}" in {message}.raw'
        if name == "message_id":
            return f"{message}.message_id"
        if isinstance(value, list):
            return f"{message}.buttons == [{', '.join(map(literal, value))}]"
        return f"{message}.{name} == {said(str(value), self.people_names, split=True)}"

    # Names

    def reader(self) -> str:
        """Who looks at what the bots say."""
        return next(iter(self.people_names.values()), "somebody")

    def here(self) -> str:
        return "team" if self.title else ""

    def member(self, member_id: int) -> str:
        return self.people_names.get(member_id) or literal(self.bots.get(member_id, "unknown"))

    def name(self, wanted: str) -> str:
        """A name for a variable that is not used yet."""
        base = slug(wanted) or "somebody"
        number, name = 1, base
        while name in self.used:
            number += 1
            name = f"{base}_{number}"
        self.used.add(name)
        return name

    def put(self, line: str) -> None:
        """A line of the test."""
        self.lines.append(line)
