"""Tests of bots that read like a conversation. `plugin.py` says how."""

from sandbox.testing.bots import Account, BotUnderTest
from sandbox.testing.business import Business
from sandbox.testing.errors import NothingCame, Refused
from sandbox.testing.groups import Group
from sandbox.testing.guests import App
from sandbox.testing.message import InlineResult, Message, Notice
from sandbox.testing.people import User
from sandbox.testing.plugin import NewChannel, NewChat, NewUser
from sandbox.testing.telegram import Telegram

__all__ = [
    "Account",
    "App",
    "BotUnderTest",
    "Business",
    "Group",
    "InlineResult",
    "Message",
    "NewChannel",
    "NewChat",
    "NewUser",
    "NothingCame",
    "Notice",
    "Refused",
    "Telegram",
    "User",
]
