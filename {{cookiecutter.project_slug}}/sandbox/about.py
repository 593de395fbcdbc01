"""Methods about the bot and its chats, and the table of all methods."""

from __future__ import annotations

import re

from sandbox import managed, messages, updates
from sandbox.api import Answer, Call, Method
from sandbox.errors import bad_request

COMMAND_NAME = re.compile(r"[a-z0-9_]{1,32}")


async def get_me(call: Call) -> Answer:
    """https://core.telegram.org/bots/api#getme"""
    return Answer(
        {
            **call.bot.user,
            "can_join_groups": True,
            "can_read_all_group_messages": False,
            "supports_inline_queries": False,
            "can_connect_to_business": False,
            "has_main_web_app": False,
            "can_manage_bots": True,
        }
    )


async def get_chat(call: Call) -> Answer:
    """https://core.telegram.org/bots/api#getchat"""
    return Answer(
        {
            **call.chat().info,
            "accent_color_id": 0,
            "max_reaction_count": 11,
            "accepted_gift_types": {
                "unlimited_gifts": False,
                "limited_gifts": False,
                "unique_gifts": False,
                "premium_subscription": False,
                "gifts_from_channels": False,
            },
        }
    )


async def set_my_commands(call: Call) -> Answer:
    """https://core.telegram.org/bots/api#setmycommands"""
    commands = call.params.json_objects("commands", "bot commands") or []
    if len(commands) > 100:
        raise bad_request("BOT_COMMANDS_TOO_MUCH")
    for command in commands:
        if not COMMAND_NAME.fullmatch(str(command.get("command", "")).removeprefix("/")):
            raise bad_request("BOT_COMMAND_INVALID")
        if not 1 <= len(str(command.get("description", ""))) <= 256:
            raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
    call.bot.commands[command_key(call)] = commands
    return Answer(result=True)


async def get_my_commands(call: Call) -> Answer:
    """https://core.telegram.org/bots/api#getmycommands"""
    return Answer(call.bot.commands.get(command_key(call), []))


def command_key(call: Call) -> tuple[str, str]:
    """Commands are kept by scope and language, the scope in one canonical writing."""
    scope = call.params.json_object("scope", "bot command scope") or {"type": "default"}
    return repr(sorted(scope.items())), call.params.text("language_code")


METHODS: dict[str, Method] = {
    name.lower(): method
    for name, method in {
        "getMe": get_me,
        "getUpdates": updates.get_updates,
        "setWebhook": updates.set_webhook,
        "deleteWebhook": updates.delete_webhook,
        "getWebhookInfo": updates.get_webhook_info,
        "sendMessage": messages.send_message,
        "editMessageText": messages.edit_message_text,
        "editMessageReplyMarkup": messages.edit_message_reply_markup,
        "deleteMessage": messages.delete_message,
        "answerCallbackQuery": messages.answer_callback_query,
        "sendChatAction": messages.send_chat_action,
        "setMyCommands": set_my_commands,
        "getMyCommands": get_my_commands,
        "getChat": get_chat,
        "getManagedBotToken": managed.get_managed_bot_token,
        "replaceManagedBotToken": managed.replace_managed_bot_token,
    }.items()
}
"""By name in lower case: names are case-insensitive at Telegram."""
