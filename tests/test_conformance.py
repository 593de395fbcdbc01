"""The live tests of python-telegram-bot, which are written for Telegram's own servers, pass against
the sandbox. They come from its source package, of the version that is installed here."""

import base64
import json
import os
import re
import subprocess
import sys
import tarfile
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path

import pytest

from demo import ROOT
from tests.clients.programs import INHERITED, Sandbox, serving
from tests.clients.ptb_world import make_files, make_world
from tests.conftest import SOURCE

PTB = "python-telegram-bot"
LEFT_OUT = (
    *("close_date", "open_period", "wait_for_pool"),  # wait for some seconds each
    *("callback_data", "encrypted"),  # need what is not installed here
)
RECOMPRESSED = "Telegram compresses thumbnails and photos anew, into so many bytes"
RESOLVED = "it looks up a name on the Internet"
PUBLISHED = "it knows the bytes of stickers that are on Telegram's servers alone"
FAILING = {
    "test_audio.TestAudioWithRequest.test_send_all_args": RECOMPRESSED,
    "test_photo.TestPhotoWithRequest.test_send_bytesio_jpg_file": RECOMPRESSED,
    "test_video.TestVideoWithRequest.test_send_all_args": RECOMPRESSED,
    "test_video.TestVideoWithRequest.test_send_mp4_file_url": RECOMPRESSED,
    "test_videonote.TestVideoNoteWithRequest.test_send_all_args": RECOMPRESSED,
    "test_sticker.TestStickerWithRequest.test_custom_emoji_sticker": PUBLISHED,
    "test_sticker.TestStickerWithRequest.test_premium_animation": PUBLISHED,
    "test_forum.TestForumMethodsWithRequest.test_get_forum_topic_icon_stickers": PUBLISHED,
    "test_bot.TestBotWithRequest.test_set_webhook_get_webhook_info_and_delete_webhook": RESOLVED,
}
"""What does not pass, and why: the sandbox's README has them all."""
FEWEST = 355
"""Tests that pass."""


@pytest.fixture(scope="module")
def sandbox(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    log = tmp_path_factory.mktemp("sandbox") / "sandbox.log"
    with serving(template / SOURCE.name, log) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the suite."""
    wanted = f"{PTB}=={version(PTB)}"
    locked = (ROOT / "requirements-dev.txt").read_text("utf-8").partition(f"{wanted} ")[2]
    hashes = re.findall(r"--hash=\S+", re.split(r"\n(?=\S)", locked)[0])
    folder = tmp_path_factory.mktemp("suite")
    (folder / "wanted.txt").write_text(" ".join((wanted, *hashes)))
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    exact = ["--no-deps", f"--no-binary={PTB}", "--require-hashes", "--requirement=wanted.txt"]
    if subprocess.run([*pip, *exact], cwd=folder, check=False).returncode:
        reason = f"pip cannot get the source package of {PTB}"
        if os.environ.get("REQUIRE_CLIENTS") == "1":
            pytest.fail(reason)
        pytest.skip(f"{reason}; REQUIRE_CLIENTS=1 makes it fail")
    [package] = folder.glob("*.tar.gz")
    with tarfile.open(package) as archive:
        archive.extractall(folder, filter="data")
    [data] = folder.glob("*/tests/data")
    make_files(data)
    return data.parent.parent


def test_the_suite_of_python_telegram_bot(
    sandbox: Sandbox, suite: Path, say: Callable[[str], None]
) -> None:
    say(f"The live tests of {PTB} run for a minute.")
    bot = make_world(sandbox, suite / "tests" / "data")
    done = subprocess.run(
        [
            *(
                sys.executable,
                "-m",
                "pytest",
                "-q",
                "-p",
                "pytest_asyncio.plugin",
                "-p",
                "ptb_suite",
            ),
            *(
                "-m",
                "req",
                "-k",
                " and ".join(f"not {one}" for one in LEFT_OUT),
                "--junit-xml=all.xml",
            ),
            *("-o", "addopts=", "-o", "asyncio_default_fixture_loop_scope=session"),
            *("-o", "asyncio_default_test_loop_scope=session"),
            *(one for one in suite.rglob("test_*.py") if "WithRequest" in one.read_text("utf-8")),
        ],
        cwd=suite,
        env={
            **{name: os.environ[name] for name in INHERITED if name in os.environ},
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "PYTHONPATH": str(ROOT / "tests" / "clients"),
            "SANDBOX_URL": sandbox.url,
            # So it takes its bot from BOTS, and does without what is not installed here.
            "GITHUB_ACTIONS": "true",
            "BOTS": base64.b64encode(json.dumps([bot]).encode()).decode(),
            "JOB_INDEX": "0",
        },
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=600,
        check=False,
    )
    assert done.returncode in (0, 1), done.stdout
    cases = list(ET.parse(suite / "all.xml").iter("testcase"))  # noqa: S314 - from pytest
    passed = [one for one in cases if not len(one)]
    failed = {
        re.sub(r"^.*(test_\w+\.Test)", r"\1", f"{one.get('classname')}.{one.get('name')}")
        for one in cases
        if one.find("failure") is not None or one.find("error") is not None
    }
    assert {one.partition("[")[0] for one in failed} == FAILING.keys(), done.stdout
    assert len(passed) >= FEWEST, done.stdout
    print(f"{len(passed)} of {len(cases)} pass")
