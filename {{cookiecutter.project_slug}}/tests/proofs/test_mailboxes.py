"""The holder's call: turns begin and end once, whatever becomes of calls and their replies."""

from collections.abc import AsyncIterator

import orjson
import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from fleet.inbox import EndedTurn, Outcome, Turn, mailboxes
from fleet.inbox.mailboxes import NEWS_AT_ONCE, Work
from fleet.overlay import StateWrite
from fleet.redis.keys import PREFIX
from tests.proofs.mail import text
from tests.proofs.replica import Clock, Replica, Wire, begun, ended, ids, name, silence

BOT, OTHER_BOT = 1000001, 1000002
ANN, BOB = name(BOT, 7), name(BOT, 8)


@pytest.fixture
async def wire(clean_redis: str) -> AsyncIterator[Wire]:
    wire = Wire.connect(clean_redis)
    async with wire:
        yield wire


@pytest.fixture
async def replica(wire: Wire, clock: Clock) -> Replica:
    """The holder of the only shard."""
    replica = Replica(wire, "one")
    await replica.look()
    return replica


async def tries(redis: Redis, conversation: str) -> tuple[int, int] | None:
    """Tell how many processes died in turns of a head, and how often these went back."""
    found = await redis.execute_command("HGET", PREFIX + "{0}:tries", conversation)
    return tuple(map(int, found.split()[:2])) if found else None  # type: ignore[return-value]


# Begin and end


async def test_a_conversation_has_one_turn_after_the_other(replica: Replica) -> None:
    await replica.inbox.put(BOT, [text(1), text(2), text(3, user=8)])
    done = await replica.work(begin=[ANN, BOB, name(BOT, 9)])
    assert done
    assert begun(done) == [1, 3, None], "who has no mail has no turn"
    ann = done.begun[0]
    assert isinstance(ann, Turn)
    assert orjson.loads(ann.update) == text(1)
    [first, other] = await replica.begin(ANN, BOB)
    assert ids([first, other]) == [1, 3], "to begin it again changes nothing"
    done = await replica.work(*ended([first, other]), begin=[ANN, BOB])
    assert done
    assert done.left == [1, 0]
    assert begun(done) == [2, None]
    assert await replica.inbox.sizes() == {BOT: 1}


async def test_an_update_that_goes_back_keeps_its_place_and_is_counted(
    replica: Replica, wire: Wire
) -> None:
    await replica.inbox.put(BOT, [text(1), text(2)])
    for backs in (1, 2, 3):
        [turn] = await replica.begin(ANN)
        assert turn.update_id == 1
        turn.backs = backs - 1
        done = await replica.end(turn, outcome=Outcome.BACK)
        assert done
        assert done.left == [2]
        assert await tries(wire, ANN) == (0, backs)
    await replica.end(*await replica.begin(ANN))
    assert await tries(wire, ANN) is None, "its successor begins anew"
    assert await replica.run_all(BOT) == [2]


async def test_an_end_counts_only_for_the_turn_that_is_in_hand(replica: Replica) -> None:
    await replica.inbox.put(BOT, [text(1), text(2)])
    first = await replica.begin(ANN)
    await replica.end(*first)
    second = await replica.begin(ANN)
    for outcome in Outcome:
        done = await replica.end(*first, outcome=outcome)
        assert done
        assert done.left == [1]
    assert await replica.inbox.letters.count() == 0
    await replica.end(*second)
    assert await replica.inbox.sizes() == {}


async def test_what_a_turn_did_to_states_is_written_with_its_end_or_not_at_all(
    replica: Replica, wire: Wire
) -> None:
    def writes(value: bytes) -> list[StateWrite]:
        return [
            StateWrite("fsm:a", value, None, BOT, 7),
            StateWrite("fsm:b", value, 60_000, BOT, 7),
            StateWrite("fsm:gone", None, None, BOT, 7),
        ]

    await wire.set("fsm:gone", "x")
    await replica.inbox.put(BOT, [text(1), text(2)])
    [turn] = await replica.begin(ANN)
    await replica.work(EndedTurn(turn, Outcome.DONE, writes=writes(b"\x00one")), begin=[ANN])
    assert await wire.mget("fsm:a", "fsm:b", "fsm:gone") == [b"\x00one", b"\x00one", None]
    assert await wire.ttl("fsm:a") == -1
    assert 0 < await wire.pttl("fsm:b") <= 60_000
    await replica.work(EndedTurn(turn, Outcome.DONE, writes=writes(b"again")))
    assert await wire.get("fsm:a") == b"\x00one", "the end of a turn that is over writes nothing"
    [second] = await replica.begin(ANN)
    await replica.work(EndedTurn(second, Outcome.DEAD, "no", "…", writes=writes(b"apology")))
    assert await wire.get("fsm:a") == b"apology", "what error handlers wrote"


