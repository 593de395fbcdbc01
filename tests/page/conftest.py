"""The fixtures of stage.py, where there is a browser to drive; the tests skip themselves else."""

import importlib.util
import os

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
