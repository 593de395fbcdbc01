"""TLS to Redis, whose server wants a certificate of its clients, too."""

import contextlib
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest
from pydantic import SecretStr

from fleet.redis.pool import create_redis
from fleet.settings import Settings
from sandbox.client import SandboxClient
from sandbox.redis import find_program
from tests.conftest import StartService
from tests.process import free_port
from tests.proofs.certificates import HOST, KEY_PASSWORD, sign
from tests.proofs.cli.command import CommandLine
from tests.proofs.redis_groups import until_written

PASSWORD = "p@ss/word?"
BOT = 5900001
TOKEN = f"{BOT}:{'t' * 35}"


@contextlib.contextmanager
def serving(folder: Path, *options: str) -> Iterator[int]:
    """Run a Redis that speaks nothing but TLS, and asks all for certificates; give its port."""
    port = free_port()
    tls = ["port 0", f"tls-port {port}", "tls-ca-cert-file ca.crt", "tls-cert-file server.crt"]
    tls += ["tls-key-file server.key", f"tls-key-file-pass {KEY_PASSWORD}", "tls-replication yes"]
    lines = [f"dir {folder}", f"bind {HOST}", 'save ""', *tls, *options]
    file, log = folder / f"{port}.conf", folder / f"{port}.log"
    file.write_text("\n".join(lines))
    is_sentinel = any(line.startswith("sentinel ") for line in options)
    with log.open("wb") as output:
        command = [find_program(), str(file), *["--sentinel"] * is_sentinel]
        server = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        while not re.search(rb"Ready to accept connections|Sentinel ID is", log.read_bytes()):
            if server.poll() is not None:
                assert b"tls-port" in log.read_bytes(), log.read_text()
                pytest.skip("the Redis that is installed here was built without TLS")
            time.sleep(0.02)
        yield port
    finally:
        server.kill()
        server.wait()


@pytest.fixture(autouse=True)
def certificates(tmp_path: Path) -> None:
    authority = sign(tmp_path, "ca", None)
    for name in ("server", "client"):
        sign(tmp_path, name, authority)


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    with serving(tmp_path, f"requirepass {PASSWORD}") as port:
        yield port


def url(port: int, kind: str = "", db: str = "2", **options: str) -> str:
    return f"rediss{kind}://:{quote(PASSWORD, safe='')}@{HOST}:{port}/{db}?{urlencode(options)}"


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


async def test_sentinels_speak_tls(port: int, tmp_path: Path) -> None:
    watch = f"sentinel monitor shop {HOST} {port} 1\nsentinel auth-pass shop {PASSWORD}"
    with serving(tmp_path, watch) as sentinel:
        address = url(sentinel, "+sentinel", master="shop", **trusted(tmp_path))
        async with create_redis(Settings(redis_url=SecretStr(address))) as redis:
            await until_written(redis, "key")


async def test_a_cluster_speaks_tls(tmp_path: Path) -> None:
    bus = f"cluster-port {free_port()}"
    options = ("cluster-enabled yes", "tls-cluster yes", bus, f"requirepass {PASSWORD}")
    with serving(tmp_path, *options) as node:
        server = url(node, db="0", **trusted(tmp_path))
        async with create_redis(Settings(redis_url=SecretStr(server))) as redis:
            await redis.execute_command("CLUSTER ADDSLOTS", *range(16384))
        cluster = url(node, "+cluster", db="0", **trusted(tmp_path))
        async with create_redis(Settings(redis_url=SecretStr(cluster))) as redis:
            await until_written(redis, "key")


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
