"""People who talk to a bot, as tests tell it."""

from sandbox.client import SandboxClient


class Person:
    """Somebody in a chat with one bot."""

    def __init__(self, sandbox: SandboxClient, bot_id: int, user_id: int, chat_id: int) -> None:
        self.user_id = user_id
        self.last = 0
        """The id of the message that the bot replied with last."""
        self._sandbox = sandbox
        self._bot_id = bot_id
        self._chat_id = chat_id

    async def send(self, text: str) -> str:
        """Write to the bot and return the text of its reply."""
        await self._sandbox.send(self._bot_id, text, user_id=self.user_id, chat_id=self._chat_id)
        return await self._reply()

    async def press(self, label: str) -> str:
        """Press a button under the last reply and return the text of the next one."""
        data = (await self.buttons(self.last))[label]
        await self._sandbox.press(
            self._bot_id, self._chat_id, self.last, data, user_id=self.user_id
        )
        return await self._reply()

    async def buttons(self, message_id: int) -> dict[str, str]:
        """Return the buttons under a message as they are now: labels and their callback data."""
        chat = await self._sandbox.messages(self._bot_id, self._chat_id)
        [message] = [message for message in chat if message["message_id"] == message_id]
        rows = message.get("reply_markup", {}).get("inline_keyboard", [])
        return {button["text"]: button["callback_data"] for row in rows for button in row}

    async def _reply(self) -> str:
        message = await self._sandbox.reply(self._bot_id, self._chat_id)
        self.last = message["message_id"]
        text: str = message["text"]
        return text
