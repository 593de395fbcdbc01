"""Dead letters: listed, looked up, counted, replayed and dropped, whatever shards they lie in."""

import time

import pytest
from redis.asyncio import Redis

from fleet.inbox import DeadLetter, EndedTurn, Outcome, Turn, letters
from fleet.inbox.mailboxes import Work
from tests.proofs.mail import text
from tests.proofs.replica import Replica

BOT, SHARDS = 1000001, 8


@pytest.fixture
async def replica(redis: Redis) -> Replica:
    """One that holds several shards."""
    replica = Replica(redis, "one", SHARDS)
    await replica.look()
    return replica


async def turns_of(replica: Replica) -> list[Turn]:
    """Begin a turn in each conversation that has mail."""
    turns = []
    for held in replica.holder.held.values():
        names = (await replica.mailboxes.read(held, [BOT], 10_000))[BOT]
        done = (await replica.mailboxes.work({held: Work(begin=names)}))[held]
        assert done
        turns += [turn for turn in done.begun if isinstance(turn, Turn)]
    return turns


async def end(replica: Replica, turns: list[Turn], outcome: Outcome) -> None:
    work = {held: Work() for held in replica.holder.held.values()}
    for turn in turns:
        ended = EndedTurn(turn, outcome, "ValueError: no", "Traceback …")
        work[replica.holder.held[turn.shard]].ended.append(ended)
    assert None not in (await replica.mailboxes.work(work)).values()


async def bury(replica: Replica, count: int) -> None:
    """Let so many updates, each of its own conversation, be dead letters."""
    await replica.inbox.put(BOT, [text(n, user=n) for n in range(1, count + 1)])
    await end(replica, await turns_of(replica), Outcome.DEAD)


async def all_letters(replica: Replica) -> list[DeadLetter]:
    return [letter async for letter in replica.inbox.letters.all()]


def update_id(letter: DeadLetter) -> int:
    return int(letter.update["update_id"])


async def test_a_letter_holds_all_there_is_to_know(replica: Replica) -> None:
    before = time.time()
    await replica.inbox.put(BOT, [text(1, chat=-100), text(2, chat=-100)])
    await end(replica, await turns_of(replica), Outcome.DEAD)
    [letter] = await all_letters(replica)
    assert (letter.bot_id, letter.conversation) == (BOT, f"{BOT}:-100:7")
    assert letter.update == text(1, chat=-100)
    assert (letter.error, letter.traceback, letter.died) == ("ValueError: no", "Traceback …", 0)
    assert abs(letter.failed_at.timestamp() - before) < 60
    [turn] = await turns_of(replica)
    assert turn.update_id == 2, "the conversation goes on"


async def test_letters_of_all_shards_are_listed_page_by_page_and_counted(
    replica: Replica, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await all_letters(replica) == []
    assert await replica.inbox.letters.count() == 0
    monkeypatch.setattr(letters, "PAGE", 2)
    await bury(replica, 40)
    found = await all_letters(replica)
    assert sorted(map(update_id, found)) == list(range(1, 41))
    assert len({letter.id for letter in found}) == 40
    assert len({letter.id.partition("-")[0] for letter in found}) == SHARDS
    assert await replica.inbox.letters.count() == 40


async def test_a_letter_is_found_by_its_id(replica: Replica) -> None:
    await bury(replica, 5)
    for letter in await all_letters(replica):
        assert await replica.inbox.letters.find(letter.id) == letter


@pytest.mark.parametrize("letter_id", ["", "x", "1-2", "0-1-1", "8-1-1", "9999-1-1", "-1-1-1"])
async def test_there_is_no_such_letter(replica: Replica, letter_id: str) -> None:
    await bury(replica, 3)
    assert await replica.inbox.letters.find(letter_id) is None
    assert not await replica.inbox.letters.replay(letter_id)
    assert not await replica.inbox.letters.drop(letter_id)
    assert await replica.inbox.letters.count() == 3


async def test_a_replayed_update_has_another_turn_after_what_waits(replica: Replica) -> None:
    await replica.inbox.put(BOT, [text(1), text(2)])
    await end(replica, await turns_of(replica), Outcome.DEAD)
    [letter] = await all_letters(replica)
    assert await replica.inbox.letters.replay(letter.id)
    assert not await replica.inbox.letters.replay(letter.id), "it is none any more"
    assert await replica.inbox.letters.count() == 0
    assert await replica.inbox.sizes() == {BOT: 2}
    seen = []
    while turns := await turns_of(replica):
        seen += turns
        await end(replica, turns, Outcome.DONE)
    assert [turn.update_id for turn in seen] == [2, 1]
    assert await replica.inbox.put(BOT, [text(1)]) == 0, "it is known still"


async def test_a_replay_whose_turn_fails_is_a_new_letter(replica: Replica) -> None:
    await bury(replica, 1)
    [old] = await all_letters(replica)
    await replica.inbox.letters.replay(old.id)
    await end(replica, await turns_of(replica), Outcome.DEAD)
    [new] = await all_letters(replica)
    assert new.id != old.id
    assert new.update == old.update


async def test_the_holder_hears_of_a_replay(replica: Replica) -> None:
    await bury(replica, 1)
    held_all = {held: Work() for held in replica.holder.held.values()}
    for held, done in (await replica.mailboxes.work(held_all)).items():
        assert done
        held.news = done.newest
    [letter] = await all_letters(replica)
    await Replica(replica.inbox._redis, "another", SHARDS).inbox.letters.replay(letter.id)
    answers = (await replica.mailboxes.work(held_all)).values()
    assert [name for done in answers if done for name in done.news] == [letter.conversation]


async def test_a_dropped_letter_is_gone_for_good(replica: Replica) -> None:
    await bury(replica, 10)
    first, *others = await all_letters(replica)
    assert await replica.inbox.letters.drop(first.id)
    assert not await replica.inbox.letters.drop(first.id)
    assert await all_letters(replica) == others
    assert await replica.inbox.sizes() == {}
