"""What came of a chaos: whether what it did to the replicas excuses what became of the updates."""

import itertools
import json
from collections import Counter, defaultdict
from dataclasses import dataclass

from tests.proofs.chaos import Chaos, Conversation
from tests.proofs.mail import keys_of_shards
from tests.proofs.watch import times_of_death

HAND_IN = 30.0
"""Seconds within which a turn that ended is handed in; a kill in between repeats it. It takes
milliseconds, but Redis may be away just then, and the machine busy."""
KEPT_CALLS = 10_000
"""The sandbox keeps so many calls of a method, of all bots together."""


@dataclass
class Attempt:
    """One turn, as its handler noted it."""

    conversation: Conversation
    text: str
    process: int
    start: float
    end: float | None = None


class Inquest:
    """What the handlers noted, beside what was sent and who was killed when."""

    def __init__(self, chaos: Chaos) -> None:
        self._chaos = chaos

    def _read(self) -> dict[Conversation, list[Attempt]]:
        """Tell the turns of each conversation in the order in which they began."""
        with self._chaos.redis.client() as redis:
            # A reply that was lost with Redis makes the client send the same entry again.
            entries = dict.fromkeys(redis.lrange("turns", 0, -1))
        attempts: dict[Conversation, list[Attempt]] = defaultdict(list)
        latest: dict[tuple[int, str], Attempt] = {}
        for entry in map(json.loads, entries):
            conversation = entry["bot"], entry["chat"], entry["user"]
            key = entry["process"], entry["text"]
            if entry["what"] == "start":
                latest[key] = Attempt(conversation, entry["text"], entry["process"], entry["at"])
                attempts[conversation].append(latest[key])
            else:
                latest[key].end = entry["at"]
        for turns in attempts.values():
            turns.sort(key=lambda attempt: attempt.start)
        return attempts

    async def check(self) -> int:
        """Check the guarantees; tell how many turns were repeated."""
        attempts = self._read()
        for conversation, texts in self._chaos.sent.items():
            turns = attempts[conversation]
            assert {turn.text for turn in turns if turn.end} == set(texts), "a turn without an end"
            first_starts = list(dict.fromkeys(turn.text for turn in turns))
            assert first_starts == texts, f"lost or out of order in {conversation}"
            places = {text: place for place, text in enumerate(texts)}
            order = [places[turn.text] for turn in turns]
            assert order == sorted(order), f"an older message came again in {conversation}"
            for turn, following in itertools.pairwise(turns):
                assert self._over_before(turn, following), f"at once: {turn}, {following}"
                if turn.text == following.text:
                    assert self._was_cut(turn, following), f"repeated: {turn}, {following}"
        assert attempts.keys() == self._chaos.sent.keys()
        await self._check_echoes(attempts)
        with self._chaos.redis.client() as redis:
            assert not keys_of_shards(redis, "dead", "mail", "ready", "begun", "tries")
        return sum(map(len, attempts.values())) - sum(map(len, self._chaos.sent.values()))

    def _over_before(self, turn: Attempt, following: Attempt) -> bool:
        """Whether a turn was over when the conversation's next one began."""
        if turn.end is not None and turn.end <= following.start:
            return True
        if self._was_paused(turn, following):
            return True  # it is another replica's; the end that it noted when it woke is nobody's
        if turn.end is not None:
            return False
        if turn.process == following.process or self._redis_was_away(turn, following):
            return True  # Redis interrupted it: it began again, perhaps at its shard's next holder
        killed = self._chaos.killed.get(turn.process)
        return (killed is not None and killed <= following.start) or self._was_starved(turn)

    def _was_cut(self, turn: Attempt, following: Attempt) -> bool:
        """Whether there was a reason to repeat a turn: its process or Redis died during it."""
        # Even if its end is noted: the reply to that note was perhaps lost.
        if self._redis_was_away(turn, following) or self._was_paused(turn, following):
            return True
        if self._was_starved(turn):
            return True
        if turn.process == following.process:
            return False
        killed = self._chaos.killed.get(turn.process)
        return killed is not None and killed <= (turn.end or killed) + HAND_IN

    def _was_paused(self, turn: Attempt, following: Attempt) -> bool:
        """Whether its process slept in the middle of it: another one has begun it meanwhile, or, if
        none has taken its shard, it does so itself."""
        return any(
            turn.start <= begin <= following.start and begin <= (turn.end or begin) + HAND_IN
            for begin, _ in self._chaos.pauses[turn.process]
        )

    def _redis_was_away(self, turn: Attempt, following: Attempt) -> bool:
        return any(
            gone <= following.start and turn.start <= back for gone, back in self._chaos.outages
        )

    def _was_starved(self, turn: Attempt) -> bool:
        """Whether its process got so little of the machine that others took it for dead.

        One that was paused has reason to say so, when it wakes.
        """
        pauses = self._chaos.pauses[turn.process]
        return any(
            not any(begin <= at <= end + HAND_IN for begin, end in pauses)
            for at in times_of_death(self._chaos.started[turn.process])
        )

    async def _check_echoes(self, attempts: dict[Conversation, list[Attempt]]) -> None:
        """Check what Telegram saw: every message was answered, in order, once for each turn."""
        # Not the chats: there, ids that the test made up may replace those of echoes.
        calls = await self._chaos.sandbox.calls(method="sendMessage")
        first = min(turn.start for turns in attempts.values() for turn in turns)
        are_all = len(calls) < KEPT_CALLS or calls[0]["at"] < first
        echoes: dict[int, list[str]] = defaultdict(list)
        for call in calls:
            if call["status"] == 200:
                echoes[call["bot_id"]].append(call["params"]["text"])
        for conversation, texts in self._chaos.sent.items():
            wanted = set(texts)
            own = [echo for echo in echoes[conversation[0]] if echo in wanted]
            heard = list(dict.fromkeys(own))
            assert heard == texts[len(texts) - len(heard) :]
            assert not are_all or len(heard) == len(texts), f"not all were heard: {conversation}"
            turns = Counter(turn.text for turn in attempts[conversation])
            assert Counter(own) <= turns, "more than one answer of a turn"
