"""Which calls flood control counts, and as how much: `sandbox/world/limits.py` has the rest."""

from __future__ import annotations

from sandbox.methods.call import Call

COUNTED = ("send", "forward", "copy", "edit", "createforumtopic")
"""How the names of methods begin that send or change a message."""
FREE = ("sendchataction", "sendmessagedraft", "sendrichmessagedraft")
"""They tell that a bot writes, and are refused where it is shut out."""
SEVERAL = ("media", "message_ids")
"""Parameters that are lists of what is sent."""


def slow_down(call: Call) -> None:
    """Counts a call. Raises ApiError 429, and what `Call.chat` raises."""
    name, limits = call.method.lower(), call.world.limits
    if name == "setwebhook" and call.params.get("url"):
        limits.once(call.bot.bot_id)
    if limits.rates is None or not name.startswith(COUNTED) or "chat_id" not in call.params:
        return
    bot_id, chat = call.bot.bot_id, call.chat()
    if name in FREE:
        limits.glance(bot_id, chat.chat_id)
        return
    lists = [one for one in map(call.params.get, SEVERAL) if isinstance(one, list)]
    limits.take(
        bot_id,
        chat.chat_id,
        chat.acted_at,
        len(lists[0]) if lists else 1,
        paid=bool(call.params.get("allow_paid_broadcast")),
    )
