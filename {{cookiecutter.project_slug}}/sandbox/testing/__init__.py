"""Tests of bots that read like a conversation. `plugin.py` says how."""

from sandbox.testing.bots import Account, BotUnderTest
from sandbox.testing.message import Message, Notice
from sandbox.testing.people import Group, User
from sandbox.testing.plugin import NewChat, NewUser
from sandbox.testing.telegram import NothingCame, Telegram

__all__ = [
    "Account",
    "BotUnderTest",
    "Group",
    "Message",
    "NewChat",
    "NewUser",
    "NothingCame",
    "Notice",
    "Telegram",
    "User",
]
