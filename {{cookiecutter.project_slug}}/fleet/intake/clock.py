"""The intake of jobs: each has its next turn ordered where the bot's intake runs."""

from aiogram import Dispatcher

from fleet.bots.member import Member
from fleet.bots.role import role_data
from fleet.inbox.timers import TimerBook
from fleet.intake.duties import Duty
from fleet.turn.jobs import clockworks_for

LOOK_AGAIN = 600.0
"""Seconds between two looks whether a job was lost: its processes died in each of its turns, or it
waited for its turn when all that waits was dropped."""


def order_jobs(dispatcher: Dispatcher, book: TimerBook) -> Duty:
    """Order the turns of jobs that were never ordered, or for another time than they say now.

    Args:
        dispatcher: where the jobs are.
        book: where they are kept.
    """

    async def order(member: Member) -> None:
        data = {"bot": member.bot, **role_data(member.role)}
        for clockwork in await clockworks_for(dispatcher, **data):
            kept = await book.of(clockwork.conversation(member.id))
            if not clockwork.ordered_by(kept.get(clockwork.name)):
                await book.write(clockwork.order(member.id))

    return Duty(order, "jobs wait", again=LOOK_AGAIN)
