"""The errors the sandbox answers with."""


class ApiError(Exception):
    """An error answer of the Bot API, in Telegram's words.

    https://core.telegram.org/bots/api#making-requests and #responseparameters.
    """

    def __init__(
        self,
        code: int,
        description: str,
        *,
        retry_after: int | None = None,
        migrate_to_chat_id: int | None = None,
    ) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        told = {"retry_after": retry_after, "migrate_to_chat_id": migrate_to_chat_id}
        self.parameters = {name: value for name, value in told.items() if value is not None}
        """`retry_after` is in seconds."""

    def body(self) -> dict[str, object]:
        """The JSON answer."""
        body: dict[str, object] = {
            "ok": False,
            "error_code": self.code,
            "description": self.description,
        }
        if self.parameters:
            body["parameters"] = self.parameters
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
