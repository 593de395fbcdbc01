"""Several replicas beside a model of a few lists: whatever happens, in any order, they agree.

Calls get lost, or arrive when nobody waits for them any more; replicas fall silent, and wake as if
nothing had been. Hypothesis prints the steps, and how to repeat them, when they do not agree.
"""

import asyncio
from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from fleet.inbox import Inbox, Outcome, Turn
from fleet.redis.keys import PREFIX
from fleet.shards.beats import DEAD_AFTER
from fleet.shards.shard import key_of_shard
from tests.proofs.crowd import BOTS, Crowd, Member
from tests.proofs.inbox_model import SHARDS, bot_of
from tests.proofs.mail import DOCUMENTED_KEYS, KEYS_OF_AN_EMPTY_INBOX
from tests.proofs.replica import STEP, Clock

USERS = range(1, 6)
MOST = 4
"""Replicas."""

FAULTS = st.sampled_from(["", "", "", "reply lost", "kept back"])
WHICH = st.integers(0, MOST - 1)
PART = st.floats(0, 1)
BATCHES = st.lists(st.tuples(st.integers(1, 60), st.sampled_from(USERS)), max_size=6)
ENDS = st.lists(st.tuples(PART, st.sampled_from(list(Outcome))), max_size=4)
BEGINS = st.integers(0, 6)


