"""What holds for all that the bots send, unless a call says otherwise."""

from aiogram.client.default import DefaultBotProperties

DEFAULTS = DefaultBotProperties()
"""Nothing: texts are sent as they are. What can stand here:
https://docs.aiogram.dev/en/latest/api/defaults.html"""
