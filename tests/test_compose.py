"""What compose.yaml says, as Compose reads it."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Bake
from tests.stack import GRACE

pytestmark = pytest.mark.docker


def test_compose_file(project: Path) -> None:
    """Every service is held in, in any profile; Caddy alone is published beyond this machine."""
    services = services_of(project, "--profile", "*")
    for name, service in services.items():
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert int(service["mem_limit"]) > 0, name
        assert service["cpus"] > 0, name
        assert service["pids_limit"] > 0, name
        assert service["restart"] == "unless-stopped", name
        assert service["logging"]["options"].keys() == {"max-size", "max-file"}, name
        assert "init" not in service, name
    published = {
        (name, port.get("host_ip", "everywhere"))
        for name, service in services.items()
        for port in service.get("ports", [])
    }
    assert published == {
        ("bot", "127.0.0.1"),
        ("sandbox", "127.0.0.1"),
        ("caddy", "everywhere"),
    }
    assert services["bot"]["stop_grace_period"] == f"{GRACE}s"


def test_the_sandbox_has_a_profile(project: Path) -> None:
    assert services_of(project).keys() == {"bot", "redis", "sandbox"}, "as .env is generated"
    assert services_of(project, COMPOSE_PROFILES="").keys() == {"bot", "redis"}


def test_a_local_bot_api_server(project: Path) -> None:
    """The bots see its files at its paths, but cannot change them."""
    env = {"COMPOSE_PROFILES": "botapi", "TELEGRAM_API_ID": "7", "TELEGRAM_API_HASH": "h"}
    services = services_of(project, **env)
    assert services.keys() == {"bot", "redis", "botapi"}
    server, bot = services["botapi"], services["bot"]
    assert "--local" in server["entrypoint"]
    assert server["environment"] == {"TELEGRAM_API_ID": "7", "TELEGRAM_API_HASH": "h"}
    [files], [seen] = server["volumes"], bot["volumes"]
    assert (seen["source"], seen["target"]) == (files["source"], files["target"])
    assert seen["read_only"]
    assert bot["group_add"] == [server["user"].partition(":")[2]]


def test_an_authority_of_ones_own(bake: Bake) -> None:
    """As README.md says it."""
    folder = bake()
    readme = (folder / "README.md").read_text()
    blocks = [block.partition("```")[0] for block in readme.split("```yaml\n")]
    [override] = [block for block in blocks if "SSL_CERT_FILE: " in block]
    (folder / "compose.override.yaml").write_text(override)
    bot = services_of(folder)["bot"]
    mounted = {one["target"]: one["source"] for one in bot["volumes"]}
    assert mounted[bot["environment"]["SSL_CERT_FILE"]] == str(folder / "ca.pem")
    assert "/var/lib/telegram-bot-api" in mounted, "the volumes of compose.yaml stay"


def test_how_many_proxies_are_in_front_can_be_said(project: Path) -> None:
    for said, told in (({}, "1"), ({"TRUSTED_PROXIES": "2"}, "2")):
        environment = services_of(project, **said)["bot"]["environment"]
        assert environment["TRUSTED_PROXIES"] == told


def services_of(folder: Path, *options: str, **env: str) -> dict[str, Any]:
    """The services as `docker compose` understands compose.yaml and .env."""
    command = ["docker", "compose", *options, "config", "--format", "json"]
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, **env}, check=True, text=True, capture_output=True
    )
    assert not done.stderr
    return dict(json.loads(done.stdout)["services"])
