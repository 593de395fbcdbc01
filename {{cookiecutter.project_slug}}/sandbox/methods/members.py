"""Members and administrators of groups: https://core.telegram.org/bots/api#banchatmember."""

from __future__ import annotations

import unicodedata

from sandbox.errors import bad_request
from sandbox.methods.call import Call
from sandbox.world import members
from sandbox.world.chats import Chat
from sandbox.world.events import Json

UNCHANGEABLE = "chat member status can't be changed in private chats"
RESTRICT = "restrict/unrestrict chat member"
SUPERGROUPS = "method is available for supergroup and channel chats only"
GROUPS = "method is available only for groups and supergroups"
SHORTEST, LONGEST = 30, 366 * 86400
LONGEST_TITLE = 16
"""https://core.telegram.org/bots/api#setchatadministratorcustomtitle, #setchatmembertag"""


async def get_chat_member(call: Call) -> Json:
    """https://core.telegram.org/bots/api#getchatmember: subscribers of a channel are known to its
    administrators alone."""
    user_id = somebody(call)
    chat = with_members(call, user_id)
    return members.member(call.world, chat, user_id, call.bot.bot_id)


async def get_chat_administrators(call: Call) -> list[Json]:
    """https://core.telegram.org/bots/api#getchatadministrators: no other bots, unless asked."""
    chat = with_members(call)
    if chat.bot_id is not None:
        raise bad_request("there are no administrators in the private chat")
    others = () if call.params.get("return_bots") else call.world.bots.keys() - {call.bot.bot_id}
    return [
        members.seen(chat, one, call.bot.bot_id)
        for user_id, one in chat.members.items()
        if one["status"] in ("creator", "administrator") and user_id not in others
    ]


async def get_chat_member_count(call: Call) -> int:
    """https://core.telegram.org/bots/api#getchatmembercount"""
    chat = call.chat(read=True)
    return 2 if chat.bot_id is not None else sum(map(chat.is_member, chat.members))


async def ban_chat_member(call: Call) -> bool:
    """https://core.telegram.org/bots/api#banchatmember"""
    chat, old = target(call)
    members.leave(call.world, chat, call.bot.user, old["user"], until_date(call))
    return True


async def unban_chat_member(call: Call) -> bool:
    """https://core.telegram.org/bots/api#unbanchatmember: who is there is removed, but may come
    back. With `only_if_banned` nothing happens to others, whatever the bot may do."""
    chat = group(call, SUPERGROUPS, "supergroup", "channel")
    banned = chat.member(somebody(call)).get("status") == "kicked"
    if call.params.get("only_if_banned") and not banned:
        return True
    chat, old = target(call, SUPERGROUPS)
    if banned or chat.is_member(old["user"]["id"]):
        members.leave(call.world, chat, call.bot.user, old["user"])
    return True


async def restrict_chat_member(call: Call) -> bool:
    """https://core.telegram.org/bots/api#restrictchatmember, #chatmemberrestricted"""
    chat, old = target(call, "method is available only for supergroups", "supergroup")
    user, inside = old["user"], chat.is_member(old["user"]["id"])
    allowed = permissions(call)
    new = {"status": "member" if inside else "left", "user": user}
    if not all(allowed.values()):
        about = {"is_member": inside, "until_date": until_date(call)}
        new |= {"status": "restricted"} | about | allowed
    members.change(call.world, chat, call.bot.user, new)
    return True


async def promote_chat_member(call: Call) -> bool:
    """https://core.telegram.org/bots/api#promotechatmember: without any right, the contrary. A bot
    gives no right that it has not, and changes no administrator whom somebody else made one."""
    chat = group(call, SUPERGROUPS, "supergroup", "channel")
    user_id = somebody(call)
    old = members.member(call.world, chat, user_id)
    if old["status"] == "creator":
        raise bad_request("can't remove chat owner")
    if user_id == call.bot.bot_id:
        raise bad_request("can't promote self")
    if not has_right(call, chat, "can_promote_members"):
        raise bad_request("not enough rights")
    if not chat.is_member(user_id):
        raise bad_request("USER_NOT_MUTUAL_CONTACT")
    if old["status"] == "administrator" and not may_edit(call, chat, user_id):
        raise bad_request("CHAT_ADMIN_REQUIRED")
    rights = members.rights_in(chat)
    if any(call.params.get(name) and not has_right(call, chat, name) for name in rights):
        raise bad_request("RIGHT_FORBIDDEN")
    new = {"status": "member", "user": old["user"]}
    if any(call.params.get(name) for name in (*rights, "is_anonymous")):
        new = members.administrator(chat, old["user"], call.params)
    members.change(call.world, chat, call.bot.user, new)
    return True


async def set_chat_administrator_custom_title(call: Call) -> bool:
    """https://core.telegram.org/bots/api#setchatadministratorcustomtitle"""
    chat = group(call, GROUPS, "group", "supergroup")
    old = members.member(call.world, chat, somebody(call))
    if old["status"] == "creator":
        raise bad_request("only the owner can edit their custom title")
    if old["status"] != "administrator":
        raise bad_request("user is not an administrator")
    if not may_edit(call, chat, old["user"]["id"]):
        raise bad_request("not enough rights to change custom title of the user")
    title = short(call, "custom_title")
    new = {name: value for name, value in old.items() if name != "custom_title"}
    members.change(
        call.world, chat, call.bot.user, new | ({"custom_title": title} if title else {})
    )
    return True


