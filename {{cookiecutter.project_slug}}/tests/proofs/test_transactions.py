"""A turn is a transaction, against a model: all that it changes changes with its end, or nothing.

Nobody's handler runs here: the calls are those that a worker makes. Each run prints its seed;
CHAOS_SEED repeats it, CHAOS_ROUNDS sets how many there are.
"""

import os
import random
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

import orjson
import pytest
from redis.asyncio import Redis

from fleet.inbox import EndedTurn, Outcome, Turn
from fleet.inbox.timers import TimerBook
from fleet.overlay import StateWrite, TimerWrite
from fleet.redis.keys import PREFIX
from fleet.shards.shard import key_of_shard
from tests.proofs.mail import text
from tests.proofs.replica import Clock, Replica, name, silence

SEED = int(os.environ.get("CHAOS_SEED") or random.SystemRandom().randrange(10**6))
ROUNDS = int(os.environ.get("CHAOS_ROUNDS") or 3)
STEPS = 300
BOT = 1
CONVERSATIONS = [name(BOT, user) for user in (7, 8, 9)]
NAMES = ["nudge", "nudge two", "größe"]
FAR = 4102444800000
"""Milliseconds of Unix time: 2100."""

Entry = tuple[str, Any]
"""`mail` and the id of an update, or `timer` and what its turn gets."""


