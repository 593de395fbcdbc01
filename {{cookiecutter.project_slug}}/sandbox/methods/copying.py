"""Forwarding, copying, pinning and reacting.

https://core.telegram.org/bots/api#forwardmessage, #copymessage, #pinchatmessage,
#setmessagereaction
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

from sandbox.errors import bad_request
from sandbox.methods import content
from sandbox.methods.call import Call
from sandbox.methods.keyboards import inline_keyboard
from sandbox.methods.members import need_right
from sandbox.methods.sending import say
from sandbox.world import members
from sandbox.world.chats import Chat, Stored
from sandbox.world.events import Json

PIN = "manage pinned messages in the chat"
CAPTION = ("caption", "caption_entities", "show_caption_above_media")
NO_COPIES = ("invoice", "paid_media")
EMOJI = (
    "❤ 👍 👎 🔥 🥰 👏 😁 🤔 🤯 😱 🤬 😢 🎉 🤩 🤮 💩 🙏 👌 🕊 🤡 🥱 🥴 😍 🐳 "
    "🌚 🌭 💯 🤣 ⚡ 🍌 🏆 💔 🤨 😐 🍓 🍾 💋 🖕 😈 😴 😭 🤓 👻 👀 🎃 🙈 😇 😨 "
    "🤝 ✍ 🤗 🫡 🎅 🎄 ☃ 💅 🤪 🗿 🆒 💘 🙉 🦄 😘 💊 🙊 😎 👾 🤷 😡 "
    "❤\u200d🔥 👨\u200d💻 🤷\u200d♂ 🤷\u200d♀"
)
REACTIONS = frozenset(EMOJI.split())
"""https://core.telegram.org/bots/api#reactiontypeemoji"""


async def forward_message(call: Call) -> Json:
    """https://core.telegram.org/bots/api#forwardmessage"""
    chat = call.open_chat()
    stored = call.message(call.chat("from_chat_id"), "message to forward not found")
    if not may_leave(stored):
        raise bad_request("the message can't be forwarded")
    return forward(call, chat, stored, contents(stored) | start(call, stored))


async def forward_messages(call: Call) -> list[Json]:
    """https://core.telegram.org/bots/api#forwardmessages: what cannot be is skipped."""
    chat = call.open_chat()
    return [message_id(forward(call, chat, *one)) for one in several(call, may_leave)]


async def copy_message(call: Call) -> Json:
    """https://core.telegram.org/bots/api#copymessage"""
    chat = call.open_chat()
    stored = call.message(call.chat("from_chat_id"), "message to copy not found")
    if not may_be_copied(stored):
        raise bad_request("the message can't be copied")
    return copy(call, chat, contents(stored) | start(call, stored))


async def copy_messages(call: Call) -> list[Json]:
    """https://core.telegram.org/bots/api#copymessages: what cannot be is skipped."""
    chat = call.open_chat()
    return [copy(call, chat, made) for _, made in several(call, may_be_copied)]


async def pin_chat_message(call: Call) -> bool:
    """https://core.telegram.org/bots/api#pinchatmessage: in a private chat every bot may."""
    chat = call.open_chat()
    stored = call.message(chat, "message to pin not found")
    need_right(call, chat, "can_pin_messages", PIN)
    pinned = stored.message["message_id"]
    if pinned in chat.pinned:
        raise bad_request("CHAT_NOT_MODIFIED")
    tell_pins(call, chat, [*chat.pinned, pinned])
    notice = {"pinned_message": content.alone(stored.message)}
    members.announce(call.world, chat, call.bot.user, notice)
    return True


async def unpin_chat_message(call: Call) -> bool:
    """https://core.telegram.org/bots/api#unpinchatmessage: the newest message unless told
    which."""
    chat = call.open_chat()
    need_right(call, chat, "can_pin_messages", PIN)
    pinned = call.params.get("message_id") or max(chat.pinned, default=0)
    if pinned not in chat.pinned:
        raise bad_request("message to unpin not found")
    tell_pins(call, chat, [one for one in chat.pinned if one != pinned])
    return True


async def unpin_all_chat_messages(call: Call) -> bool:
    """https://core.telegram.org/bots/api#unpinallchatmessages"""
    chat = call.open_chat()
    need_right(call, chat, "can_pin_messages", PIN)
    tell_pins(call, chat, [])
    return True


async def set_message_reaction(call: Call) -> bool:
    """https://core.telegram.org/bots/api#setmessagereaction: a bot may set one."""
    chat = call.open_chat()
    stored = call.message(chat, "message to react not found")
    reactions = [one | clean(one) for one in call.params.get("reaction", [])]
    if len(reactions) > 1:
        raise bad_request("REACTIONS_TOO_MANY")
    stored.reactions[call.bot.bot_id] = reactions
    chat.tell_reactions(stored)
    return True


