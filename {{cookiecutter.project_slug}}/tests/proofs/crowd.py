"""Replicas that do what their workers would, over calls that get lost, and a model that follows."""

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from redis.exceptions import ConnectionError as RedisConnectionError

from fleet.inbox import EndedTurn, Outcome, Turn, conversation_of
from fleet.inbox.conversation import without_lane
from fleet.inbox.mailboxes import Work
from fleet.overlay import StateWrite
from fleet.shards.beats import DEAD_AFTER
from fleet.shards.holder import Held, Taken
from tests.proofs.inbox_model import (
    SHARDS,
    USER_LIMIT,
    Batch,
    Begun,
    Call,
    End,
    Model,
    bot_of,
    shard_of,
)
from tests.proofs.mail import text
from tests.proofs.replica import STEP, Clock, Desk, Replica, Wire

BOTS = (1, 2)
STATES = "fsm:"
WARM = 10_000
"""The id of an update that each replica enters first: it is new only once."""


@dataclass(eq=False)
class Member:
    """A replica, and what its worker would know."""

    replica: Replica
    wire: Wire
    hands: dict[str, Turn] = field(default_factory=dict)
    ended: list[EndedTurn] = field(default_factory=list)
    known: set[str] = field(default_factory=set)
    """Conversations that may have mail."""

    @property
    def held(self) -> dict[int, Held]:
        return self.replica.holder.held

    @property
    def busy(self) -> set[str]:
        return self.hands.keys() | {one.turn.conversation for one in self.ended}

    def forget(self, shard: int) -> None:
        """The shard is another's."""
        self.hands = {name: turn for name, turn in self.hands.items() if turn.shard != shard}
        self.ended = [one for one in self.ended if one.turn.shard != shard]
        self.known -= set(Model.of_shard(self.known, shard))


