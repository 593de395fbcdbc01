"""REDIS_URL: where Redis is, and the options behind the question mark."""

import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Any, Literal
from urllib.parse import SplitResult, parse_qs, urlsplit

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    DirectoryPath,
    Field,
    FilePath,
    ValidationError,
)
from redis.asyncio import SSLConnection
from redis.asyncio.connection import parse_url

SENTINELS = "redis+sentinel://host:26379,host2:26379/0?master=name"
NODES = "redis+cluster://host:6379,host2:6379"
ADDRESS = (
    "an address like redis://localhost:6379/0, rediss://host:6380/0 (TLS), "
    f"unix:///run/redis.sock, {SENTINELS} or {NODES}"
)


class Kind(StrEnum):
    """What stands at the address."""

    SERVER = "server"
    SENTINEL = "sentinel"
    CLUSTER = "cluster"


_PORTS = {Kind.SENTINEL: 26379, Kind.CLUSTER: 6379}
"""Those of an address that names none; for one server redis-py knows it."""


@dataclass(frozen=True, slots=True)
class RedisAddress:
    """What REDIS_URL says."""

    kind: Kind
    hosts: list[tuple[str, int]]
    """The Sentinels, or nodes of the Cluster. One server is among the options."""
    options: dict[str, Any]
    """What redis-py's pool and its connections take."""
    master: str | None = None
    """By which name the Sentinels know the primary."""
    sentinel_login: Mapping[str, str] = field(default_factory=dict)
    """`username` and `password` for the Sentinels, which do not have those of the primary."""


def _option(write: str, **limits: Any) -> Any:
    """Declare an option; `write` says in the error for a wrong value what is right."""
    return Field(None, json_schema_extra={"write": write}, **limits)


def _seconds(low: int, high: int) -> Any:
    return _option(f"seconds from {low} to {high}", ge=low, le=high)


def _whole(low: int, high: int) -> Any:
    return _option(f"a whole number from {low} to {high}", ge=low, le=high)


def _flags(names: Any) -> list[ssl.VerifyFlags]:
    try:
        return [ssl.VerifyFlags[name.strip()] for name in names.split(",")]
    except KeyError as error:
        raise ValueError(f"no flag {error}") from None


def _version(name: Any) -> ssl.TLSVersion:
    if name not in ("TLSv1_2", "TLSv1_3"):
        raise ValueError(f"no version {name}")
    return ssl.TLSVersion[name]


_Flags = Annotated[list[ssl.VerifyFlags], BeforeValidator(_flags)]


