"""What is derived from SECRET_KEY: the encryption of stored tokens and the secrets of webhooks."""

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
        self._fernet = Fernet(base64.urlsafe_b64encode(_derive(secret_key, b"stored tokens")))
        self._webhook_key = _derive(secret_key, b"webhook secrets")

    def encrypt(self, token: str) -> str:
        return self._fernet.encrypt(token.encode()).decode()

    def decrypt(self, stored: str) -> str:
        """Undo `encrypt`. Raises `WrongKeyError` if the key is not the same."""
        try:
            return self._fernet.decrypt(stored).decode()
        except (InvalidToken, ValueError):  # the latter for what is no ASCII
            raise WrongKeyError("it was stored under another SECRET_KEY") from None

    def webhook_secret(self, token: str) -> str:
        """Derive what Telegram sends with each update of the bot that has this token.

        64 characters of those that Telegram allows: https://core.telegram.org/bots/api#setwebhook
        """
        return hmac.new(self._webhook_key, token.encode(), hashlib.sha256).hexdigest()


def _derive(secret_key: str, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose).derive(secret_key.encode())