# Dead letters


async def test_an_error_that_utf_8_cannot_hold_is_a_dead_letter_too(replica: Replica) -> None:
    await replica.inbox.put(BOT, [text(1)])
    [turn] = await replica.begin(ANN)
    turn.deaths = 2
    await replica.work(EndedTurn(turn, Outcome.DEAD, "no file \udcff", "\ud800"))
    [letter] = [letter async for letter in replica.inbox.letters.all()]
    assert (letter.error, letter.died) == (r"no file \udcff", 2)


async def test_letters_are_bounded_in_bytes_and_the_newest_are_kept(
    replica: Replica, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailboxes, "LETTERS_KEPT", 20_000)
    await replica.inbox.put(BOT, [text(n, "x" * 1000) for n in range(1, 60)])
    for _ in range(1, 60):
        await replica.end(*await replica.begin(ANN), outcome=Outcome.DEAD)
    kept = [letter.update["update_id"] async for letter in replica.inbox.letters.all()]
    assert 10 < len(kept) < 20
    assert kept == list(range(60 - len(kept), 60))
    noted = await wire.execute_command("HGET", PREFIX + "{0}:shard", "letters")
    assert 1000 * len(kept) < int(noted) <= 20_000
    await replica.inbox.put(OTHER_BOT, [text(1, "x" * 30_000)])
    await replica.end(*await replica.begin(name(OTHER_BOT)), outcome=Outcome.DEAD)
    [letter] = [letter async for letter in replica.inbox.letters.all()]
    assert letter.bot_id == OTHER_BOT, "the newest is kept, however large"
    await replica.inbox.letters.drop(letter.id)
    assert await wire.execute_command("HGET", PREFIX + "{0}:shard", "letters") == b"0"


# News


async def test_the_holder_hears_of_mail_until_it_has_said_so(replica: Replica) -> None:
    await replica.inbox.put(BOT, [text(1), text(2), text(3, user=8)])
    for _ in range(2):  # the first reply was lost
        done = (await replica.mailboxes.work({replica.held: Work()}))[replica.held]
        assert done
        assert done.news == [ANN, BOB]
    await replica.work()
    await replica.inbox.put(BOT, [text(4, user=9), text(5)])
    done = await replica.work()
    assert done
    assert done.news == [name(BOT, 9)], "who had mail already is no news"
    done = await replica.work()
    assert done
    assert done.news == []
    await replica.run_all(BOT)
    await replica.inbox.put(BOT, [text(6)])
    done = await replica.work()
    assert done
    assert done.news == [ANN]


async def test_much_news_comes_in_several_calls_in_order(replica: Replica) -> None:
    count = 2 * NEWS_AT_ONCE + 10
    await replica.inbox.put(BOT, [text(n, user=n) for n in range(1, count + 1)])
    heard: list[str] = []
    while (done := await replica.work()) and done.news:
        assert len(done.news) <= NEWS_AT_ONCE
        heard += done.news
    assert heard == [name(BOT, n) for n in range(1, count + 1)]
    assert await replica.waiting(BOT) == heard
    oldest = (await replica.mailboxes.read(replica.held, [BOT, OTHER_BOT], 3))[BOT]
    assert oldest == heard[:3]


async def test_one_call_brings_so_much_news_of_all_shards_together(redis: Redis) -> None:
    replica = Replica(redis, "one", shards=4)
    await replica.look()
    shards, count = list(replica.holder.held.values()), 2 * NEWS_AT_ONCE + 10
    await replica.inbox.put(BOT, [text(n, user=n) for n in range(1, count + 1)])
    heard: list[str] = []
    for _ in range(3):
        done = await replica.mailboxes.work({held: Work() for held in shards})
        news = []
        for held, one in done.items():
            assert one
            held.news = one.newest
            news += one.news
        assert 0 < len(news) <= NEWS_AT_ONCE
        heard += news
    assert sorted(heard) == sorted(name(BOT, n) for n in range(1, count + 1))


