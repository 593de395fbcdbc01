"""The settings of what the bots say."""

from pathlib import Path

import pytest

from bot.settings import load_settings
from fleet.settings import SettingsError


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory, and none of the developer's own settings."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ADMIN_IDS", raising=False)
    return tmp_path


def test_by_default_nobody_is_an_admin() -> None:
    assert load_settings().admin_ids == frozenset()


@pytest.mark.parametrize("text", ["5,77", " 77, 5 ", "5 77", "5\n77\n5,"])
def test_admin_ids(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("ADMIN_IDS", text)
    assert load_settings().admin_ids == {5, 77}


def test_the_environment_wins_over_the_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / ".env").write_text("ADMIN_IDS=5\nBOT_TOKENS=x\n")
    assert load_settings().admin_ids == {5}
    monkeypatch.setenv("ADMIN_IDS", "")  # set to nothing: not set
    assert load_settings().admin_ids == {5}
    monkeypatch.setenv("ADMIN_IDS", "6")
    assert load_settings().admin_ids == {6}


@pytest.mark.parametrize("text", ["@alice", "5;6", "-5", "5.0", "9" * 17, "\u0665"])
def test_what_is_no_id(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("ADMIN_IDS", text)
    with pytest.raises(SettingsError, match=r"^ADMIN_IDS: write the numbers of Telegram users"):
        load_settings()
