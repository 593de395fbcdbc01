"""The fixtures of stage.py, where there is a browser to drive; the tests skip themselves else."""

import importlib.util
import os

import pytest

# What goes wrong in a browser is shown by assertions there.
pytest.register_assert_rewrite("tests.page.stage")
if os.environ.get("REQUIRE_BROWSER") == "1" or importlib.util.find_spec("playwright"):
    from tests.page.stage import (  # noqa: F401 - fixtures are found by their names
        axe,
        browser,
        empty,
        pages,
        project_and_python,
        sandbox,
        user,
    )
