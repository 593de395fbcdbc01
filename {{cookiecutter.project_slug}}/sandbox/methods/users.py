"""What users show of themselves: #setuseremojistatus, #getuserpersonalchatmessages."""

from __future__ import annotations

from sandbox.errors import bad_request
from sandbox.methods.call import Call
from sandbox.methods.members import somebody
from sandbox.world.events import Json

MOST_MESSAGES = 20
"""https://core.telegram.org/bots/api#getuserpersonalchatmessages"""


async def set_user_emoji_status(call: Call) -> bool:
    """https://core.telegram.org/bots/api#setuseremojistatus: if the user has allowed it."""
    user_id = somebody(call)
    if (call.bot.bot_id, user_id) not in call.world.status_allowed:
        raise bad_request("USER_PERMISSION_DENIED")
    given = {n: one for n, one in call.params.items() if n.startswith("emoji_status_")}
    about = call.world.about(user_id)
    for name in ("emoji_status_custom_emoji_id", "emoji_status_expiration_date"):
        about.pop(name, None)
    if given.get("emoji_status_custom_emoji_id"):
        about.update(given)
    return True


async def get_user_personal_chat_messages(call: Call) -> list[Json]:
    """https://core.telegram.org/bots/api#getuserpersonalchatmessages: the newest first."""
    limit = call.params["limit"]
    if not 1 <= limit <= MOST_MESSAGES:
        raise bad_request("invalid limit specified")
    shown = call.world.about(somebody(call)).get("personal_chat")
    if shown is None:
        return []
    messages = list(call.world.group(shown["id"]).messages.values())
    return [stored.message for stored in reversed(messages[-limit:])]


MODELS = {
    "setUserEmojiStatus": ("emoji_status_custom_emoji_id", "emoji_status_expiration_date"),
}