@dataclass
class Model:
    boxes: defaultdict[str, list[Entry]] = field(default_factory=lambda: defaultdict(list))
    timers: defaultdict[str, dict[str, tuple[int, bytes]]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    """Conversation → name → when it is due, and what its turn gets; fired, it is due at -1."""
    notes: defaultdict[str, dict[bytes, bytes]] = field(default_factory=lambda: defaultdict(dict))
    tries: dict[str, tuple[int, int]] = field(default_factory=dict)
    states: dict[str, bytes] = field(default_factory=dict)
    letters: int = 0

    def set_timer(self, write: TimerWrite, *, in_hand: bool) -> None:
        kept = self.timers[write.conversation].pop(write.name, None)
        if kept and kept[0] == -1:
            box, entry = self.boxes[write.conversation], ("timer", kept[1])
            if entry in box and not (in_hand and box[0] == entry):
                if box[0] == entry:
                    self.forget(write.conversation)
                box.remove(entry)
        if write.due_ms is not None:
            self.timers[write.conversation][write.name] = (write.due_ms, write.json)

    def fire(self) -> None:
        due = [
            (when, f"{conversation} {timer}".encode(), conversation, timer, json)
            for conversation, timers in self.timers.items()
            for timer, (when, json) in timers.items()
            if 0 <= when < FAR
        ]
        for _, _, conversation, timer, json in sorted(due):
            self.timers[conversation][timer] = (-1, json)
            self.boxes[conversation].append(("timer", json))

    def end(self, ended: EndedTurn) -> None:
        conversation = ended.turn.conversation
        for state in ended.writes:
            self.states.pop(state.key, None)
            if state.value is not None:
                self.states[state.key] = state.value
        if ended.outcome is Outcome.BACK:
            self.tries[conversation] = ended.turn.deaths, ended.turn.backs + 1
            return
        kind, what = self.boxes[conversation].pop(0)
        self.forget(conversation)
        self.letters += ended.outcome is Outcome.DEAD
        if kind == "timer":
            own = self.timers[conversation]
            for fired in [timer for timer, kept in own.items() if kept == (-1, what)]:
                del own[fired]
        for write in ended.timers:
            self.set_timer(write, in_hand=False)

    def forget(self, conversation: str) -> None:
        self.tries.pop(conversation, None)
        self.notes.pop(conversation, None)


class Life:
    """Replicas that hold the only shard one after the other, and the model."""

    def __init__(self, redis: Redis, clock: Clock, dice: random.Random) -> None:
        self.redis, self.clock, self.dice = redis, clock, dice
        self.model = Model()
        self.book = TimerBook(redis, 1)
        self.hands: dict[str, Turn] = {}
        self.numbers = iter(range(1, 10**6))
        self.replica = Replica(redis, "replica-0")

    async def step(self) -> None:
        steps = [self.put, self.begin, self.begin, self.note, self.end, self.end, self.fire]
        steps += [self.order] * 2 + [self.die] * (self.dice.random() < 0.2)
        await self.dice.choice(steps)()

    async def put(self) -> None:
        number, user = next(self.numbers), self.dice.choice((7, 8, 9))
        await self.replica.inbox.put(BOT, [text(number, user=user)])
        self.model.boxes[name(BOT, user)].append(("mail", number))

    async def begin(self) -> None:
        conversation = self.dice.choice(CONVERSATIONS)
        if conversation in self.hands:
            return
        done = await self.replica.work(begin=[conversation])
        assert done
        box = self.model.boxes[conversation]
        [turn] = done.begun
        if not box:
            assert turn is None
            return
        assert isinstance(turn, Turn)
        kind, what = box[0]
        if kind == "mail":
            assert turn.update_id == what
        else:
            assert turn.update_id < 0
            assert turn.update == what
        assert (turn.deaths, turn.backs) == self.model.tries.get(conversation, (0, 0))
        assert turn.noted == self.model.notes.get(conversation, {})
        self.hands[conversation] = turn

    async def note(self) -> None:
        if not self.hands:
            return
        conversation, turn = self.dice.choice(sorted(self.hands.items(), key=lambda one: one[0]))
        turn.notes = [(b"%d" % next(self.numbers), b"\x00{}") for _ in range(3)]
        await self.replica.work(notes=[turn])
        self.model.notes[conversation].update(turn.notes)

    async def end(self) -> None:
        if not self.hands:
            return
        conversation, turn = self.dice.choice(sorted(self.hands.items(), key=lambda one: one[0]))
        ended = EndedTurn(turn, self.dice.choice([*Outcome, Outcome.DONE]))
        if ended.outcome is not Outcome.BACK:
            value = self.dice.choice([b"one", b"two", None])
            ended.writes = [StateWrite(f"fsm:{conversation}", value, None, BOT, 7)]
            ended.timers = [self.a_timer(conversation) for _ in range(self.dice.randrange(3))]
            names = {timer.name: timer for timer in ended.timers}
            ended.timers = list(names.values())
        for _ in range(self.dice.randrange(1, 3)):  # a second time it does nothing
            await self.replica.work(ended)
        del self.hands[conversation]
        self.model.end(ended)

    async def order(self) -> None:
        """Set or cancel one from outside."""
        write = self.a_timer(self.dice.choice(CONVERSATIONS))
        was_there = write.name in self.model.timers[write.conversation]
        assert await self.book.write(write) is was_there
        self.model.set_timer(write, in_hand=write.conversation in self.hands)

    def a_timer(self, conversation: str) -> TimerWrite:
        timer, number = self.dice.choice(NAMES), next(self.numbers)
        due = self.dice.choice([number, number, FAR + number, None])
        return TimerWrite(conversation, timer, due, b'{"timer":{"n":%d}}' % number)

    async def fire(self) -> None:
        done = await self.replica.work(look=True)
        assert done
        self.model.fire()
        left = [due for timers in self.model.timers.values() for due, _ in timers.values()]
        assert (done.due_in is not None) is any(due >= FAR for due in left)

    async def die(self) -> None:
        """What it had in hand is begun again by the next one."""
        self.replica = Replica(self.redis, f"replica-{next(self.numbers)}")
        await silence(self.clock, 30, [self.replica])
        for conversation in self.hands:
            deaths, backs = self.model.tries.get(conversation, (0, 0))
            self.model.tries[conversation] = deaths + 1, backs
        self.hands.clear()

    async def check(self) -> None:
        model, key = self.model, key_of_shard(PREFIX, self.replica.held.shard)
        for conversation in CONVERSATIONS:
            box = await self.redis.execute_command("LRANGE", f"{key}mail:{conversation}", 0, -1)
            entries = [entry.partition(b" ") for entry in box]
            found: list[Entry] = [
                ("timer", json) if head.startswith(b"-") else ("mail", orjson.loads(head))
                for head, _, json in entries
            ]
            assert found == model.boxes[conversation]
            kept = {timer: json for timer, (_, json) in model.timers[conversation].items()}
            assert await self.book.of(conversation) == kept
            assert await self.redis.get(f"fsm:{conversation}") == model.states.get(
                f"fsm:{conversation}"
            )
        waiting = sum(map(len, model.boxes.values()))
        assert await self.replica.inbox.sizes() == ({BOT: waiting} if waiting else {})
        with_mail = {conversation for conversation, box in model.boxes.items() if box}
        assert set(await self.replica.waiting(BOT)) == with_mail
        assert await self.replica.inbox.letters.count() == model.letters
        coming = [
            (conversation, timer)
            for conversation, timers in model.timers.items()
            for timer, (due, _) in timers.items()
            if due >= 0
        ]
        timers = [(timer.conversation, timer.name) async for timer in self.book.all()]
        assert sorted(timers) == sorted(coming)


# Not by the seed itself: each of several processes of pytest has another one.
@pytest.mark.parametrize("number", range(ROUNDS))
async def test_states_notes_and_timers_are_as_the_model_says(
    redis: Redis, clock: Clock, number: int
) -> None:
    seed = SEED + number
    print(f"CHAOS_SEED={seed} CHAOS_ROUNDS=1")  # noqa: T201 - to repeat it by
    life = Life(redis, clock, random.Random(seed))  # noqa: S311 - no secret
    await life.replica.look()
    for _ in range(STEPS):
        await life.step()
        await life.check()
