"""What a broadcast says: a call as JSON keeps it, but for the chat."""

from typing import Any


def text_message(text: str, **params: Any) -> dict[str, Any]:
    """Make one that sends a text; as it is, unless `parse_mode` says otherwise."""
    return {"method": "sendMessage", "params": {"parse_mode": None, **params, "text": text}}


def copy_message(chat: int | str, message: int, **params: Any) -> dict[str, Any]:
    """Make one that sends a copy of a message, which may have any content."""
    named = {**params, "from_chat_id": chat, "message_id": message}
    return {"method": "copyMessage", "params": named}


def with_params(message: dict[str, Any], **params: Any) -> dict[str, Any]:
    """Make the same with more parameters."""
    return {**message, "params": {**message["params"], **params}}


def in_short(message: dict[str, Any]) -> str:
    """Describe one in a line."""
    params = message["params"]
    if "from_chat_id" in params:
        return f"copy of message {params['message_id']} in chat {params['from_chat_id']}"
    return " ".join(str(params.get("text", "")).split())[:60]
