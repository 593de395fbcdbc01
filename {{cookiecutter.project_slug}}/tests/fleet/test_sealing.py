"""Tokens in updates: sealed before they enter Redis, opened for the turn, shown to nobody."""

from typing import Any

import orjson
import pytest

from fleet.inbox.sealing import Sealing, hide
from fleet.lenient import dumps, loads
from fleet.vault import Vault

VAULT, OTHER_VAULT = Vault("k" * 40), Vault("o" * 40)
SEALING = Sealing(VAULT.seal, VAULT.unseal)
SECRET = "AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw1"
TOKEN = f"123456789:{SECRET}"
TEXTS = [
    TOKEN,
    f"/addbot shop={TOKEN}\n987654321:{SECRET}",
    f'"{TOKEN}"\\{TOKEN}\x01{TOKEN}',
    f"https://api.telegram.org/bot{TOKEN}/getMe",
    f"https://example.com/?token=123456789%3A{SECRET}&more=123456789%3a{SECRET}",
    f"1:{SECRET}日本",
]
HARMLESS = [
    "at 12:30, or 100% of it",
    "1:/gAAAA/ 1:\\/gAAAA\\/ 1:\\\\/gAAAA\\\\/",
    "a:b" * 50,
    "",
]


def update(text: str) -> dict[str, Any]:
    return {"update_id": 1, "message": {"text": text, "entities": [{"offset": 0, "length": 3}]}}


@pytest.mark.parametrize("text", TEXTS)
def test_a_token_is_sealed_and_opened(text: str) -> None:
    closed = SEALING.close(dumps(update(text)))
    assert SECRET.encode() not in closed
    loads(closed)
    assert orjson.loads(SEALING.open(closed)) == update(text)


@pytest.mark.parametrize("text", TEXTS)
def test_without_the_key_a_token_is_left_out(text: str) -> None:
    closed = SEALING.close(dumps(update(text)))
    for redacted in (
        Sealing().close(dumps(update(text if text[1] != ":" else TOKEN))),
        Sealing(OTHER_VAULT.seal, OTHER_VAULT.unseal).open(closed),
        Sealing().open(closed),
        hide(closed),
        hide(dumps(update(text))),
    ):
        assert SECRET.encode() not in redacted
        assert b"***" in redacted
        assert orjson.loads(redacted)["update_id"] == 1


@pytest.mark.parametrize("text", HARMLESS)
def test_all_else_stays_and_nothing_passes_as_sealed(text: str) -> None:
    raw = dumps(update(text))
    for sealing in (SEALING, Sealing()):
        assert sealing.close(raw) == raw
        assert sealing.open(raw) == raw
    assert hide(raw) == raw


def test_what_only_resembles_a_token_is_never_lost() -> None:
    raw = dumps(update("order:123456789:550e8400-e29b-41d4-a716-446655440000"))
    assert Sealing().close(raw) == raw
    assert SEALING.open(SEALING.close(raw)) == raw


def test_a_stored_token_is_not_opened_in_an_update() -> None:
    stolen = rb'{"update_id":1,"message":{"text":"1:\/%b\/"}}' % VAULT.encrypt(TOKEN).encode()
    assert orjson.loads(SEALING.open(stolen))["message"]["text"] == "1:***"
