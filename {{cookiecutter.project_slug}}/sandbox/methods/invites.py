"""Invite links and requests to join: https://core.telegram.org/bots/api#createchatinvitelink."""

from __future__ import annotations

from aiogram.types import ChatInviteLink

from sandbox.errors import bad_request
from sandbox.methods.call import Call
from sandbox.methods.content import described
from sandbox.methods.members import group, need_right, somebody
from sandbox.world import joining
from sandbox.world.chats import Chat
from sandbox.world.events import Json
from sandbox.world.invites import Link, new_address

LONGEST_NAME = 32
MOST_MEMBERS = 99_999
"""https://core.telegram.org/bots/api#createchatinvitelink"""
TERMS = ("name", "expire_date", "member_limit", "creates_join_request")
MONTH = 30 * 86400
MOST_STARS = 10_000
"""https://core.telegram.org/bots/api#createchatsubscriptioninvitelink"""


async def export_chat_invite_link(call: Call) -> str:
    """https://core.telegram.org/bots/api#exportchatinvitelink: the one before is revoked."""
    return primary(call, inviting(call)).address


async def create_chat_invite_link(call: Call) -> Json:
    """https://core.telegram.org/bots/api#createchatinvitelink"""
    chat = inviting(call)
    return new_link(call, chat, terms(call)).describe()


async def edit_chat_invite_link(call: Call) -> Json:
    """https://core.telegram.org/bots/api#editchatinvitelink: what is not given ends."""
    link = own_link(call)
    link.described = described(ChatInviteLink, terms(call) | fixed(link))
    return link.describe()


async def create_chat_subscription_invite_link(call: Call) -> Json:
    """https://core.telegram.org/bots/api#createchatsubscriptioninvitelink"""
    chat = inviting(call)
    if not chat.is_channel:
        raise bad_request("CHAT_INVALID")
    period, price = call.params["subscription_period"], call.params["subscription_price"]
    if period != MONTH:
        raise bad_request("SUBSCRIPTION_PERIOD_INVALID")
    if not 1 <= price <= MOST_STARS:
        raise bad_request("STARS_AMOUNT_INVALID")
    about = {"subscription_period": period, "subscription_price": price}
    return new_link(call, chat, about | terms(call)).describe()


async def edit_chat_subscription_invite_link(call: Call) -> Json:
    """https://core.telegram.org/bots/api#editchatsubscriptioninvitelink"""
    link = own_link(call)
    about = {name: one for name, one in link.described.items() if name.startswith("subscription")}
    link.described = described(ChatInviteLink, terms(call) | about | fixed(link))
    return link.describe()


async def revoke_chat_invite_link(call: Call) -> Json:
    """https://core.telegram.org/bots/api#revokechatinvitelink: a primary one is followed by a new
    one."""
    link = own_link(call)
    revoke(link)
    if link.described["is_primary"]:
        primary(call, link.chat)
    return link.describe()


async def approve_chat_join_request(call: Call) -> bool:
    """https://core.telegram.org/bots/api#approvechatjoinrequest"""
    request = asked(call)
    link = call.world.links[request["invite_link"]["invite_link"]]
    joining.enter(call.world, link, request["from"], call.bot.user)
    return True


async def decline_chat_join_request(call: Call) -> bool:
    """https://core.telegram.org/bots/api#declinechatjoinrequest"""
    chat = inviting(call)
    asked(call)
    call.world.group_changed(chat)
    return True


def inviting(call: Call) -> Chat:
    """The group or channel, to which the bot may invite. Raises ApiError 400."""
    chat = group(call, "can't invite members to a private chat")
    need_right(call, chat, "can_invite_users", "manage chat invite link")
    return chat


def asked(call: Call) -> Json:
    """The request of `user_id` to join, which is over now. Raises ApiError 400."""
    chat, user_id = inviting(call), somebody(call)
    if chat.is_member(user_id):
        raise bad_request("USER_ALREADY_PARTICIPANT")
    if user_id not in chat.requests:
        raise bad_request("HIDE_REQUESTER_MISSING")
    return chat.requests.pop(user_id)


def own_link(call: Call) -> Link:
    """The `invite_link`, which the bot has made and not revoked. Raises ApiError 400."""
    chat = inviting(call)
    link = call.world.links.get(call.params["invite_link"])
    if link is None or link.chat is not chat or link.described["creator"]["id"] != call.bot.bot_id:
        raise bad_request("INVITE_HASH_EXPIRED")
    if link.described["is_revoked"]:
        raise bad_request("INVITE_HASH_EXPIRED")
    return link


def terms(call: Call) -> Json:
    """To what a link invites, from the parameters. Raises ApiError 400."""
    made: Json = {name: call.params[name] for name in TERMS if call.params.get(name)}
    made["name"] = made.get("name", "")[:LONGEST_NAME] or None
    if not 0 <= made.get("member_limit", 0) <= MOST_MEMBERS:
        raise bad_request("USAGE_LIMIT_INVALID")
    if made.get("expire_date", call.world.clock.date) < call.world.clock.date:
        raise bad_request("EXPIRE_DATE_INVALID")
    if "member_limit" in made and "creates_join_request" in made:
        text = "member limit can't be specified for links requiring administrator approval"
        raise bad_request(text)
    return made


def fixed(link: Link) -> Json:
    """What an edit leaves as it is."""
    return {name: link.described[name] for name in ("invite_link", "creator", "is_primary")}


def new_link(call: Call, chat: Chat, about: Json) -> Link:
    """A link of the bot to a chat."""
    about = about | {"invite_link": new_address(), "creator": call.bot.user}
    link = Link(chat, described(ChatInviteLink, about))
    call.world.links[link.address] = link
    return link


def primary(call: Call, chat: Chat) -> Link:
    """A new link of the bot that everybody may use; the one before is revoked."""
    if old := call.world.links.get(chat.details.get("invite_link", "")):
        revoke(old)
    link = new_link(call, chat, {"is_primary": True})
    chat.details["invite_link"] = link.address
    return link


def revoke(link: Link) -> None:
    """Nobody can join by a link any more."""
    link.described = link.described | {"is_revoked": True}


MODELS = {
    "createChatInviteLink": TERMS,
    "editChatInviteLink": TERMS,
    "createChatSubscriptionInviteLink": ("name",),
    "editChatSubscriptionInviteLink": ("name",),
}
