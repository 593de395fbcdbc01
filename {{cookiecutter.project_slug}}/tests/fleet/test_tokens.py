"""Bot tokens are read as people write them, and a mistake is named without showing the token."""

import pytest
from pydantic import SecretStr

from fleet.bots.tokens import BotToken, merge_tokens, parse_tokens
from fleet.ops.logging import redact

ONE = "1000001:" + "a" * 35
TWO = "1000002:" + "b-_B" * 9
OTHER_ONE = "1000001:" + "c" * 35


def given(tokens: list[BotToken]) -> list[tuple[str | None, str]]:
    return [(token.role, token.token.get_secret_value()) for token in tokens]


@pytest.mark.parametrize(
    "text",
    [
        f"{ONE},shop={TWO}",
        f" {ONE} , shop={TWO}, ",
        f"{ONE} shop={TWO}",
        f"{ONE}\r\nshop={TWO}\n",
        f"{ONE},,\t shop = {TWO}",
    ],
)
def test_separators(text: str) -> None:
    assert given(parse_tokens(text)) == [(None, ONE), ("shop", TWO)]


def test_nothing_is_no_token() -> None:
    assert parse_tokens(" ,\n") == []


def test_comments_in_files() -> None:
    text = f"# our bots\n{ONE}  # the first, of {OTHER_ONE}\n#{TWO}\n  shop={TWO}"
    assert given(parse_tokens(text, comments=True)) == [(None, ONE), ("shop", TWO)]


def test_bot_id() -> None:
    assert [token.bot_id for token in parse_tokens(f"{ONE} {TWO}")] == [1000001, 1000002]


def test_the_same_bot_twice_is_one() -> None:
    assert given(parse_tokens(f"{ONE} {TWO} shop={ONE} {ONE}")) == [("shop", ONE), (None, TWO)]


def test_two_tokens_of_one_bot() -> None:
    with pytest.raises(ValueError, match="bot 1000001 has two different tokens") as caught:
        parse_tokens(f"{ONE} {OTHER_ONE}")
    assert "aaa" not in str(caught.value)
    assert "ccc" not in str(caught.value)


def test_two_roles_of_one_bot() -> None:
    with pytest.raises(ValueError, match='bot 1000001 has two roles, "shop" and "desk"'):
        merge_tokens([*parse_tokens(f"shop={ONE}"), *parse_tokens(f"desk={ONE}")])


@pytest.mark.parametrize(
    ("entry", "secret"),
    [
        ("1000001", "1000001"),
        ("1000001:short-secret", "short-secret"),
        (f"shop:{ONE}", "aaaaa"),
        (f'"{ONE}"', "aaaaa"),
        (f"{ONE}/getMe", "aaaaa"),
        (ONE.replace(":", ";"), "aaaaa"),
        ("shop=", "shop"),
    ],
)
def test_a_wrong_token_is_named_by_its_place(entry: str, secret: str) -> None:
    with pytest.raises(ValueError, match="entry 2 is not a bot token") as caught:
        parse_tokens(f"{TWO}, {entry}")
    assert secret not in str(caught.value)


@pytest.mark.parametrize("role", ["", "two=roles", "bötchen", "x" * 33])
def test_a_wrong_role(role: str) -> None:
    with pytest.raises(ValueError, match="entry 1 has a wrong role"):
        parse_tokens(f"{role}={ONE}")


def test_what_is_accepted_is_hidden_in_logs_and_reprs() -> None:
    shortest = BotToken(None, SecretStr("1:" + "x" * 30))
    assert parse_tokens(shortest.token.get_secret_value()) == [shortest]
    assert redact(shortest.token.get_secret_value()) == "1:***"
    assert "xxx" not in repr(shortest)
