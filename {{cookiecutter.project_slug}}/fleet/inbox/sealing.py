r"""Bot tokens that people write to bots, as with `/addbot`: they do not get into Redis as they are.

What looks like a token in the JSON of an update is encrypted before it enters, and decrypted when a
turn begins. It stands in mailboxes and dead letters as `123456789:\/…\/`, which is JSON that nobody
but us writes: `fleet.lenient.dumps` escapes no slash, so no user can pass something off as sealed.
"""

import re
from collections.abc import Callable

_TOKEN = re.compile(rb"([0-9](?::|%3[Aa]))([A-Za-z0-9_-]{30,})")
_SURE = re.compile(rb"([0-9]{5}(?::|%3[Aa]))AA[A-Za-z0-9_-]{33,}")
"""What can be nothing but a token; the other may be any long name, such as `7:` and a UUID."""
_SEALED = re.compile(rb"([0-9](?::|%3[Aa]))\\/([A-Za-z0-9_=-]*)\\/")
_REDACTED = rb"\1***"

# In JSON a colon follows a digit, or a % does, only within texts.
_HINT = b"0:"
_HINTING = bytes.maketrans(b"123456789%", b"000000000:")


class Sealing:
    """How the inbox keeps tokens.

    Args:
        seal: encrypts; makes letters of base64url. Without it tokens are left out for good.
        unseal: decrypts; None for what was sealed under another key, which is then left out.
    """

    def __init__(
        self,
        seal: Callable[[str], str] | None = None,
        unseal: Callable[[str], str | None] = lambda _: None,
    ) -> None:
        self._seal = seal
        self._unseal = unseal

    def close(self, update: bytes) -> bytes:
        """Seal the tokens in an update as `fleet.lenient.dumps` has written it."""
        if _HINT not in update.translate(_HINTING):  # most by far: it must cost nothing
            return update
        seal = self._seal
        if seal is None:
            return _SURE.sub(_REDACTED, update)
        return _TOKEN.sub(
            lambda found: rb"%b\/%b\/" % (found[1], seal(found[2].decode()).encode()), update
        )

    def open(self, update: bytes) -> bytes:
        """Undo `close`; what cannot be unsealed becomes `***`."""
        if rb"\/" not in update:
            return update
        return _SEALED.sub(self._opened, update)

    def _opened(self, found: re.Match[bytes]) -> bytes:
        secret = self._unseal(found[2].decode())
        return found.expand(_REDACTED) if secret is None else found[1] + secret.encode()


def hide(update: bytes) -> bytes:
    """Leave all tokens out, sealed or not, as for people to look at."""
    return _TOKEN.sub(_REDACTED, _SEALED.sub(_REDACTED, update))
