"""The inbox beside a model of a few lists: whatever is done to it, in any order, they agree.

Hypothesis prints the steps, and how to repeat them, when they do not.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from redis.asyncio import Redis

from fleet.inbox import EndedTurn, Inbox, InboxFull, Outcome, Turn, conversation_of
from fleet.redis.keys import PREFIX
from tests.proofs.mail import DOCUMENTED_KEYS, KEYS_OF_AN_EMPTY_INBOX, text

BOTS = (1, 2, 3)
USERS = st.integers(1, 4)
LIMIT, LIMIT_PER_BOT, MAX_ATTEMPTS = 30, 14, 3
LONG = 1e6
"""Seconds. No time passes here unless the test says so."""

Ends = list[tuple[float, Outcome]]
ENDS = st.lists(st.tuples(st.floats(0, 1), st.sampled_from(list(Outcome))), max_size=4)
SKIPPED = st.sets(st.sampled_from(BOTS), max_size=2)


class Model(RuleBasedStateMachine):
    """The rules do the same to the inbox and to the lists; the invariants compare them."""

    url: str

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.redis = Redis.from_url(self.url)
        self.boxes: dict[str, list[int]] = defaultdict(list)
        self.attempts: Counter[str] = Counter()
        self.entered: set[tuple[int, int]] = set()
        self.dead: list[int] = []
        self.held: dict[str, dict[str, Turn]] = {}
        """Replica → the turns that it has in hand."""
        self.inboxes: dict[str, Inbox] = {}
        self.run(self.redis.flushdb())
        self.join()

    def run(self, work: Any) -> Any:
        return self.runner.run(work if asyncio.iscoroutine(work) else _as_coroutine(work))

    def teardown(self) -> None:
        try:
            self.empty()
        finally:
            self.run(self.redis.aclose())
            self.runner.close()

    # What happens

    def join(self) -> Inbox:
        inbox = Inbox(
            self.redis,
            limit=LIMIT,
            limit_per_bot=LIMIT_PER_BOT,
            max_attempts=MAX_ATTEMPTS,
            beat_interval=LONG,
            dead_after=LONG,
        )
        self.inboxes[inbox.replica] = inbox
        self.held[inbox.replica] = {}
        assert not self.run(inbox.beat())
        return inbox

    @rule(which=st.integers(0))
    def beat(self, which: int) -> None:
        assert self.run(self._inbox(which).beat())

    @rule(
        which=st.integers(0),
        bot=st.sampled_from(BOTS),
        batch=st.lists(st.tuples(st.integers(1, 60), USERS), max_size=6),
    )
    def put(self, which: int, bot: int, batch: list[tuple[int, int]]) -> None:
        updates = [text(update_id, user=user) for update_id, user in batch]
        counts = self._counts()
        try:
            count = self.run(self._inbox(which).put(bot, updates))
        except InboxFull:
            assert counts.total() >= LIMIT or counts[bot] >= LIMIT_PER_BOT
            return
        assert counts.total() < LIMIT
        assert counts[bot] < LIMIT_PER_BOT
        for update in updates:
            if (bot, update["update_id"]) not in self.entered:
                self.entered.add((bot, update["update_id"]))
                self.boxes[conversation_of(bot, update)].append(update["update_id"])
                count -= 1
        assert count == 0

    @rule(
        which=st.integers(0),
        ends=ENDS,
        wanted=st.integers(0, 6),
        share=st.none() | st.integers(1, 3),
        skip=SKIPPED,
    )
    def exchange(
        self, which: int, ends: Ends, wanted: int, share: int | None, skip: set[int]
    ) -> None:
        inbox = self._inbox(which)
        ended = self._choose(inbox, ends)
        turns = self.run(inbox.exchange(ended, wanted=wanted, share=share, skip=skip))
        self._note_ended(inbox, ended)
        self._check_taken(inbox, turns, wanted, share or wanted, skip)
        self.held[inbox.replica] |= {turn.conversation: turn for turn in turns}

    @rule(which=st.integers(0), ends=ENDS, more=ENDS, wanted=st.integers(0, 6))
    def exchange_whose_reply_is_lost(self, which: int, ends: Ends, more: Ends, wanted: int) -> None:
        inbox = self._inbox(which)
        ended = self._choose(inbox, ends)
        numbers = inbox._number, inbox._last_number
        lost = self.run(inbox.exchange(ended, wanted=wanted))
        self._note_ended(inbox, ended)
        self._check_taken(inbox, lost, wanted, wanted, set())
        inbox._number, inbox._last_number = numbers
        also_ended = self._choose(inbox, more)
        self._note_ended(inbox, also_ended)
        turns = self.run(inbox.exchange([*ended, *also_ended], wanted=wanted + len(also_ended)))
        assert sorted(turns, key=lambda turn: turn.number) == lost
        self.held[inbox.replica] |= {turn.conversation: turn for turn in turns}

    @rule(which=st.integers(0), ends=ENDS, ago=st.integers(1, 5))
    def a_call_arrives_late(self, which: int, ends: Ends, ago: int) -> None:
        inbox = self._inbox(which)
        if not self.run(self.redis.hexists(f"{PREFIX}turns:{inbox.replica}", "@")):
            return  # it has made no call yet that a later one can be told from
        numbers = inbox._number, inbox._last_number
        inbox._number = max(0, inbox._last_number - ago)
        inbox._last_number = max(0, inbox._number - 1)
        assert self.run(inbox.exchange(self._choose(inbox, ends), wanted=5)) == []
        inbox._number, inbox._last_number = numbers

    @rule(which=st.integers(0), ends=ENDS, wakes=st.booleans())
    def die(self, *, which: int, ends: Ends, wakes: bool) -> None:
        """A replica falls silent; a new one takes its turns over. Perhaps it was only paused."""
        dead = self._inbox(which)
        heir = self.join()
        self.run(self.redis.zadd(f"{PREFIX}replicas", {dead.replica: 0}))
        self.run(self.redis.hset(f"{PREFIX}steady", heir.replica, "0"))
        heir._dead_after = 1000
        assert self.run(heir.beat())
        heir._dead_after = LONG
        ended = self._choose(dead, ends)
        for conversation in self.held[dead.replica]:
            self.attempts[conversation] += 1
            if self.attempts[conversation] == MAX_ATTEMPTS:
                self.dead.append(self._pop(conversation))
        self.held[dead.replica] = {}
        if wakes:
            assert self.run(dead.exchange(ended, wanted=5)) == []
            assert not self.run(dead.beat())
        else:
            del self.inboxes[dead.replica]

    @rule(which=st.integers(0))
    def leave(self, which: int) -> None:
        leaver = self._inbox(which)
        if len(self.inboxes) > 1 and not self.held[leaver.replica]:
            self.run(leaver.leave())
            del self.inboxes[leaver.replica]

    @rule(bot=st.sampled_from(BOTS))
    def drop_waiting(self, bot: int) -> None:
        in_hand = {conversation for held in self.held.values() for conversation in held}
        count = self.run(self._inbox(0).drop_waiting(bot))
        for conversation, box in self.boxes.items():
            if _bot(conversation) == bot:
                kept = box[:1] if conversation in in_hand else []
                count -= len(box) - len(kept)
                box[:] = kept
                if not kept:
                    del self.attempts[conversation]
        assert count == 0

    # What must be so

    @invariant()
    def they_agree(self) -> None:
        waiting = {conversation: box for conversation, box in self.boxes.items() if box}
        keys, counts, letters, places, mailboxes = self.run(self._look(waiting))
        assert [key for key in keys if not DOCUMENTED_KEYS.fullmatch(key)] == []
        assert sum(key.startswith(f"{PREFIX}mail:") for key in keys) == len(waiting)
        assert dict(zip(waiting, mailboxes, strict=True)) == waiting
        assert {bot: n for bot, n in counts.items() if n} == self._counts()
        assert Counter(letters) == Counter(self.dead)
        for held in self.held.values():
            places += held
        assert sorted(places) == sorted(waiting), "each conversation has one place"

    async def _look(self, waiting: Iterable[str]) -> tuple[Any, ...]:
        """Read all there is, in one round trip."""
        async with self.redis.pipeline(transaction=False) as pipe:
            pipe.keys("*")
            pipe.hgetall(f"{PREFIX}waiting")
            pipe.xrange(f"{PREFIX}dead")
            for queue in ("suspects", *(f"ready:{bot}" for bot in BOTS)):
                pipe.lrange(f"{PREFIX}{queue}", 0, -1)
            for conversation in waiting:
                pipe.lrange(f"{PREFIX}mail:{conversation}", 0, -1)
            keys, counts, letters, *lists = await pipe.execute()
        return (
            [key.decode() for key in keys],
            {int(bot): int(n) for bot, n in counts.items() if bot != b"all"},
            [_id(fields[b"update"]) for _, fields in letters],
            [conversation.decode() for queue in lists[:4] for conversation in queue],
            [[_id(update) for update in mailbox] for mailbox in lists[4:]],
        )

    def empty(self) -> None:
        """Whatever was done, everything that waits has its turn, and then nothing is left."""
        for inbox in self.inboxes.values():
            back = [EndedTurn(turn, Outcome.BACK) for turn in self.held[inbox.replica].values()]
            assert self.run(inbox.exchange(back, wanted=0)) == []
            self.held[inbox.replica] = {}
        inbox = self._inbox(0)
        ended: list[EndedTurn] = []
        while turns := self.run(inbox.exchange(ended, wanted=3)):
            for turn in turns:
                assert _id(turn.update) == self.boxes[turn.conversation].pop(0)
            ended = [EndedTurn(turn, Outcome.DONE) for turn in turns]
        assert not any(self.boxes.values())
        keys = [key.decode() for key in self.run(self.redis.keys("*"))]
        assert [key for key in keys if not KEYS_OF_AN_EMPTY_INBOX.fullmatch(key)] == []

    # Helpers

    def _inbox(self, which: int) -> Inbox:
        return list(self.inboxes.values())[which % len(self.inboxes)]

    def _choose(self, inbox: Inbox, ends: Ends) -> list[EndedTurn]:
        """Choose turns that `inbox` has in hand to end, as many as there are `ends`."""
        chosen: dict[Turn, Outcome] = {}
        held = list(self.held[inbox.replica].values())
        for place, outcome in ends if held else []:
            chosen[held[int(place * (len(held) - 1))]] = outcome
        return [EndedTurn(turn, outcome, "error") for turn, outcome in chosen.items()]

    def _note_ended(self, inbox: Inbox, ended: list[EndedTurn]) -> None:
        for end in ended:
            del self.held[inbox.replica][end.turn.conversation]
            if end.outcome is not Outcome.BACK:
                update_id = self._pop(end.turn.conversation)
                if end.outcome is Outcome.DEAD:
                    self.dead.append(update_id)

    def _check_taken(
        self, inbox: Inbox, turns: list[Turn], wanted: int, share: int, skip: set[int]
    ) -> None:
        in_hand = {conversation for held in self.held.values() for conversation in held}
        free = {c for c, box in self.boxes.items() if box and c not in in_hand}
        free = {c for c in free if _bot(c) not in skip}
        last = {c for c, died in self.attempts.items() if died == MAX_ATTEMPTS - 1}
        available = {bot: min(share, n) for bot, n in Counter(map(_bot, free - last)).items()}
        risky = bool(wanted and free & last and not self.held[inbox.replica].keys() & last)

        taken = [turn.conversation for turn in turns]
        assert len(set(taken)) == len(taken)
        assert set(taken) <= free
        assert len(taken) == min(wanted, sum(available.values()) + risky)
        assert len(set(taken) & last) == risky
        assert [_id(t.update) for t in turns] == [self.boxes[c][0] for c in taken]
        by_bot = Counter(_bot(c) for c in taken if c not in last)
        unserved = [by_bot[bot] for bot, n in available.items() if by_bot[bot] < n]
        assert max(by_bot.values(), default=0) <= min(unserved, default=LIMIT) + 1, "a fair round"

    def _pop(self, conversation: str) -> int:
        del self.attempts[conversation]
        return self.boxes[conversation].pop(0)

    def _counts(self) -> Counter[int]:
        counts: Counter[int] = Counter()
        for conversation, box in self.boxes.items():
            if box:
                counts[_bot(conversation)] += len(box)
        return counts


def _bot(conversation: str) -> int:
    return int(conversation.partition(":")[0])


def _id(update: bytes) -> int:
    return int(orjson.loads(update)["update_id"])


async def _as_coroutine(work: Any) -> Any:
    return await work


QUICK = settings(
    max_examples=80,
    stateful_step_count=40,
    # To find the shortest steps to a fault takes minutes: that is for the soak.
    phases=[Phase.generate],
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)


def compare(url: str, how: settings) -> None:
    run_state_machine_as_test(type("ModelOnRedis", (Model,), {"url": url}), settings=how)


def test_the_inbox_agrees_with_its_model(clean_redis: str) -> None:
    compare(clean_redis, QUICK)


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_the_inbox_agrees_with_its_model_for_long(clean_redis: str) -> None:
    thorough = settings(
        QUICK,
        max_examples=1000,
        stateful_step_count=100,
        phases=[Phase.generate, Phase.shrink],
        # Other steps each time: this is where new faults are looked for.
        derandomize=False,
        database=None,
    )
    compare(clean_redis, thorough)
