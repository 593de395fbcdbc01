"""What is told of settings that are wrong."""

import pytest

from fleet.settings import SettingsError, load_settings

TOKEN = "1000001:" + "a" * 35
OTHER = "1000002:" + "b" * 35


def problem() -> str:
    with pytest.raises(SettingsError) as caught:
        load_settings()
    return str(caught.value)
