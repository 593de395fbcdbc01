"""REDIS_URL: each value works or is refused at start, in one line that says what to write."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from redis.asyncio import SSLConnection
from redis.exceptions import RedisError

from fleet.redis.pool import create_redis
from fleet.redis.url import Kind, parse_redis_url
from fleet.settings import Settings, SettingsError, load_settings

ADDRESS = (
    "REDIS_URL: write an address like redis://localhost:6379/0, "
    "rediss://host:6380/0 (TLS), unix:///run/redis.sock, "
    "redis+sentinel://host:26379,host2:26379/0?master=name or "
    "redis+cluster://host:6379,host2:6379"
)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Run in a folder with nothing but a file that is no certificate."""
    for field in Settings.model_fields:
        monkeypatch.delenv(field.upper(), raising=False)
    monkeypatch.setenv("BOT_TOKENS", "1000001:" + "a" * 35)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text").write_text("no certificate")
    return tmp_path


def problem(monkeypatch: pytest.MonkeyPatch, url: str) -> str:
    monkeypatch.setenv("REDIS_URL", url)
    with pytest.raises(SettingsError) as caught:
        load_settings()
    return str(caught.value)


def options(url: str, **settings: Any) -> dict[str, Any]:
    """What redis-py gets for its pool and connections; each must make one."""
    client = create_redis(Settings(redis_url=SecretStr(url), **settings))
    pool = client.connection_pool
    pool.make_connection()
    return {
        "max_connections": pool.max_connections,
        "timeout": pool.timeout,  # type: ignore[attr-defined]  # of a BlockingConnectionPool
        **pool.connection_kwargs,
    }


