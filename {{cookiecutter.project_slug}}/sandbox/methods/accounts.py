"""Business accounts themselves, as far as their owners let a bot: #setbusinessaccountname."""

from __future__ import annotations

import re

from sandbox.errors import bad_request
from sandbox.methods.business import allowed
from sandbox.methods.call import Call
from sandbox.methods.gifts import SOME, owned
from sandbox.methods.photos import add_photo
from sandbox.world.business import Connection
from sandbox.world.events import Json
from sandbox.world.stars import from_user

LONGEST_NAME = 64
LONGEST_BIO = 140
MOST_STARS = 10_000
"""https://core.telegram.org/bots/api#transferbusinessaccountstars"""
USERNAME = re.compile(r"([A-Za-z]\w{3,31})?", re.ASCII)
PHOTO = "can_edit_profile_photo"


async def set_business_account_name(call: Call) -> bool:
    """https://core.telegram.org/bots/api#setbusinessaccountname"""
    connection = allowed(call, "can_edit_name")
    first, last = call.params["first_name"], call.params.get("last_name", "")
    if not first.strip() or max(len(first), len(last)) > LONGEST_NAME:
        raise bad_request("FIRSTNAME_INVALID")
    user = call.world.user(connection.owner_id) | {"first_name": first, "last_name": last}
    call.world.users[connection.owner_id] = {name: one for name, one in user.items() if one != ""}
    return True


async def set_business_account_profile_photo(call: Call) -> bool:
    """https://core.telegram.org/bots/api#setbusinessaccountprofilephoto"""
    add_photo(call, allowed(call, PHOTO).owner_id)
    return True


async def remove_business_account_profile_photo(call: Call) -> bool:
    """https://core.telegram.org/bots/api#removebusinessaccountprofilephoto"""
    owner_id = allowed(call, PHOTO).owner_id
    call.world.photos.get(owner_id, [])[:1] = []
    return True


async def set_business_account_username(call: Call) -> bool:
    """https://core.telegram.org/bots/api#setbusinessaccountusername"""
    owner_id, username = (
        allowed(call, "can_edit_username").owner_id,
        call.params.get("username", ""),
    )
    if not USERNAME.fullmatch(username):
        raise bad_request("USERNAME_INVALID")
    others = (one for user_id, one in call.world.users.items() if user_id != owner_id)
    taken = {one.get("username", "").lower() for one in others} - {""}
    if username.lower() in taken or call.world.named(f"@{username}"):
        raise bad_request("USERNAME_OCCUPIED")
    user = call.world.user(owner_id) | {"username": username}
    call.world.users[owner_id] = {name: one for name, one in user.items() if one != ""}
    return True


async def set_business_account_bio(call: Call) -> bool:
    """https://core.telegram.org/bots/api#setbusinessaccountbio"""
    owner_id, bio = allowed(call, "can_edit_bio").owner_id, call.params.get("bio", "")
    if len(bio) > LONGEST_BIO:
        raise bad_request("ABOUT_TOO_LONG")
    call.world.about(owner_id)["bio"] = bio
    return True


async def set_business_account_gift_settings(call: Call) -> bool:
    """https://core.telegram.org/bots/api#setbusinessaccountgiftsettings"""
    owner_id = allowed(call, "can_change_gift_settings").owner_id
    call.world.about(owner_id)["accepted_gift_types"] = call.params["accepted_gift_types"]
    return True


async def get_business_account_gifts(call: Call) -> Json:
    """https://core.telegram.org/bots/api#getbusinessaccountgifts: with ids."""
    return owned(call, allowed(call, "can_view_gifts_and_stars").owner_id, ids=True)


async def transfer_gift(call: Call) -> bool:
    """https://core.telegram.org/bots/api#transfergift: to somebody who has written to the
    account."""
    connection = allowed(call, "can_transfer_and_upgrade_gifts")
    gift, to = own_gift(call, connection), call.params["new_owner_chat_id"]
    if to not in connection.chats:
        raise bad_request("BUSINESS_PEER_INVALID")
    call.world.gifts[connection.owner_id].remove(gift)
    call.world.gifts.setdefault(to, []).append(gift)
    return True


async def convert_gift_to_stars(call: Call) -> bool:
    """https://core.telegram.org/bots/api#convertgifttostars: the account has them then."""
    connection = allowed(call, "can_convert_gifts_to_stars")
    gift = own_gift(call, connection)
    call.world.gifts[connection.owner_id].remove(gift)
    connection.stars += gift["convert_star_count"]
    return True


def own_gift(call: Call, connection: Connection) -> Json:
    """The gift `owned_gift_id` of the account. Raises ApiError 400."""
    for one in call.world.gifts.get(connection.owner_id, []):
        if one["owned_gift_id"] == call.params["owned_gift_id"]:
            return one
    raise bad_request("STARGIFT_OWNER_INVALID")


async def get_business_account_star_balance(call: Call) -> Json:
    """https://core.telegram.org/bots/api#getbusinessaccountstarbalance"""
    return {"amount": allowed(call, "can_view_gifts_and_stars").stars}


async def transfer_business_account_stars(call: Call) -> bool:
    """https://core.telegram.org/bots/api#transferbusinessaccountstars: to the bot."""
    connection, amount = allowed(call, "can_transfer_stars"), call.params["star_count"]
    if not 1 <= amount <= MOST_STARS:
        raise bad_request("STARS_AMOUNT_INVALID")
    if connection.stars < amount:
        raise bad_request("BALANCE_TOO_LOW")
    connection.stars -= amount
    partner = from_user(call.world.user(connection.owner_id), "business_account_transfer")
    call.bot.purse.note(call.world.new_id(), amount, partner, call.world.clock.date)
    return True


MODELS = {
    "setBusinessAccountName": ("last_name",),
    "setBusinessAccountUsername": ("username",),
    "setBusinessAccountBio": ("bio",),
    "setBusinessAccountProfilePhoto": ("is_public",),
    "removeBusinessAccountProfilePhoto": ("is_public",),
    "getBusinessAccountGifts": (*SOME, "exclude_unsaved", "exclude_saved", "exclude_limited"),
}
