"""The inbox as a few lists and dictionaries: what each call should do to it."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from fleet.inbox import Outcome
from fleet.inbox.conversation import without_lane
from fleet.shards.shard import shard_of_conversation

SHARDS, USER_LIMIT = 3, 4


def shard_of(conversation: str) -> int:
    return shard_of_conversation(conversation, SHARDS)


def bot_of(conversation: str) -> int:
    return int(conversation.partition(":")[0])


@dataclass
class Record:
    """Who has a shard."""

    holder: str = ""
    epoch: int = 0
    call: int = 0


@dataclass(frozen=True)
class End:
    conversation: str
    update_id: int
    outcome: Outcome
    deaths: int
    backs: int
    state: str
    """What becomes the state of the conversation, unless the turn goes back."""


@dataclass(frozen=True)
class Begun:
    conversation: str
    update_id: int
    state: str | None
    """That of the conversation at the begin of its turn."""


@dataclass(frozen=True)
class Call:
    """What a holder says of one shard in a call of work."""

    replica: str
    shard: int
    epoch: int
    number: int
    answered: int
    ends: list[End]
    begin: list[str]


@dataclass(frozen=True)
class Batch:
    """Updates of a bot on their way in, with their conversations."""

    replica: str
    bot: int
    updates: list[tuple[int, str]]
    epochs: dict[int, int]
    """Of the shards that the replica believes to hold."""
    places: int
    """Turns that may begin at once in each of these."""


@dataclass
class Model:
    """Mirrors what Redis should have."""

    boxes: defaultdict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    begun: dict[str, int] = field(default_factory=dict)
    tries: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Conversation → deaths, times back."""
    seen: set[tuple[int, int, int]] = field(default_factory=set)
    """Shard, bot, update."""
    letters: Counter[tuple[str, int]] = field(default_factory=Counter)
    dropped: Counter[int] = field(default_factory=Counter)
    arrivals: Counter[str] = field(default_factory=Counter)
    """Conversation → how often it got mail when it had none."""
    states: dict[str, str] = field(default_factory=dict)
    """By the names of conversations without their lanes."""
    told: dict[str, int] = field(default_factory=dict)
    """Conversation → the arrival for which its user was told that some were left out."""
    records: dict[int, Record] = field(
        default_factory=lambda: {shard: Record() for shard in range(SHARDS)}
    )

    def with_mail(self) -> set[str]:
        return {conversation for conversation, box in self.boxes.items() if box}

    def waiting(self) -> Counter[int]:
        counts: Counter[int] = Counter()
        for conversation in self.with_mail():
            counts[bot_of(conversation)] += len(self.boxes[conversation])
        return counts

    def is_holder(self, replica: str, shard: int, epoch: int) -> bool:
        record = self.records[shard]
        return (record.holder, record.epoch) == (replica, epoch)

    def put(self, batch: Batch) -> tuple[int, list[Begun]]:
        """Returns how many are new, and those whose turns begin."""
        new, begun = 0, list[Begun]()
        places = Counter(dict.fromkeys(range(SHARDS), batch.places))
        for update_id, conversation in batch.updates:
            shard = shard_of(conversation)
            if (shard, batch.bot, update_id) in self.seen:
                continue
            self.seen.add((shard, batch.bot, update_id))
            new += 1
            box = self.boxes[conversation]
            if len(box) >= USER_LIMIT:  # more, with a letter that was replayed
                self.dropped[batch.bot] += 1
                self._leave_out(conversation, update_id)
                continue
            self._post(conversation, update_id)
            mine = self.is_holder(batch.replica, shard, batch.epochs.get(shard, 0))
            if len(box) == 1 and mine and places[shard]:
                places[shard] -= 1
                begun.append(self._note_begun(conversation, update_id))
        return new, begun

    def _post(self, conversation: str, update_id: int) -> None:
        if not self.boxes[conversation]:
            self.arrivals[conversation] += 1
        self.boxes[conversation].append(update_id)

    def _leave_out(self, conversation: str, update_id: int) -> None:
        lane, arrival = f"{conversation}/left-out", self.arrivals[conversation]
        if self.told.get(conversation) != arrival and not self.boxes[lane]:
            self._post(lane, update_id)
        self.told[conversation] = arrival

    def work(self, call: Call) -> tuple[list[int], list[Begun | None]] | None:
        """Returns how many each end has left behind, and what each begin found."""
        record = self.records[call.shard]
        is_in_time = call.answered <= record.call <= call.number
        if not (self.is_holder(call.replica, call.shard, call.epoch) and is_in_time):
            return None
        if call.ends or call.begin:
            record.call = call.number
        left = []
        for end in call.ends:
            if self.begun.get(end.conversation) == end.update_id:
                self._end(end)
            left.append(len(self.boxes[end.conversation]))
        heads = [self._begin(conversation) for conversation in call.begin]
        return left, heads

    def _end(self, end: End) -> None:
        del self.begun[end.conversation]
        if end.outcome is Outcome.BACK:
            self.tries[end.conversation] = end.deaths, end.backs + 1
            return
        assert self.boxes[end.conversation].pop(0) == end.update_id
        self.tries.pop(end.conversation, None)
        self.states[without_lane(end.conversation)] = end.state
        if end.outcome is Outcome.DEAD:
            self.letters[end.conversation, end.update_id] += 1

    def _begin(self, conversation: str) -> Begun | None:
        box = self.boxes[conversation]
        return self._note_begun(conversation, box[0]) if box else None

    def _note_begun(self, conversation: str, update_id: int) -> Begun:
        self.begun[conversation] = update_id
        return Begun(conversation, update_id, self.states.get(without_lane(conversation)))

    def take(self, shard: int, replica: str) -> Record:
        """Whoever had turns in hand has died in them."""
        for conversation in self.of_shard(self.begun, shard):
            deaths, backs = self.tries.get(conversation, (0, 0))
            self.tries[conversation] = deaths + 1, backs
            del self.begun[conversation]
        self.records[shard] = Record(replica, self.records[shard].epoch + 1)
        return self.records[shard]

    def give(self, replica: str, shard: int, epoch: int) -> None:
        if self.is_holder(replica, shard, epoch):
            self.records[shard].holder = ""
            for conversation in self.of_shard(self.begun, shard):
                del self.begun[conversation]

    def drop(self, bot: int, *, in_hand: bool) -> int:
        count = 0
        for conversation in [one for one in self.with_mail() if bot_of(one) == bot]:
            box = self.boxes[conversation]
            kept = 1 if conversation in self.begun and not in_hand else 0
            count += len(box) - kept
            del box[kept:]
            if not kept:
                self.begun.pop(conversation, None)
                self.tries.pop(conversation, None)
        return count

    def replay(self, conversation: str, update_id: int) -> None:
        self.letters -= Counter({(conversation, update_id): 1})
        self._post(conversation, update_id)

    @staticmethod
    def of_shard(conversations: Iterable[str], shard: int) -> list[str]:
        return [one for one in conversations if shard_of(one) == shard]
