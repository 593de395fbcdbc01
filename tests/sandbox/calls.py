"""Parameters of calls that many tests make."""

from typing import Any

WEB = "https://example.com/a.jpg"


def live(**about: Any) -> dict[str, Any]:
    return {"latitude": 1, "longitude": 2, "live_period": 60, **about}


def poll(**about: Any) -> dict[str, Any]:
    return {"question": "?", "options": ["a", "b"], **about}


def quiz(**about: Any) -> dict[str, Any]:
    return poll(type="quiz", correct_option_ids=[0], **about)