class Machine(RuleBasedStateMachine):
    """The rules do the same to Redis and to the model; the invariants compare them."""

    url: str
    clock: Clock

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.crowd = Crowd(self.url, self.clock)
        self.model = self.crowd.model
        self.letters: dict[str, tuple[str, int]] = {}
        self.dropped: set[Turn] = set()
        self.run(self._begin())

    def run(self, work: Any) -> Any:
        return self.runner.run(work)

    async def _begin(self) -> None:
        await self.crowd.redis.flushdb()
        await self.crowd.join()
        [member] = self.crowd.members
        # From here on all scripts are known to Redis: none is sent twice.
        await self.crowd.give(member, list(member.held.values()), "")
        await self.crowd.look(member)
        await self.crowd.work(member, [], 0, "")

    def teardown(self) -> None:
        try:
            self.run(self._empty())
        finally:
            self.run(self.crowd.close())
            self.runner.close()

    # What happens

    @rule()
    @precondition(lambda self: len(self.crowd.members) < MOST)
    def join(self) -> None:
        self.run(self.crowd.join())

    @rule(which=WHICH, seconds=st.integers(0, 5))
    def look(self, which: int, seconds: int) -> None:
        self.crowd.clock.now += seconds
        self.run(self.crowd.look(self._member(which)))

    @rule(which=WHICH, wakes=st.booleans())
    @precondition(lambda self: len(self.crowd.members) > 1)
    def fall_silent(self, which: int, *, wakes: bool) -> None:
        """Others take over from one that is dead, or was paused and knows nothing of it."""
        member = self._member(which)
        self.crowd.members.remove(member)
        self.run(self.crowd.let_pass(DEAD_AFTER + 3 * STEP))
        if wakes:
            self.crowd.members.append(member)

    @rule(which=WHICH)
    @precondition(lambda self: len(self.crowd.members) > 1)
    def leave(self, which: int) -> None:
        member = self._member(which)
        if not member.busy:
            member.replica.holder.leave_soon()
            self.run(self.crowd.give(member, list(member.held.values()), ""))
            self.run(member.replica.holder.leave())
            self.crowd.members.remove(member)

    @rule(which=WHICH, fault=FAULTS, is_closed=st.booleans())
    def give(self, which: int, fault: str, *, is_closed: bool) -> None:
        self.run(self.crowd.give_idle(self._member(which), fault, is_closed=is_closed))

    @rule(
        which=WHICH,
        bot=st.sampled_from(BOTS),
        batch=BATCHES,
        places=st.integers(0, 2),
        fault=FAULTS,
    )
    def put(
        self, which: int, bot: int, batch: list[tuple[int, int]], places: int, fault: str
    ) -> None:
        self.run(self.crowd.put(self._member(which), bot, batch, places, fault))

    @rule(which=WHICH, ends=ENDS, begins=BEGINS, fault=FAULTS)
    def work(self, which: int, ends: list[tuple[float, Outcome]], begins: int, fault: str) -> None:
        self.run(self.crowd.work(self._member(which), ends, begins, fault))

    @rule(which=WHICH, bot=st.sampled_from(BOTS), batch=BATCHES, ends=ENDS, begins=BEGINS)
    def go_on(
        self,
        which: int,
        bot: int,
        batch: list[tuple[int, int]],
        ends: list[tuple[float, Outcome]],
        begins: int,
    ) -> None:
        """What happens most: something enters, and all do their work."""
        self.run(self.crowd.put(self._member(which), bot, batch, 1, ""))
        for member in list(self.crowd.members):
            self.run(self.crowd.look(member))
            self.run(self.crowd.work(member, ends, begins, ""))

    @rule(which=WHICH, ends=ENDS, begins=BEGINS, after=st.integers(0, 2))
    def overtake(
        self, which: int, ends: list[tuple[float, Outcome]], begins: int, after: int
    ) -> None:
        self.run(self.crowd.overtake(self._member(which), ends, begins, after))

    @rule(which=WHICH, user=st.sampled_from(USERS), enters=st.booleans(), takes=st.booleans())
    def take_again(self, which: int, user: int, *, enters: bool, takes: bool) -> None:
        self.run(self.crowd.take_again(self._member(which), user if enters else None, takes=takes))

    @rule(place=PART)
    @precondition(lambda self: self.crowd.late)
    def arrive_late(self, place: float) -> None:
        self.run(self.crowd.arrive_late(place))

    @rule(bot=st.sampled_from(BOTS), in_hand=st.booleans())
    def drop_waiting(self, bot: int, *, in_hand: bool) -> None:
        if in_hand:
            for member in self.crowd.members:
                self.dropped.update(member.hands.values())
        # Not a replica: it would look again then how much room there is.
        dropped = Inbox(self.crowd.redis, shards=SHARDS).drop_waiting(bot, in_hand=in_hand)
        assert self.run(dropped) == (self.model.drop(bot, in_hand=in_hand), 0)

    @rule(which=WHICH, place=PART)
    @precondition(lambda self: self.letters)
    def replay(self, which: int, place: float) -> None:
        letter_id = list(self.letters)[int(place * (len(self.letters) - 1))]
        assert self.run(self._member(which).replica.inbox.letters.replay(letter_id))
        self.model.replay(*self.letters[letter_id])

    # What must be so

    @invariant()
    def they_agree(self) -> None:
        self.run(self._compare())

    async def _compare(self) -> None:
        async with self.crowd.redis.pipeline(transaction=False) as pipe:
            pipe.keys(PREFIX + "{*")
            for shard in range(SHARDS):
                base = key_of_shard(PREFIX, shard)
                pipe.hmget(base + "shard", ["holder", "epoch", "call"])
                for name in ("begun", "tries", "waiting"):
                    pipe.hgetall(base + name)
                pipe.zrange(base + "news", 0, -1)
                for bot in BOTS:
                    pipe.zrange(f"{base}ready:{bot}", 0, -1)
                for conversation in self.crowd.mail_of(shard):
                    pipe.lrange(f"{base}mail:{conversation}", 0, -1)
            found, *answers = await pipe.execute()
        keys = [key.decode().partition("}:")[2] for key in found]
        names = [key_of_shard(PREFIX, 0, key) for key in keys if key != "shard"]
        assert [name for name in names if not DOCUMENTED_KEYS.fullmatch(name)] == []
        assert sum(key.startswith("mail:") for key in keys) == len(self.model.with_mail())
        for shard in range(SHARDS):
            mail = self.crowd.mail_of(shard)
            count = 5 + len(BOTS) + len(mail)
            self._compare_shard(shard, mail, answers[:count])
            del answers[:count]
        listed = [letter async for letter in self.crowd.members[0].replica.inbox.letters.all()]
        self.letters = {one.id: (one.conversation, one.update["update_id"]) for one in listed}
        assert Counter(self.letters.values()) == self.model.letters
        assert await self.crowd.members[0].replica.inbox.dropped() == self.model.dropped

    def _compare_shard(self, shard: int, mail: list[str], answers: list[Any]) -> None:
        (holder, *numbers), begun, tries, waiting, news, *lists = answers
        queues, boxes = lists[: len(BOTS)], lists[len(BOTS) :]
        model, record = self.model, self.model.records[shard]
        assert (holder or b"").decode() == record.holder
        assert [int(number or 0) for number in numbers] == [record.epoch, record.call]
        assert sorted(name.decode() for queue in queues for name in queue) == sorted(mail)
        for conversation, box in zip(mail, boxes, strict=True):
            assert [int(update.split()[0]) for update in box] == model.boxes[conversation]
        counts = Counter(bot_of(name) for name in mail for _ in model.boxes[name])
        counted = {name.decode(): int(count) for name, count in waiting.items()}
        everything = {"all": counts.total()} if counts else {}
        assert counted == {str(bot): count for bot, count in counts.items()} | everything
        in_hand = {name.decode(): int(update_id) for name, update_id in begun.items()}
        assert in_hand == {name: model.begun[name] for name in model.of_shard(model.begun, shard)}
        tried = {name.decode(): tuple(map(int, one.split()[:2])) for name, one in tries.items()}
        assert tried == {name: model.tries[name] for name in model.of_shard(model.tries, shard)}
        self._check_holder(shard, {name.decode() for name in news})

    def _check_holder(self, shard: int, news: set[str]) -> None:
        for member in self.crowd.members:
            held = member.held.get(shard)
            if held and self.model.is_holder(member.replica.name, shard, held.epoch):
                known = member.known | member.busy | news
                assert set(self.crowd.mail_of(shard)) <= known, "none is forgotten"
                for turn in member.hands.values():
                    if turn.shard == shard and turn not in self.dropped:
                        assert self.model.begun[turn.conversation] == turn.update_id

    async def _empty(self) -> None:
        """Whatever was done, everything that waits has its turn, and then nothing is left."""
        while self.crowd.late:
            await self.crowd.arrive_late(0)
        self.crowd.members.clear()
        await self.crowd.join()
        await self.crowd.let_pass(DEAD_AFTER + 3 * STEP)
        [heir] = self.crowd.members
        assert len(heir.held) == SHARDS
        while self.model.with_mail():
            await self.crowd.work(heir, [], 100, "")
            assert heir.hands
            await self.crowd.work(heir, [(0, Outcome.DONE)] * len(heir.hands), 0, "")
        await self.crowd.work(heir, [], 0, "")
        await self._compare()
        keys = [key.decode() for key in await self.crowd.redis.keys(PREFIX + "{*")]
        left = [key for key in keys if not KEYS_OF_AN_EMPTY_INBOX.fullmatch(key)]
        assert [key for key in left if not key.endswith(":shard")] == []

    # Helpers

    def _member(self, which: int) -> Member:
        return self.crowd.members[which % len(self.crowd.members)]


QUICK = settings(
    max_examples=60,
    stateful_step_count=40,
    # To find the shortest steps to a fault takes minutes: that is for the soak.
    phases=[Phase.generate],
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)


def compare(url: str, clock: Clock, how: settings) -> None:
    machine = type("MachineOnRedis", (Machine,), {"url": url, "clock": clock})
    run_state_machine_as_test(machine, settings=how)


def test_the_inbox_agrees_with_its_model(clean_redis: str, clock: Clock) -> None:
    compare(clean_redis, clock, QUICK)


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_the_inbox_agrees_with_its_model_for_long(clean_redis: str, clock: Clock) -> None:
    thorough = settings(
        QUICK,
        max_examples=1000,
        stateful_step_count=100,
        phases=[Phase.generate, Phase.shrink],
        # Other steps each time: this is where new faults are looked for.
        derandomize=False,
        database=None,
    )
    compare(clean_redis, clock, thorough)
