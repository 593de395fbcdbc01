"""What is derived from SECRET_KEY: the encryption of tokens and the secrets of webhooks."""

import base64
import hashlib
import hmac

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


class WrongKeyError(Exception):
    """Something was stored under another SECRET_KEY."""


class Vault:
    """Derives every secret of the service from one key. Each purpose has a key of its own."""

    def __init__(self, secret_key: str) -> None:
        self._stored = _fernet(secret_key, b"stored tokens")
        self._waiting = _fernet(secret_key, b"tokens in updates")
        self._webhook_key = _derive(secret_key, b"webhook secrets")

    def encrypt(self, token: str) -> str:
        return self._stored.encrypt(token.encode()).decode()

    def decrypt(self, stored: str) -> str:
        """Undo `encrypt`. Raises `WrongKeyError` if the key is not the same."""
        try:
            return self._stored.decrypt(stored).decode()
        except (InvalidToken, ValueError):  # the latter for what is no ASCII
            raise WrongKeyError("it was stored under another SECRET_KEY") from None

    def seal(self, token: str) -> str:
        """Encrypt a token that somebody wrote to a bot, for the time that the update waits.

        With a key of its own: who can write into Redis but does not know SECRET_KEY must not get a
        stored token by putting it into a mailbox.
        """
        return self._waiting.encrypt(token.encode()).decode()

    def unseal(self, sealed: str) -> str | None:
        """Undo `seal`; None if the key is not the same."""
        try:
            return self._waiting.decrypt(sealed).decode()
        except InvalidToken:
            return None

    def webhook_secret(self, token: str) -> str:
        """Derive what Telegram sends with each update of the bot that has this token.

        64 characters of those that Telegram allows: https://core.telegram.org/bots/api#setwebhook
        """
        return hmac.new(self._webhook_key, token.encode(), hashlib.sha256).hexdigest()


def _fernet(secret_key: str, purpose: bytes) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(_derive(secret_key, purpose)))


def _derive(secret_key: str, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose).derive(secret_key.encode())