# Replies that are lost, calls that come twice or late


async def test_a_call_whose_reply_was_lost_is_repeated_and_changes_nothing(
    replica: Replica, wire: Wire
) -> None:
    await replica.inbox.put(BOT, [text(1), text(2), text(3, user=8)])
    [turn, other] = await replica.begin(ANN, BOB)
    ends = [EndedTurn(turn, Outcome.DONE), EndedTurn(other, Outcome.DEAD, "no")]
    wire.loses_replies = True
    for _ in range(3):
        with pytest.raises(RedisConnectionError):
            await replica.work(*ends, begin=[ANN, BOB])
    wire.loses_replies = False
    done = await replica.work(*ends, begin=[ANN, BOB])
    assert done
    assert done.left == [1, 0]
    assert begun(done) == [2, None]
    assert await replica.inbox.letters.count() == 1
    assert await replica.inbox.sizes() == {BOT: 1}


async def test_an_entry_whose_reply_was_lost_is_repeated(replica: Replica, wire: Wire) -> None:
    await replica.inbox.put(BOT, [text(1)])
    wire.loses_replies = True
    with pytest.raises(RedisConnectionError):
        await replica.inbox.put(BOT, [text(2)])
    wire.loses_replies = False
    assert await replica.inbox.put(BOT, [text(2), text(3)]) == 1
    assert await replica.run_all(BOT) == [1, 2, 3]


async def test_a_call_that_comes_late_changes_nothing(replica: Replica, wire: Wire) -> None:
    await replica.inbox.put(BOT, [text(1), text(2)])
    turns = await replica.begin(ANN)
    wire.keeps_back = True
    with pytest.raises(RedisConnectionError):
        await replica.end(*turns)
    wire.keeps_back = False
    # Repeated on another connection, and overtaken by the next one.
    await replica.end(*turns)
    [second] = await replica.begin(ANN)
    assert await wire.deliver() == [None]
    await replica.end(second, outcome=Outcome.BACK)
    assert await replica.run_all(BOT) == [2]


async def test_a_call_that_arrives_twice_begins_and_ends_once(replica: Replica, wire: Wire) -> None:
    await replica.inbox.put(BOT, [text(1), text(2)])
    turns = await replica.begin(ANN)
    wire.keeps_back = True
    with pytest.raises(RedisConnectionError):
        await replica.work(*ended(turns), begin=[ANN])
    wire.keeps_back = False
    done = await replica.work(*ended(turns), begin=[ANN])
    assert await wire.deliver() is not None
    assert done
    assert begun(done) == [2]
    assert await replica.inbox.sizes() == {BOT: 1}


# Fencing


async def test_whoever_has_lost_a_shard_changes_nothing_and_is_told(
    replica: Replica, wire: Wire, clock: Clock
) -> None:
    await replica.inbox.put(BOT, [text(1), text(2)])
    turns = await replica.begin(ANN)
    heir = Replica(wire, "two")
    assert len(await silence(clock, 30, [heir])) == 1
    [inherited] = await heir.begin(ANN)
    assert inherited.update_id == 1
    for outcome in Outcome:
        assert await replica.end(*turns, outcome=outcome) is None
    assert await replica.work(begin=[ANN]) is None
    replica.held.epoch = heir.held.epoch
    assert await replica.end(*turns) is None, "an epoch alone is nobody's"
    assert await heir.inbox.sizes() == {BOT: 2}
    await heir.end(inherited)
    assert await heir.run_all(BOT) == [2]


async def test_whoever_took_a_shard_again_is_not_who_it_was(replica: Replica) -> None:
    await replica.inbox.put(BOT, [text(1)])
    turns = await replica.begin(ANN)
    old = replica.held
    replica.holder.lose(old)
    await replica.look()
    assert replica.held is not old
    assert replica.held.epoch == old.epoch + 1
    assert (await replica.mailboxes.work({old: Work(ended(turns))}))[old] is None
    assert await replica.run_all(BOT) == [1]
