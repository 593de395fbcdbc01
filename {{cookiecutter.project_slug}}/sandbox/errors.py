"""The errors the sandbox answers with."""


class ApiError(Exception):
    """An error answer of the Bot API, in Telegram's words.

    https://core.telegram.org/bots/api#making-requests and #responseparameters.
    """

    def __init__(self, code: int, description: str, *, retry_after: int | None = None) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.retry_after = retry_after  # seconds

    def body(self) -> dict[str, object]:
        """The JSON answer."""
        body: dict[str, object] = {
            "ok": False,
            "error_code": self.code,
            "description": self.description,
        }
        if self.retry_after is not None:
            body["parameters"] = {"retry_after": self.retry_after}
        return body


class ControlError(Exception):
    """A request of the control API that cannot be done; the text says what to do instead."""

    def __init__(self, text: str, status: int = 400) -> None:
        super().__init__(text)
        self.status = status


class NothingCameError(Exception):
    """What was waited for did not come in time."""

    def __init__(self, messages: list[dict[str, object]]) -> None:
        super().__init__()
        self.messages = messages
        """The chat in which it was waited for."""


class PollInterruptedError(Exception):
    """A fault was injected while this getUpdates waited: look at the faults again."""


def bad_request(text: str) -> ApiError:
    """Error 400 with Telegram's prefix."""
    return ApiError(400, f"Bad Request: {text}")
