"""What an intake cannot enter."""

from collections.abc import Mapping
from typing import Any, TypeGuard

HIGHEST_ID = (1 << 53) - 1
"""Redis' scripts count with 53 bits. Telegram's ids have 32."""


def is_update(value: object) -> TypeGuard[Mapping[str, Any]]:
    """Tell whether it is an update with an id, without which it can be neither entered once nor
    confirmed."""
    update_id = value.get("update_id") if isinstance(value, Mapping) else None
    # `type`, as True is an int too.
    return type(update_id) is int and 0 <= update_id <= HIGHEST_ID