class _Options(BaseModel):
    """What redis-py takes for every kind of address and the service can bear."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    db: int = _whole(0, 1_000_000)
    username: str = _option("a user's name", min_length=1)
    password: str = _option("a password", min_length=1)
    client_name: str = _option("a name without blanks", pattern=r"^[!-~]{1,100}$")
    max_connections: int = _whole(2, 10_000)
    """One is always taken: who waits for work blocks it."""
    timeout: float = _seconds(1, 60)
    """For a connection to be free."""
    socket_timeout: float = _seconds(2, 10)
    """Longer than the wait for work; shorter than the silence by which a replica counts as dead."""
    socket_connect_timeout: float = _seconds(1, 10)
    health_check_interval: int = _whole(0, 3_600)


class _TcpOptions(_Options):
    socket_keepalive: bool = _option("yes or no")


class _TlsOptions(_TcpOptions):
    ssl_cert_reqs: Literal["none", "optional", "required"] = _option("none, optional or required")
    ssl_check_hostname: bool = _option("yes or no")
    ssl_ca_certs: FilePath = _option("the path of a file that is there")
    ssl_ca_path: DirectoryPath = _option("the path of a folder that is there")
    ssl_ca_data: str = _option("a certificate in PEM", min_length=1)
    ssl_certfile: FilePath = _option("the path of a file that is there")
    ssl_keyfile: FilePath = _option("the path of a file that is there")
    ssl_password: str = _option("a password", min_length=1)
    ssl_min_version: Annotated[ssl.TLSVersion, BeforeValidator(_version)] = _option(
        "TLSv1_2 or TLSv1_3"
    )
    ssl_ciphers: str = _option("names of ciphers, as OpenSSL writes them", min_length=1)
    ssl_include_verify_flags: _Flags = _option("names of Python's ssl.VerifyFlags")
    ssl_exclude_verify_flags: _Flags = _option("names of Python's ssl.VerifyFlags")


class _SentinelOptions(_TcpOptions):
    master: str = _option("the name by which the Sentinels know the primary", min_length=1)
    sentinel_username: str = _option("a user's name", min_length=1)
    sentinel_password: str = _option("a password", min_length=1)


class _TlsSentinelOptions(_SentinelOptions, _TlsOptions):
    pass


_OPTIONS: Mapping[str, type[_Options]] = {
    "redis": _TcpOptions,
    "rediss": _TlsOptions,
    "unix": _Options,
    "redis+sentinel": _SentinelOptions,
    "rediss+sentinel": _TlsSentinelOptions,
    "redis+cluster": _TcpOptions,
    "rediss+cluster": _TlsOptions,
}


def parse_redis_url(url: str) -> RedisAddress:
    """Read REDIS_URL.

    Raises ValueError, which completes "REDIS_URL: …" and holds no secret.
    """
    try:
        parts = urlsplit(url)
        given = parse_qs(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
    except ValueError:
        raise ValueError(f"write {ADDRESS}") from None
    scheme, _, name = parts.scheme.partition("+")
    if parts.scheme not in _OPTIONS:
        raise ValueError(f"write {ADDRESS}")
    kind = Kind(name or Kind.SERVER)
    places = [_place(one, kind) for one in _each_host(parts._replace(scheme=scheme), kind)]
    read = _read({name: values[-1] for name, values in given.items()}, _OPTIONS[parts.scheme])
    if scheme == "rediss":
        _check_tls(read)
    options = places[0] | read
    if kind is Kind.SERVER:
        return RedisAddress(kind, [], options)
    hosts = [(place["host"], place.get("port", _PORTS[kind])) for place in places]
    options = {name: value for name, value in options.items() if name not in ("host", "port")}
    if kind is Kind.CLUSTER:
        if options.pop("db", 0):
            raise ValueError("db: write 0 or leave it out, a Redis Cluster has no other database")
        return RedisAddress(kind, hosts, options)
    if "master" not in options:
        raise ValueError(f"master: write the name of the primary, too, as in {SENTINELS}")
    logins = {name: options.pop(f"sentinel_{name}", None) for name in ("username", "password")}
    login = {name: value for name, value in logins.items() if value}
    return RedisAddress(kind, hosts, options, options.pop("master"), login)


def _each_host(parts: SplitResult, kind: Kind) -> list[SplitResult]:
    if kind is Kind.SERVER:
        return [parts]
    login, at, hosts = parts.netloc.rpartition("@")
    return [parts._replace(netloc=login + at + host) for host in hosts.split(",")]


def _place(parts: SplitResult, kind: Kind) -> dict[str, Any]:
    """Read an address with one host, without its options."""
    write = {Kind.SENTINEL: SENTINELS, Kind.CLUSTER: NODES}.get(kind)
    wrong = ValueError(f"write an address like {write}" if write else f"write {ADDRESS}")
    try:
        options: dict[str, Any] = dict(parse_url(parts._replace(query="").geturl()))
    except ValueError:
        raise wrong from None
    # redis-py takes 0, without a word, for a database that it cannot read.
    has_place = (
        parts.path and not parts.hostname
        if parts.scheme == "unix"
        else re.fullmatch(r"[^,]+ (/[0-9]*)?", f"{parts.hostname or ''} {parts.path}")
    )
    if not has_place or parts.fragment or parts.port == 0:
        raise wrong
    return options


def _read(given: dict[str, str], kind: type[_Options]) -> dict[str, Any]:
    try:
        return kind.model_validate(given).model_dump(exclude_unset=True)
    except ValidationError as error:
        mistakes = [_mistake(str(one["loc"][0]), given, kind) for one in error.errors()]
        raise ValueError("; ".join(mistakes)) from None


def _mistake(name: str, given: Mapping[str, str], kind: type[_Options]) -> str:
    if field := kind.model_fields.get(name):
        write = dict(field.json_schema_extra)["write"]  # type: ignore[arg-type]
        return f'{name}: write {write}, not "{given[name][:80]}"'
    if with_it := _scheme_with(name):
        return f"{name}: leave it out, or write an address that begins with {with_it}"
    if not re.fullmatch(r"[A-Za-z_]{1,40}", name):  # a part of a password that has a "?" in it
        return f"write {ADDRESS}"
    return f"{name}: leave it out; the options are {', '.join(kind.model_fields)}"


def _scheme_with(name: str) -> str | None:
    if name in _TlsOptions.model_fields:
        return "rediss://" if name.startswith("ssl_") else "redis:// or rediss://"
    return "redis+sentinel://" if name in _SentinelOptions.model_fields else None


def _check_tls(options: dict[str, Any]) -> None:
    """Load certificates and keys as redis-py will at the first connection."""
    if "ssl_keyfile" in options and "ssl_certfile" not in options:
        raise ValueError("ssl_keyfile: write ssl_certfile, too, with its certificate")
    if "ssl_certfile" in options:
        # Else OpenSSL asks the terminal for the password of a key that has one.
        options.setdefault("ssl_password", "")
    tls = {name: value for name, value in options.items() if name.startswith("ssl_")}
    try:
        SSLConnection(**tls).ssl_context.get()
    except (OSError, ValueError) as error:
        raise ValueError(f"{', '.join(tls)}: TLS cannot be set up so: {error}") from None
