"""REDIS_URL: where Redis is, and the options behind the question mark."""

import re
import ssl
from collections.abc import Mapping
from typing import Annotated, Any, Literal
from urllib.parse import parse_qs, urlsplit

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

ADDRESS = (
    "an address like redis://localhost:6379/0, rediss://host:6380/0 (TLS) or unix:///run/redis.sock"
)


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


_KINDS: Mapping[str, type[_Options]] = {
    "redis": _TcpOptions,
    "rediss": _TlsOptions,
    "unix": _Options,
}


def parse_redis_url(url: str) -> dict[str, Any]:
    """Read what redis-py's pool and its connections take.

    Raises ValueError, which completes "REDIS_URL: …" and holds no secret.
    """
    try:
        parts = urlsplit(url)
        options: dict[str, Any] = dict(parse_url(parts._replace(query="").geturl()))
        given = parse_qs(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
    except ValueError:
        raise ValueError(f"write {ADDRESS}") from None
    # redis-py takes 0, without a word, for a database that it cannot read.
    has_place = (
        parts.path and not parts.hostname
        if parts.scheme == "unix"
        else parts.hostname and re.fullmatch(r"(/[0-9]*)?", parts.path)
    )
    if not has_place or parts.fragment or parts.port == 0:
        raise ValueError(f"write {ADDRESS}")
    read = _read({name: values[-1] for name, values in given.items()}, _KINDS[parts.scheme])
    if parts.scheme == "rediss":
        _check_tls(read)
    return options | read


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
    if name in _TlsOptions.model_fields:
        with_it = "rediss://" if name.startswith("ssl_") else "redis:// or rediss://"
        return f"{name}: leave it out, or write an address that begins with {with_it}"
    if not re.fullmatch(r"[A-Za-z_]{1,40}", name):  # a part of a password that has a "?" in it
        return f"write {ADDRESS}"
    return f"{name}: leave it out; the options are {', '.join(kind.model_fields)}"


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
