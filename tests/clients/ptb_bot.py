"""A bot on python-telegram-bot. tests/test_clients.py talks to it, and to its twin grammy_bot.mjs.

Environment: BOT_TOKEN, TELEGRAM_API_URL; WEBHOOK_PORT of 127.0.0.1 for webhooks, else it polls.
"""

import base64
import logging
import os

from telegram import (
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputMediaPhoto,
    InputMediaVideo,
    ReplyKeyboardMarkup,
    Update,
)
from telegram.constants import ParseMode
from telegram.ext import (
    Application,
    CallbackQueryHandler,
    CommandHandler,
    ContextTypes,
    MessageHandler,
    PollAnswerHandler,
    filters,
)

DRINKS = ["Tea", "Coffee"]
DOT = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
"""A PNG of one pixel."""

Context = ContextTypes.DEFAULT_TYPE


async def start(update: Update, context: Context) -> None:
    assert update.message
    assert update.effective_user
    buttons = [InlineKeyboardButton(label, callback_data=label) for label in ("Yes", "No")]
    await update.message.reply_text(
        f"Hello, {update.effective_user.first_name}!",
        reply_markup=InlineKeyboardMarkup([buttons]),
    )


async def pressed(update: Update, context: Context) -> None:
    query = update.callback_query
    assert query
    await query.answer(f"You pressed {query.data}.")
    await query.edit_message_text(f"Pressed: {query.data}")


async def weigh_photo(update: Update, context: Context) -> None:
    assert update.message
    file = await update.message.photo[-1].get_file()
    content = await file.download_as_bytearray()
    await update.message.reply_text(f"{len(content)} bytes")


async def photo(update: Update, context: Context) -> None:
    assert update.message
    await update.message.reply_photo(
        DOT, caption="<b>A dot</b>, one pixel wide", parse_mode=ParseMode.HTML
    )


async def album(update: Update, context: Context) -> None:
    assert update.message
    # The film is none; Telegram would say so, the sandbox does not look.
    film = InputMediaVideo(b"film", filename="film.mp4", thumbnail=DOT, caption="A film")
    await update.message.reply_media_group([InputMediaPhoto(DOT), film])


async def poll(update: Update, context: Context) -> None:
    assert update.message
    await update.message.reply_poll("Tea or coffee?", DRINKS, is_anonymous=False)


async def voted(update: Update, context: Context) -> None:
    answer = update.poll_answer
    assert answer
    assert answer.user
    chosen = ", ".join(DRINKS[number] for number in answer.option_ids)
    await context.bot.send_message(answer.user.id, f"You chose {chosen}.")


async def menu(update: Update, context: Context) -> None:
    assert update.message
    keyboard = ReplyKeyboardMarkup([DRINKS], resize_keyboard=True)
    await update.message.reply_text("What will it be?", reply_markup=keyboard)


async def echo(update: Update, context: Context) -> None:
    assert update.message
    await update.message.reply_text(update.message.text or "This is no text.")


def main() -> None:
    # httpx, which calls the Bot API, tells every address: the test looks where the calls went.
    logging.basicConfig(level=logging.INFO)
    api = os.environ["TELEGRAM_API_URL"]
    application = (
        Application.builder()
        .token(os.environ["BOT_TOKEN"])
        .base_url(f"{api}/bot")
        .base_file_url(f"{api}/file/bot")
        .build()
    )
    application.add_handlers(
        [
            CommandHandler("start", start),
            CommandHandler("photo", photo),
            CommandHandler("album", album),
            CommandHandler("poll", poll),
            CommandHandler("menu", menu),
            CallbackQueryHandler(pressed),
            PollAnswerHandler(voted),
            MessageHandler(filters.PHOTO & filters.UpdateType.MESSAGE, weigh_photo),
            MessageHandler(filters.UpdateType.MESSAGE, echo),
        ]
    )
    # Both return after SIGTERM.
    if port := os.environ.get("WEBHOOK_PORT"):
        application.run_webhook(
            listen="127.0.0.1",
            port=int(port),
            webhook_url=f"http://127.0.0.1:{port}",
            secret_token="only-the-sandbox-knows",
        )
    else:
        application.run_polling()


if __name__ == "__main__":
    main()
