"""The end of a turn, as far as states go, for tests without a worker."""

from fleet.overlay import Overlay


async def commit(overlay: Overlay) -> None:
    """Write what the turn has written, as the script of its end does."""
    try:
        if writes := overlay.seal():
            async with overlay._redis.pipeline(transaction=True) as pipeline:
                for write in writes:
                    if write.value is None:
                        pipeline.delete(write.key)
                    else:
                        pipeline.set(write.key, write.value, px=write.ttl_ms)
                await pipeline.execute()
    finally:
        overlay.close()