def clean(reaction: Json) -> Json:
    """The emoji without what selects its look. Raises ApiError 400 if it is no reaction."""
    emoji = reaction.get("emoji", "").replace("\ufe0f", "")
    if reaction["type"] == "emoji" and emoji not in REACTIONS:
        raise bad_request("REACTION_INVALID")
    if reaction["type"] == "paid":
        raise bad_request("can't parse ReactionType: invalid reaction type specified")
    return {"emoji": emoji} if emoji else {}


def several(call: Call, allowed: Callable[[Stored], bool]) -> list[tuple[Stored, Json]]:
    """The messages of `message_ids` that are there and allowed, and what they are about: albums
    stay albums (https://core.telegram.org/bots/api#copymessages). Raises ApiError 400."""
    source = call.chat("from_chat_id")
    ids = [one for one in call.message_ids() if one in source.messages]
    if sorted(set(ids)) != ids:
        raise bad_request("message identifiers must be in a strictly increasing order")
    found = [source.messages[one] for one in ids]
    fresh: defaultdict[str, str] = defaultdict(call.world.new_id)
    made = []
    for stored in filter(allowed, found):
        album = stored.message.get("media_group_id")
        group = {"media_group_id": fresh[album]} if album else {}
        made.append((stored, contents(stored) | group))
    if not made:
        raise bad_request("messages can't be forwarded")
    return made


def may_leave(stored: Stored) -> bool:
    """Whether a message can be forwarded: service messages and protected ones cannot."""
    return bool(contents(stored)) and not stored.message.get("has_protected_content")


def may_be_copied(stored: Stored) -> bool:
    """Whether a message can be copied: https://core.telegram.org/bots/api#copymessage."""
    return bool(contents(stored)) and not any(kind in stored.message for kind in NO_COPIES)


def forward(call: Call, chat: Chat, stored: Stored, made: Json) -> Json:
    """A message again, with its origin: https://core.telegram.org/bots/api#messageorigin."""
    return say(call, chat, {"forward_origin": content.origin(stored.message), **made})


def copy(call: Call, chat: Chat, made: Json) -> Json:
    """What a message is about again as the bot's own; returns a MessageId object."""
    if "poll" in made:
        # Votes are for the poll that was copied.
        options = [one | {"voter_count": 0} for one in made["poll"]["options"]]
        fresh = {"id": call.world.new_id(), "options": options, "total_voter_count": 0}
        made["poll"] = made["poll"] | fresh
    new = "caption" in call.params or call.params.get("remove_caption")
    if new and any(kind in made for kind in content.MEDIA):
        made = {n: v for n, v in made.items() if n not in CAPTION}
        made |= content.caption(call, call.params)
    return message_id(say(call, chat, made | inline_keyboard(call.params, chat)))


def contents(stored: Stored) -> Json:
    """What a message is about."""
    return {name: stored.message[name] for name in content.CONTENT if name in stored.message}


def start(call: Call, stored: Stored) -> Json:
    """The video of a message if it is to start elsewhere: #copymessage, `video_start_timestamp`."""
    if "video" not in stored.message or "video_start_timestamp" not in call.params:
        return {}
    seconds = call.params["video_start_timestamp"]
    return {"video": stored.message["video"] | {"start_timestamp": seconds}}


def message_id(message: Json) -> Json:
    """https://core.telegram.org/bots/api#messageid"""
    return {"message_id": message["message_id"]}


def tell_pins(call: Call, chat: Chat, message_ids: list[int]) -> None:
    """Other messages are pinned now."""
    chat.pinned = message_ids
    chat.tell("pin", call.bot.bot_id, message_ids=message_ids)


AGAIN = ("message_thread_id", "disable_notification", "protect_content")
MODELS = {
    "forwardMessage": (*AGAIN, "message_effect_id", "video_start_timestamp"),
    "forwardMessages": AGAIN,
    "copyMessage": (
        *(*AGAIN, "message_effect_id", "video_start_timestamp", "allow_paid_broadcast"),
        *("caption", "parse_mode", "caption_entities", "show_caption_above_media"),
        *("reply_parameters", "reply_to_message_id", "allow_sending_without_reply"),
        "reply_markup",
    ),
    "copyMessages": (*AGAIN, "remove_caption"),
    "pinChatMessage": ("disable_notification",),
    "unpinChatMessage": ("message_id",),
    "setMessageReaction": ("reaction", "is_big"),
}