async def set_chat_member_tag(call: Call) -> bool:
    """https://core.telegram.org/bots/api#setchatmembertag: of those who are no administrators."""
    chat = group(call, GROUPS, "group", "supergroup")
    old = members.member(call.world, chat, somebody(call))
    need_right(call, chat, "can_manage_tags", "change the tag of the user")
    if old["status"] not in ("member", "restricted") or not chat.is_member(old["user"]["id"]):
        raise bad_request("TAG_CHANGE_FORBIDDEN")
    tag = short(call, "tag")
    new = {name: value for name, value in old.items() if name != "tag"}
    members.change(call.world, chat, call.bot.user, new | ({"tag": tag} if tag else {}))
    return True


async def leave_chat(call: Call) -> bool:
    """https://core.telegram.org/bots/api#leavechat"""
    members.leave(call.world, group(call, UNCHANGEABLE), call.bot.user, call.bot.user)
    return True


def group(call: Call, problem: str, *kinds: str) -> Chat:
    """The chat, which must be none with a user, or of certain kinds. Raises ApiError 400 with
    `problem`."""
    chat = call.chat()
    if chat.bot_id is not None or (kinds and chat.info["type"] not in kinds):
        raise bad_request(problem)
    return chat


def with_members(call: Call, user_id: int | None = None) -> Chat:
    """The chat to look who is in it; everybody may look for themselves. Raises ApiError 400."""
    chat = call.chat(read=True)
    me = chat.member(call.bot.bot_id).get("status")
    if chat.is_channel and me != "administrator" and user_id != call.bot.bot_id:
        raise bad_request("member list is inaccessible")
    return chat


def has_right(call: Call, chat: Chat, right: str) -> bool:
    """Whether the bot is an administrator with that right; in private chats it needs none, and in
    channels who may edit may pin (https://core.telegram.org/bots/api#pinchatmessage)."""
    if chat.is_channel and right == "can_pin_messages":
        right = "can_edit_messages"
    me = chat.members.get(call.bot.bot_id, {})
    return chat.bot_id is not None or (me["status"] == "administrator" and me.get(right, False))


def may_edit(call: Call, chat: Chat, user_id: int) -> bool:
    """Whether the bot may change an administrator: one whom it has made one."""
    own = chat.promoters.get(user_id) == call.bot.bot_id
    return own and has_right(call, chat, "can_promote_members")


def need_right(call: Call, chat: Chat, right: str, purpose: str) -> None:
    """Raises ApiError 400 unless the bot has that right."""
    if not has_right(call, chat, right):
        raise bad_request(f"not enough rights to {purpose}")


def somebody(call: Call) -> int:
    """The `user_id`. Raises ApiError 400 for nobody who is known."""
    user_id: int = call.params["user_id"]
    if user_id not in call.world.users and user_id not in call.world.bots:
        raise bad_request("user not found")
    return user_id


def target(call: Call, problem: str = UNCHANGEABLE, *kinds: str) -> tuple[Chat, Json]:
    """The group, perhaps of certain kinds, and the ChatMember object of `user_id`, whom the bot may
    restrict. Raises ApiError 400, with `problem` in other chats."""
    chat = group(call, problem, *kinds)
    user_id = somebody(call)
    need_right(call, chat, "can_restrict_members", RESTRICT)
    if user_id == call.bot.bot_id:
        raise bad_request("can't restrict self")
    old = members.member(call.world, chat, user_id)
    if old["status"] == "creator":
        raise bad_request("can't remove chat owner")
    if old["status"] == "administrator" and not may_edit(call, chat, user_id):
        raise bad_request("user is an administrator of the chat")
    return chat, old


def short(call: Call, name: str) -> str:
    """A text that stands beside the name of a member: short and without emoji. Raises ApiError
    400."""
    text: str = call.params.get(name, "")
    if any(unicodedata.category(one) in ("So", "Sk") for one in text):
        raise bad_request(f"{name.upper()}_EMOJI_NOT_ALLOWED")
    if len(text) > LONGEST_TITLE:
        raise bad_request(f"{name.upper()}_INVALID")
    return text


def until_date(call: Call) -> int:
    """When it ends; 0: never, which is meant by less than 30 seconds or more than 366 days, too:
    https://core.telegram.org/bots/api#banchatmember."""
    date: int = call.params.get("until_date", 0)
    return date if SHORTEST <= date - call.world.clock.now() <= LONGEST else 0


def permissions(call: Call) -> Json:
    """Every permission, granted or not: https://core.telegram.org/bots/api#restrictchatmember tells
    which ones include others."""
    given = call.params["permissions"]
    made = {name: bool(given.get(name)) for name in members.PERMISSIONS}
    if not call.params.get("use_independent_chat_permissions"):
        if made["can_send_other_messages"] or made["can_add_web_page_previews"]:
            sending = {right for right, _ in members.SENDING.values()}
            made |= dict.fromkeys(sending - {"can_send_polls", "can_send_other_messages"}, True)
        made["can_send_messages"] = made["can_send_messages"] or made["can_send_polls"]
    for name, same in (
        ("can_manage_topics", "can_pin_messages"),
        ("can_edit_tag", "can_pin_messages"),
        ("can_react_to_messages", "can_send_messages"),
    ):
        made[name] = bool(given.get(name, made[same]))
    return made


MODELS = {
    "setChatMemberTag": ("tag",),
    "getChatAdministrators": ("return_bots",),
    "banChatMember": ("until_date", "revoke_messages"),
    "unbanChatMember": ("only_if_banned",),
    "restrictChatMember": ("use_independent_chat_permissions", "until_date"),
    "promoteChatMember": ("is_anonymous", *members.RIGHTS, *members.OF_CHANNELS),
}
