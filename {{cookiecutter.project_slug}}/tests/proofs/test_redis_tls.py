"""TLS to Redis, whose server wants a certificate of its clients, too."""

import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest

from sandbox.client import SandboxClient
from sandbox.redis import find_program
from tests.conftest import StartService
from tests.process import free_port
from tests.proofs.certificates import HOST, KEY_PASSWORD, sign
from tests.proofs.cli.command import CommandLine

PASSWORD = "p@ss/word?"
BOT = 5900001
TOKEN = f"{BOT}:{'t' * 35}"


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    """The port of a Redis that speaks nothing but TLS."""
    authority = sign(tmp_path, "ca", None)
    for name in ("server", "client"):
        sign(tmp_path, name, authority)
    port = free_port()
    command = [find_program(), "--bind", HOST, "--port", "0", "--tls-port", str(port)]
    command += ["--dir", str(tmp_path), "--save", "", "--requirepass", PASSWORD]
    command += ["--tls-ca-cert-file", "ca.crt", "--tls-cert-file", "server.crt"]
    command += ["--tls-key-file", "server.key", "--tls-key-file-pass", KEY_PASSWORD]
    log = tmp_path / "redis.log"
    with log.open("wb") as output:
        server = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        while b"Ready to accept connections" not in log.read_bytes():
            if server.poll() is not None:
                assert b"TLS" in log.read_bytes(), log.read_text()
                pytest.skip("the Redis that is installed here was built without TLS")
            time.sleep(0.02)
        yield port
    finally:
        server.kill()
        server.wait()


def url(port: int, **options: str) -> str:
    return f"rediss://:{quote(PASSWORD, safe='')}@{HOST}:{port}/2?{urlencode(options)}"


def trusted(folder: Path, **changed: str) -> dict[str, str]:
    options = {
        "ssl_ca_certs": str(folder / "ca.crt"),
        "ssl_certfile": str(folder / "client.crt"),
        "ssl_keyfile": str(folder / "client.key"),
        "ssl_password": KEY_PASSWORD,
        "ssl_min_version": "TLSv1_3",
    } | changed
    return {name: value for name, value in options.items() if value}


async def test_the_service_and_the_command_line_speak_tls(
    start_service: StartService, sandbox: SandboxClient, port: int, tmp_path: Path
) -> None:
    settings = {
        "REDIS_URL": url(port, **trusted(tmp_path), max_connections="4", client_name="bots"),
        "BOT_TOKENS": TOKEN,
    }
    await sandbox.add(TOKEN)
    await start_service(**settings)
    await sandbox.send(BOT, "in secret")
    assert (await sandbox.reply(BOT, 7))["text"] == "in secret"
    [bot] = await CommandLine(tmp_path, settings).json("list")
    assert bot["id"] == BOT


@pytest.mark.parametrize(
    ("changed", "code", "said"),
    [
        ({"ssl_ca_certs": "", "ssl_cert_reqs": "none"}, 0, ""),
        (
            {"ssl_ca_certs": ""},
            1,
            "certificate verify failed: self-signed certificate in certificate chain",
        ),
        # The server hangs up, and on a busy machine that may overtake its reason.
        (
            {"ssl_certfile": "", "ssl_keyfile": "", "ssl_password": ""},
            1,
            "certificate required|Connection reset by peer",
        ),
        ({"ssl_password": ""}, 2, "REDIS_URL: ssl_ca_certs, ssl_certfile, ssl_keyfile, ssl_min_"),
    ],
)
async def test_certificates_that_are_missing_are_told(
    port: int, tmp_path: Path, changed: dict[str, str], code: int, said: str
) -> None:
    address = url(port, **trusted(tmp_path, **changed))
    result = await CommandLine(tmp_path, {"REDIS_URL": address, "BOT_TOKENS": TOKEN})("list")
    assert result.code == code, result
    assert re.search(said, result.err)
    assert len(result.err.splitlines()) <= 1
    assert KEY_PASSWORD not in result.err
    assert quote(PASSWORD, safe="") not in result.err