class Crowd:
    """What is done here is done to Redis and to the model.

    With a `fault`, the reply of a call is lost, or the call itself is kept back until it arrives
    late.
    """

    def __init__(self, url: str, clock: Clock) -> None:
        self.clock = clock
        self.model = Model()
        self.members: list[Member] = []
        self.wires: list[Wire] = []
        self.late: list[tuple[Wire, Any, Callable[[], object]]] = []
        """Calls that are on their way, and what they do to the model when they arrive."""
        self._url = url
        self._beats: dict[str, float] = {}
        self._writes = 0
        self.redis = self._wire()

    def _wire(self) -> Wire:
        self.wires.append(Wire.connect(self._url))
        return self.wires[-1]

    async def close(self) -> None:
        for wire in self.wires:
            await wire.aclose()

    async def join(self) -> None:
        wire = self._wire()
        name = f"r{len(self.wires)}"
        replica = Replica(wire, name, SHARDS, states=STATES, limit_per_user=USER_LIMIT)
        self.members.append(Member(replica, wire))
        await self.look(self.members[-1])
        for bot in BOTS:  # it knows then how much room there is
            await self.put(self.members[-1], bot, [(WARM, 1)], 0, "")

    async def look(self, member: Member) -> None:
        taken = await member.replica.look()
        self._beats[member.replica.name] = self.clock.now
        for one in taken:
            await self._note_taken(member, one)

    async def _note_taken(self, member: Member, taken: Taken) -> None:
        shard, name = taken.held.shard, member.replica.name
        holder = self.model.records[shard].holder
        silent_for = self.clock.now - self._beats.get(holder, 0.0)
        assert holder in ("", name) or silent_for > DEAD_AFTER, "nothing is taken from the living"
        assert self.model.take(shard, name).epoch == taken.held.epoch
        told = {name: (deaths, backs) for name, deaths, backs, _ in taken.tries}
        assert told == {name: self.model.tries[name] for name in told}
        assert set(taken.bots) == {bot_of(one) for one in self.mail_of(shard)}
        found = await member.replica.mailboxes.read(taken.held, taken.bots, 1000)
        member.known |= {one for names in found.values() for one in names}

    async def let_pass(self, seconds: float) -> None:
        end = self.clock.now + seconds
        while self.clock.now < end:
            self.clock.now += STEP
            for member in self.members:
                await self.look(member)

    async def give(self, member: Member, some: list[Held], fault: str) -> None:
        name, given = member.replica.name, [(held.shard, held.epoch) for held in some]

        def apply() -> None:
            for shard, epoch in given:
                self.model.give(name, shard, epoch)

        if given:
            await self._call(member, member.replica.holder.give(some), fault, apply)
        for shard, _ in given:
            member.forget(shard)

    async def put(
        self, member: Member, bot: int, batch: list[tuple[int, int]], places: int, fault: str
    ) -> None:
        updates = [text(update_id, user=user) for update_id, user in batch]
        names = [conversation_of(bot, update) for update in updates]
        epochs = {shard: held.epoch for shard, held in member.held.items()}
        entries = [(one[0], name) for one, name in zip(batch, names, strict=True)]
        sent = Batch(member.replica.name, bot, entries, epochs, places)
        desk = member.replica.inbox.desk = Desk(member.replica, places)
        put = member.replica.inbox.put(bot, updates)
        answers = await self._call(member, put, fault, lambda: self.model.put(sent))
        if answers:
            count, (new, begun) = answers
            assert count == new
            assert Counter(map(_begun, desk.begun)) == Counter(begun)
            for turn in desk.begun:
                if turn.conversation not in member.hands:
                    member.hands[turn.conversation] = turn

    async def work(
        self, member: Member, ends: list[tuple[float, Outcome]], begins: int, fault: str
    ) -> None:
        for place, outcome in ends:
            if hands := list(member.hands.values()):
                turn = hands[int(place * (len(hands) - 1))]
                del member.hands[turn.conversation]
                member.ended.append(self._ended(turn, outcome))
        work = {held: Work() for held in member.held.values()}
        for one in member.ended:
            work[member.held[one.turn.shard]].ended.append(one)
        if member.replica.holder.beats:
            for conversation in sorted(member.known - member.busy)[:begins]:
                work[member.held[shard_of(conversation)]].begin.append(conversation)
        calls = {
            held: Call(
                member.replica.name,
                held.shard,
                held.epoch,
                held.answered + 1,
                held.answered,
                [_end(one) for one in some.ended],
                list(some.begin),
            )
            for held, some in work.items()
        }

        def apply() -> dict[Held, Any]:
            return {held: self.model.work(call) for held, call in calls.items()}

        made = member.replica.mailboxes.work(work)
        answers = await self._call(member, made, fault if work else "", apply)
        if answers:
            for held, done in answers[0].items():
                self._note_done(member, held, work[held], done, answers[1][held])

    def _ended(self, turn: Turn, outcome: Outcome) -> EndedTurn:
        """End a turn, whose state becomes one that was never there."""
        self._writes += 1
        key, value = f"{STATES}{without_lane(turn.conversation)}:state", b"%d" % self._writes
        writes = [] if outcome is Outcome.BACK else [StateWrite(key, value, None, turn.bot_id, 0)]
        return EndedTurn(turn, outcome, "error", again_in=1.0, writes=writes)

    def _note_done(self, member: Member, held: Held, work: Work, done: Any, expected: Any) -> None:
        if done is None or expected is None:
            assert done is expected, "whose shard it is"
            member.replica.holder.lose(held)
            member.forget(held.shard)
            return
        left, heads = expected
        assert done.left == left
        assert [_begun(one) if isinstance(one, Turn) else one for one in done.begun] == heads
        for one, count in zip(work.ended, left, strict=True):
            member.ended.remove(one)
            if count:
                member.known.add(one.turn.conversation)
        for conversation, head in zip(work.begin, done.begun, strict=True):
            member.known.discard(conversation)
            if isinstance(head, Turn):
                assert (head.deaths, head.backs) == self.model.tries.get(conversation, (0, 0))
                member.hands[conversation] = head
        member.known |= set(done.news)
        held.news = done.newest

    async def _call(
        self, member: Member, call: Any, fault: str, apply: Callable[[], Any]
    ) -> tuple[Any, Any] | None:
        """Make a call, and do the same to the model as soon as it arrives. None: no reply came."""
        wire = member.wire
        if not fault:
            return await call, apply()
        wire.keeps_back, wire.loses_replies = fault == "kept back", fault == "reply lost"
        with suppress(RedisConnectionError):
            await call
            apply()  # there was nothing to say
            wire.keeps_back = wire.loses_replies = False
            return None
        if wire.keeps_back:
            self.late.append((wire, wire.kept_back[-1], apply))
        else:
            apply()
        wire.keeps_back = wire.loses_replies = False
        return None

    async def give_idle(self, member: Member, fault: str, *, is_closed: bool = False) -> None:
        busy = {shard_of(conversation) for conversation in member.busy}
        idle = [held for shard, held in member.held.items() if shard not in busy]
        await self.give(member, [one for one in idle if one.closed_at or not is_closed], fault)

    async def overtake(
        self, member: Member, ends: list[tuple[float, Outcome]], begins: int, after: int
    ) -> None:
        """Let a call be made again and others follow; then it arrives."""
        late, in_hand = len(self.late), list(member.hands)
        await self.work(member, ends, begins, "kept back")
        await self.work(member, [], 0, "")
        if over := [conversation for conversation in in_hand if not self.model.boxes[conversation]]:
            await self._put_new(member, over[0], "")
        for _ in range(after):
            await self.work(member, ends, begins, "")
        if len(self.late) > late:
            await self.arrive_late(1)

    async def take_again(self, member: Member, user: int | None, *, takes: bool) -> None:
        """Let a call arrive when its shard was given away, and perhaps taken again."""
        late = len(self.late)
        await self.give_idle(member, "")
        await self.look(member)
        if user:
            await self._put_new(member, f"{BOTS[0]}:{user}:{user}", "kept back")
        else:
            await self.work(member, [], 9, "kept back")
        await self.give_idle(member, "")
        if takes:
            await self.look(member)
        if len(self.late) > late:
            await self.arrive_late(1)

    async def _put_new(self, member: Member, conversation: str, fault: str) -> None:
        bot, user = map(int, conversation.split(":")[:2])  # also of a lane
        await self.put(member, bot, [(100 + len(self.model.seen), user)], 1, fault)

    async def arrive_late(self, place: float) -> None:
        """Let one of the calls arrive that were kept back."""
        wire, kept, apply = self.late.pop(int(place * (len(self.late) - 1)))
        await wire.deliver(wire.kept_back.index(kept))
        apply()

    def mail_of(self, shard: int) -> list[str]:
        """Tell which conversations of a shard have mail."""
        return Model.of_shard(self.model.with_mail(), shard)


def _end(one: EndedTurn) -> End:
    turn = one.turn
    state = one.writes[0].value.decode() if one.writes and one.writes[0].value else ""
    return End(turn.conversation, turn.update_id, one.outcome, turn.deaths, turn.backs, state)


def _begun(turn: Turn) -> Begun:
    key = f"{STATES}{without_lane(turn.conversation)}"
    assert turn.states.keys() == {f"{key}:state", f"{key}:data"}
    state = turn.states[f"{key}:state"]
    return Begun(turn.conversation, turn.update_id, None if state is None else state.decode())
