"""How the other proofs start processes: nothing tells those that are forked from others."""

import json
import resource
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from tests.process import Process, until_ended
from tests.starting import start

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere none is forked")
COLD = {"PYTHONHASHSEED": "random"}


async def look(folder: Path, *, leads: bool, **env: str) -> Any:
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as out:
        given.write("given ü".encode())
        given.seek(0)
        env["SAID"] = "ü"
        process = start(
            "tests.proofs.mirror",
            *("an argument", "--ü"),
            folder=folder,
            env=env,
            files=[given, out, out],
            leads=leads,
        )
        assert await until_ended(process, "mirror") == 7
        out.seek(0)
        return json.loads(out.read())


@pytest.mark.parametrize("leads", [True, False])
async def test_a_forked_process_finds_what_any_other_finds(tmp_path: Path, *, leads: bool) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft - 1, hard))
    try:
        forked, other = [await look(tmp_path, leads=leads, **env) for env in ({}, COLD)]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert other["env"].pop("PYTHONHASHSEED")
    assert forked == other
    assert forked["leads"] is leads
    assert forked["folder"] == str(tmp_path)


async def test_its_end_is_told(tmp_path: Path) -> None:
    first, second = [Process("tests.proofs.app", tmp_path, {}, url=f"{n}") for n in range(2)]
    await first.kill()
    assert await first.wait() == -signal.SIGKILL
    first.signal(signal.SIGTERM)  # is nobody's any more
    assert await second.wait() == 2
    assert "BOT_TOKENS" in second.log