@pytest.mark.parametrize(
    "url",
    [
        "localhost:6379",
        "http://:s3cret@host",
        "redis://:s3cret@host:port",
        "redis://:s3cret@host:0",
        "redis://:s3cret@host:65536",
        "redis://:s3cret@[::1",
        "redis://:s3cret@host/cache",
        "redis://:s3cret@host/0#1",
        "redis://:1?s3cret@host",
        "redis://u:1?x-s3cret=s3cret@host",
        "redis://:s3cret@host?db",
        "rediss://",
        "unix://",
        "unix://run/redis.sock",
        "redis://:s3cret@host,host2",
        "redis+sentinels://:s3cret@host",
        "unix+cluster:///run/redis.sock",
    ],
)
def test_what_is_no_address(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    assert problem(monkeypatch, url) == ADDRESS


@pytest.mark.parametrize(
    "url",
    [
        "redis+sentinel://?master=name",
        "redis+sentinel://:s3cret@host,?master=name",
        "redis+sentinel://:s3cret@host:26379,host2:x?master=name",
        "redis+sentinel://:s3cret@host,host2:0?master=name",
        "redis+sentinel://:s3cret@host/cache?master=name",
    ],
)
def test_what_names_no_sentinels(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    assert problem(monkeypatch, url) == (
        "REDIS_URL: write an address like redis+sentinel://host:26379,host2:26379/0?master=name"
    )


@pytest.mark.parametrize(
    "url",
    ["redis+cluster://", "rediss+cluster://:s3cret@host:6379,:6379", "redis+cluster://h:70000"],
)
def test_what_names_no_cluster(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    assert problem(monkeypatch, url) == (
        "REDIS_URL: write an address like redis+cluster://host:6379,host2:6379"
    )


@pytest.mark.parametrize(
    ("url", "line"),
    [
        ("redis://h?db=x", 'db: write a whole number from 0 to 1000000, not "x"'),
        ("redis://h?db=", 'db: write a whole number from 0 to 1000000, not ""'),
        ("redis://h?socket_timeout=abc", 'socket_timeout: write seconds from 2 to 10, not "abc"'),
        ("redis://h?socket_timeout=nan", 'socket_timeout: write seconds from 2 to 10, not "nan"'),
        ("redis://h?timeout=0", 'timeout: write seconds from 1 to 60, not "0"'),
        (
            "redis://h?max_connections=1",
            'max_connections: write a whole number from 2 to 10000, not "1"',
        ),
        ("redis://h?client_name=a%20b", 'client_name: write a name without blanks, not "a b"'),
        ("redis://h?socket_keepalive=soon", 'socket_keepalive: write yes or no, not "soon"'),
        (
            "rediss://h?ssl_cert_reqs=maybe",
            'ssl_cert_reqs: write none, optional or required, not "maybe"',
        ),
        ("rediss://h?ssl_min_version=1", 'ssl_min_version: write TLSv1_2 or TLSv1_3, not "1"'),
        (
            "rediss://h?ssl_include_verify_flags=STRICT",
            'ssl_include_verify_flags: write names of Python\'s ssl.VerifyFlags, not "STRICT"',
        ),
        (
            "rediss://h?ssl_ca_certs=nothing",
            'ssl_ca_certs: write the path of a file that is there, not "nothing"',
        ),
        (
            "rediss://h?ssl_ca_path=text",
            'ssl_ca_path: write the path of a folder that is there, not "text"',
        ),
        ("rediss://h?ssl_keyfile=text", "ssl_keyfile: write ssl_certfile, too, with its"),
        ("rediss://h?ssl_ca_certs=text", "ssl_ca_certs: TLS cannot be set up so: "),
        ("rediss://h?ssl_ca_data=text", "ssl_ca_data: TLS cannot be set up so: "),
        ("rediss://h?ssl_certfile=text", "ssl_certfile, ssl_password: TLS cannot be set up so: "),
        ("rediss://h?ssl_ciphers=none", "ssl_ciphers: TLS cannot be set up so: "),
        (
            "redis://h?ssl_cert_reqs=none",
            "ssl_cert_reqs: leave it out, or write an address that begins with rediss://",
        ),
        (
            "unix:///s?socket_keepalive=yes",
            "socket_keepalive: leave it out, or write an address that begins with redis:// or",
        ),
        ("redis://h?foo=bar", "foo: leave it out; the options are db, username, password"),
        ("redis://h?foo=1&db=x", "foo: leave it out"),
        ("redis://h?foo=1&db=x", 'db: write a whole number from 0 to 1000000, not "x"'),
        ("redis://:s3cret@h?decode_responses=True", "decode_responses: leave it out; the options"),
        ("redis://h?protocol=3", "protocol: leave it out; the options"),
        ("redis://h?retry_on_timeout=True", "retry_on_timeout: leave it out; the options"),
        ("redis://h?host=other", "host: leave it out; the options"),
        (
            "redis+sentinel://h",
            "master: write the name of the primary, too, as in redis+sentinel://host:26379,",
        ),
        ("redis+sentinel://h?master=", "master: write the name by which the Sentinels know the"),
        (
            "redis://h?master=name",
            "master: leave it out, or write an address that begins with redis+sentinel://",
        ),
        (
            "redis+sentinel://h?master=name&ssl_cert_reqs=none",
            "ssl_cert_reqs: leave it out, or write an address that begins with rediss://",
        ),
        ("rediss+sentinel://h?master=name&ssl_ca_data=text", "ssl_ca_data: TLS cannot be set up"),
        ("redis+cluster://h/1", "db: write 0 or leave it out, a Redis Cluster has no other"),
        ("redis+cluster://h?db=1", "db: write 0 or leave it out, a Redis Cluster has no other"),
    ],
)
def test_an_option_that_is_refused(monkeypatch: pytest.MonkeyPatch, url: str, line: str) -> None:
    said = problem(monkeypatch, url)
    assert said.startswith("REDIS_URL: ")
    assert line in said
    assert "\n" not in said
    assert "s3cret" not in said


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("redis://h", {"host": "h", "max_connections": 64, "timeout": 10, "socket_timeout": 5}),
        ("redis://h/3", {"db": 3}),
        ("redis://h/?db=3", {"db": 3}),
        ("redis://[::1]:7/1", {"host": "::1", "port": 7, "db": 1}),
        ("rediss://me@h:1/2", {"username": "me", "port": 1, "db": 2}),
        ("redis://me:p%40s%2Fs%3F@h", {"username": "me", "password": "p@s/s?"}),
        ("redis://:caf%C3%A9@h", {"password": "café"}),
        ("unix:///run/redis.sock?db=1&password=a%2Bb", {"path": "/run/redis.sock", "db": 1}),
        ("unix:///run/redis.sock?username=me&password=a%2Bb", {"password": "a+b"}),
        ("redis://h?max_connections=8&timeout=2.5", {"max_connections": 8, "timeout": 2.5}),
        (
            "redis://h?socket_timeout=4&socket_connect_timeout=3",
            {"socket_timeout": 4, "socket_connect_timeout": 3},
        ),
        (
            "redis://h?health_check_interval=30&client_name=bots&socket_keepalive=True",
            {"health_check_interval": 30, "client_name": "bots", "socket_keepalive": True},
        ),
        (
            "rediss://h?ssl_cert_reqs=none&ssl_check_hostname=no",
            {"ssl_cert_reqs": "none", "ssl_check_hostname": False},
        ),
    ],
)
def test_what_is_right_reaches_redis_py(url: str, wanted: dict[str, Any]) -> None:
    given = options(url)
    assert {name: given[name] for name in wanted} == wanted


@pytest.mark.parametrize(
    ("url", "kind", "hosts", "wanted"),
    [
        (
            "redis+sentinel://me:p%40s@h,h2:7/3?master=name&sentinel_password=s&timeout=2",
            Kind.SENTINEL,
            [("h", 26379), ("h2", 7)],
            {"username": "me", "password": "p@s", "db": 3, "timeout": 2},
        ),
        (
            "rediss+sentinel://[::1]:1,[::2]:2?master=name",
            Kind.SENTINEL,
            [("::1", 1), ("::2", 2)],
            {"connection_class": SSLConnection},
        ),
        ("redis+cluster://h,h2:7/0", Kind.CLUSTER, [("h", 6379), ("h2", 7)], {}),
        (
            "rediss+cluster://me@h:7?ssl_check_hostname=no",
            Kind.CLUSTER,
            [("h", 7)],
            {"username": "me", "connection_class": SSLConnection, "ssl_check_hostname": False},
        ),
    ],
)
def test_an_address_of_many(
    url: str, kind: Kind, hosts: list[tuple[str, int]], wanted: dict[str, Any]
) -> None:
    address = parse_redis_url(url)
    assert (address.kind, address.hosts, address.options) == (kind, hosts, wanted)
    is_sentinel = kind is Kind.SENTINEL
    assert address.master == ("name" if is_sentinel else None)
    assert address.sentinel_login == ({"password": "s"} if "sentinel_password" in url else {})


@pytest.mark.parametrize(
    "url", ["redis://me:old@h", "redis://me@h", "redis://h?username=me&password=old"]
)
def test_redis_password_wins_over_the_address(url: str, folder: Path) -> None:
    given = options(url, redis_password=SecretStr("new"))
    assert (given["username"], given["password"]) == ("me", "new")
    (folder / "password").write_text("newer")
    given = options(url, redis_password_file=folder / "password")
    assert given["credential_provider"].get_credentials() == ("me", "newer")
    assert {"username", "password"}.isdisjoint(given)


@pytest.mark.parametrize(
    "url",
    [
        "redis://nobody.invalid",
        "redis://two..dots",
        f"redis://{'a' * 70}.b",
        "redis://no%00host",
        "redis://no%ffhost",
        "redis://:%ff@127.0.0.1:{port}",
        "redis://me:secret@127.0.0.1:{port}",
        "redis://me@127.0.0.1:{port}",
        "redis://127.0.0.1:{port}/1000000",
        "rediss://127.0.0.1:{port}",
        "unix:///no/such.sock",
        "unix:///etc",
    ],
)
async def test_an_address_that_leads_nowhere_is_a_redis_error(redis_url: str, url: str) -> None:
    """What cannot be known at start is trouble with Redis, which is waited for."""
    port = redis_url.rpartition(":")[2].partition("/")[0]
    async with create_redis(Settings(redis_url=SecretStr(url.format(port=port)))) as redis:
        with pytest.raises(RedisError):
            await redis.execute_command("PING")


def test_the_address_is_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://:s3cret@h/")
    assert "s3cret" not in repr(load_settings())
