"""What people do, in words of the plugin: a method for each command of the control API."""

from __future__ import annotations

from sandbox.saving.sheet import Sheet
from sandbox.saving.words import label_of, literal
from sandbox.world.events import Json

UNITS = {"days": 86400, "hours": 3600, "minutes": 60, "seconds": 1}


class Deeds(Sheet):
    """Each method has who does it, the arguments of the command, and its answer."""

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

    def do_tick(self, who: str, arguments: Json, _: Json) -> None:
        tasks = self.raw.get(arguments["message_id"], {}).get("checklist", {}).get("tasks", [])
        texts = [literal(one["text"]) for one in tasks if one["id"] in arguments["task_ids"]]
        undone = [] if arguments.get("done", True) else ["done=False"]
        self.on_message(who, "tick", arguments, *texts, *undone)

    def do_add_tasks(self, who: str, arguments: Json, result: Json) -> None:
        self.on_message(who, "add_tasks", arguments, *map(literal, arguments["texts"]))
        message = self.raw.get(arguments["message_id"])
        if message:
            added = result["message"]["checklist_tasks_added"]["tasks"]
            tasks = [*message["checklist"]["tasks"], *added]
            checklist = message["checklist"] | {"tasks": tasks}
            self.raw[arguments["message_id"]] = message | {"checklist": checklist}

    def do_pay(self, who: str, arguments: Json, result: Json) -> None:
        if "link" in arguments:
            self.notes.append("Left out: a payment by a link, which is another one each time.")
            return
        if not result["ok"]:
            self.needs.add("Refused")
            self.put(f"with pytest.raises(Refused, match={literal(result['error_message'])}):")
        way = arguments.get("shipping_option", {}).get("id") or arguments.get("shipping_option_id")
        info = arguments.get("order_info")
        given = [f"shipping={literal(way)}"] if way else []
        given += [f"order_info={info!r}"] if info else []
        self.on_message(who, "pay", arguments, *given, indent="" if result["ok"] else "    ")

    def do_buy_media(self, who: str, arguments: Json, _: Json) -> None:
        self.on_message(who, "buy", arguments)

    def do_play(self, who: str, arguments: Json, _: Json) -> None:
        self.on_message(who, "play", arguments)

    def do_open_app(self, who: str, arguments: Json, _: Json) -> None:
        if "message_id" not in arguments:
            self.put(f"await {who}.open_app()")
            return
        label = arguments.get("button")
        self.on_message(who, "open_app", arguments, *([literal(label)] if label else []))

    def do_send_app_data(self, who: str, arguments: Json, _: Json) -> None:
        given = [literal(arguments[name]) for name in ("data", "button") if name in arguments]
        self.on_message(who, "send_app_data", arguments, *given)

    def do_create_managed_bot(self, who: str, arguments: Json, _: Json) -> None:
        given = [
            f"{name}={literal(arguments[name])}"
            for name in ("name", "username")
            if name in arguments
        ]
        by_link = ["by_link=True"] if arguments.get("by_link") else []
        self.put(f"await {who}.create_bot({', '.join([*given, *by_link])})")

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

    def do_advance(self, _: str, arguments: Json, __: Json) -> None:
        seconds = arguments["seconds"]
        unit = next((one for one, size in UNITS.items() if seconds % size == 0), "seconds")
        self.needs.add("Telegram")
        self.put(f"await telegram.advance({unit}={seconds / UNITS[unit]:g})")

    def on_message(
        self, who: str, verb: str, arguments: Json, *given: str, indent: str = ""
    ) -> None:
        """Something that somebody does with a message."""
        if message := self.names.get(arguments["message_id"]):
            self.put(f"{indent}await {who}.{verb}({', '.join([message, *given])})")
