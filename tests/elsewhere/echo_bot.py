"""A bot on telebot."""

import os

from telebot import TeleBot, apihelper
from telebot.types import Message

apihelper.API_URL = os.environ["TELEGRAM_API_URL"] + "/bot{0}/{1}"
bot = TeleBot("43:TOKEN")


def start(message: Message) -> None:
    bot.reply_to(message, "Send me something")


def echo(message: Message) -> None:
    bot.reply_to(message, message.text)


bot.register_message_handler(start, commands=["start"])
bot.register_message_handler(echo, content_types=["text"])
bot.infinity_polling()
