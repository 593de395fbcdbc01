"""No parameter is silently ignored: what the sandbox does not model is refused in words.

What aiogram requires of a method is modelled. What may be left out is modelled if the module of the
method says so in its `MODELS`, by the method's name:

    MODELS = {"pinChatMessage": ("disable_notification",)}

Everything else that aiogram's type has is refused when it is given and says anything: False, 0 and
what is empty say no more than leaving it out.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sandbox.errors import bad_request
from sandbox.methods.decode import known_methods, parameters

NOT_HERE = {
    "business_connection_id": "business connection not found",
    "message_thread_id": "message thread not found",
}
"""What Telegram says when there is no such thing, as there is none for a method without it."""


def refuse_others(method: str, params: Mapping[str, Any], modelled: Collection[str]) -> None:
    """Raises ApiError 400 for a parameter that says something and is neither required nor among
    those that are modelled."""
    for one in parameters(known_methods()[method.lower()]):
        if not one.required and one.name not in modelled and params.get(one.name):
            text = f'the sandbox does not model "{one.name}" of {method}: leave it out here'
            raise bad_request(NOT_HERE.get(one.name, text))
