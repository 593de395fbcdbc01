"""Several Redis that belong together: a primary with a replica and Sentinels, and a Cluster."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from redis.asyncio import Redis
from redis.crc import key_slot
from redis.exceptions import RedisError

from fleet.redis.errors import is_away
from tests.process import free_port
from tests.proofs.redis_server import RedisServer
from tests.waiting import until

MASTER = "shop"
"""The name by which the Sentinels know the primary."""
DOWN_AFTER = 1_000
"""Milliseconds of silence after which a server counts as down."""
SLOTS = 16_384


@contextmanager
def running(*servers: RedisServer) -> Iterator[None]:
    """Run them; none is left behind."""
    try:
        for server in servers:
            server.start()
        yield
    finally:
        for server in servers:
            server.kill()


def make_server(folder: Path, name: str, *options: str) -> RedisServer:
    place = folder / name
    place.mkdir()
    # Without a delay, for a replica that comes need not wait for others.
    options += ("--appendonly", "yes", "--appendfsync", "always")
    return RedisServer(place, "--repl-diskless-sync-delay", "0", *options)


def make_replica(folder: Path, name: str, primary: RedisServer) -> RedisServer:
    return make_server(folder, name, "--replicaof", "127.0.0.1", str(primary.port))


async def until_replicated(primary: RedisServer, replicas: int = 1) -> None:
    async def all_there() -> bool:
        with primary.client() as client:
            return bool(client.execute_command("WAIT", replicas, 100) >= replicas)

    await until(all_there, "the replicas have what the primary has")


async def until_written(client: Redis, key: str) -> None:
    """Write as the service does: again while Redis is away. Any other error ends the test."""

    async def write() -> bool:
        try:
            return bool(await client.execute_command("SET", key, "x"))
        except RedisError as error:
            if not is_away(error):
                raise
            return False

    await until(write, "a write gets through")


class _Sentinel(RedisServer):
    """It watches `primary`, and keeps in a file what it learns."""

    def __init__(self, folder: Path, name: str, primary: RedisServer) -> None:
        place = folder / name
        place.mkdir()
        super().__init__(place)
        self._file = place / "sentinel.conf"
        self._file.write_text(
            f"bind 127.0.0.1\nport {self.port}\ndir {place}\n"
            f"sentinel monitor {MASTER} 127.0.0.1 {primary.port} 2\n"
            f"sentinel down-after-milliseconds {MASTER} {DOWN_AFTER}\n"
            f"sentinel failover-timeout {MASTER} {10 * DOWN_AFTER}\n"
        )

    def arguments(self) -> list[str]:
        return [str(self._file), "--sentinel"]


class Watched:
    """A primary, a replica, and three Sentinels that watch them."""

    def __init__(self, folder: Path) -> None:
        self.servers = [make_server(folder, "first")]
        self.servers.append(make_replica(folder, "second", self.servers[0]))
        self.sentinels = [_Sentinel(folder, f"sentinel{n}", self.servers[0]) for n in range(3)]

    @property
    def url(self) -> str:
        hosts = ",".join(f"127.0.0.1:{sentinel.port}" for sentinel in self.sentinels)
        return f"redis+sentinel://{hosts}/0?master={MASTER}"

    async def until_settled(self) -> RedisServer:
        """Wait until all Sentinels know each other and a primary with a replica; give that."""

        async def settled() -> RedisServer | None:
            ports = set()
            for sentinel in self.sentinels:
                with sentinel.client() as client:
                    state = client.sentinel_master(MASTER)
                if state["num-other-sentinels"] < 2 or state["num-slaves"] < 1:
                    return None
                if state["flags"] != "master":
                    return None
                ports.add(state["port"])
            [primary, *others] = [one for one in self.servers if one.port in ports]
            if others:
                return None
            with primary.client() as client:
                info = client.info("replication")
            return primary if info["role"] == "master" and info["connected_slaves"] else None

        primary = await until(settled, "the Sentinels agree on a primary that has a replica")
        assert primary
        return primary

    async def until_replaced(self, old: RedisServer) -> None:
        """Wait until the Sentinels have made another one the primary."""

        async def replaced() -> bool:
            with self.sentinels[0].client() as client:
                return bool(client.sentinel_master(MASTER)["port"] != old.port)

        await until(replaced, "the Sentinels have another primary")

    def fail_over(self) -> None:
        """Have the Sentinels exchange the primary."""
        with self.sentinels[0].client() as client:
            client.execute_command("SENTINEL", "FAILOVER", MASTER)


class Nodes:
    """A Cluster of three primaries, each with a replica if wanted."""

    def __init__(self, folder: Path, *, replicas: bool = False) -> None:
        self.primaries = [self._node(folder, f"primary{n}") for n in range(3)]
        self.replicas = [self._node(folder, f"replica{n}") for n in range(3 * replicas)]

    @staticmethod
    def _node(folder: Path, name: str) -> RedisServer:
        options = ["--cluster-enabled", "yes", "--cluster-node-timeout", str(DOWN_AFTER)]
        return make_server(folder, name, *options, "--cluster-port", str(free_port()))

    @property
    def servers(self) -> list[RedisServer]:
        return [*self.primaries, *self.replicas]

    @property
    def url(self) -> str:
        return "redis+cluster://" + ",".join(f"127.0.0.1:{one.port}" for one in self.servers)

    async def join(self) -> None:
        """Make a Cluster of those that run."""
        first, *others = self.servers
        for number, server in enumerate(self.primaries):
            slots = range(number * SLOTS // 3, (number + 1) * SLOTS // 3)
            with server.client() as client:
                client.execute_command("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
                client.execute_command("CLUSTER", "ADDSLOTS", *slots)
        for server in others:
            with server.client() as client, first.client() as known:
                bus = known.config_get("cluster-port")["cluster-port"]
                client.execute_command("CLUSTER", "MEET", "127.0.0.1", first.port, bus)
        await until(self._all_know_all, "the nodes know each other")
        for primary, replica in zip(self.primaries, self.replicas, strict=False):
            with primary.client() as one, replica.client() as other:
                other.execute_command("CLUSTER", "REPLICATE", one.execute_command("CLUSTER MYID"))
        await until(self._is_whole, "the Cluster works, and replicas follow")

    async def _all_know_all(self) -> bool:
        return {await self._say(one, "cluster_known_nodes") for one in self.servers} == {
            str(len(self.servers))
        }

    async def _is_whole(self) -> bool:
        states = {await self._say(one, "cluster_state") for one in self.servers}
        links = set()
        for replica in self.replicas:
            with replica.client() as client:
                links.add(client.info("replication").get("master_link_status"))
        return states == {"ok"} and links <= {"up"}

    @staticmethod
    async def _say(server: RedisServer, field: str) -> str:
        with server.client() as client:
            return str(client.execute_command("CLUSTER INFO")[field])

    async def until_replaced(self, old: RedisServer) -> None:
        """Wait until the replica of this primary is one."""
        replica = self.replicas[self.primaries.index(old)]

        async def replaced() -> bool:
            with replica.client() as client:
                return bool(client.info("replication")["role"] == "master")

        await until(replaced, "the replica has become a primary")

    def primary_of(self, key: str) -> RedisServer:
        """Give the one that has the key as long as nothing has moved."""
        return self.primaries[key_slot(key.encode()) * 3 // SLOTS]
