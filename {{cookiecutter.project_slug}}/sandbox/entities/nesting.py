"""Which entities may lie inside which, and their order.

https://core.telegram.org/bots/api#formatting-options. Bold and its like are cut where another
entity begins inside them, and where one of another sort ends: so they come back from Telegram.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from sandbox.entities.text import Json

QUOTES = ("blockquote", "expandable_blockquote")
VERBATIM = ("pre", "code", "date_time")
LINKS = ("text_link", "text_mention")
FOUND = ("mention", "hashtag", "cashtag", "bot_command", "url", "email", "phone_number")
STYLES = ("bold", "italic", "underline", "strikethrough", "spoiler")
LAYERS = (QUOTES, ["pre"], ["code"], ["date_time"], LINKS + FOUND, *zip(STYLES), ["custom_emoji"])
RANKS = {kind: rank for rank, kinds in enumerate(LAYERS) for kind in kinds}


def ordered(entities: Iterable[Json]) -> list[Json]:
    """Entities in the order of Telegram: from outside to inside."""
    return sorted(entities, key=lambda one: (one["offset"], -one["length"], RANKS[one["type"]]))


def nest(entities: list[Json]) -> list[Json]:
    """What remains of entities that lie in one another or overlap."""
    if len(entities) < 2:
        return entities
    entities = ordered(entities)
    quotes = apart(one for one in entities if one["type"] in QUOTES)
    blocks = apart(one for one in entities if one["type"] not in (*QUOTES, *STYLES))
    blocks = quotes + [one for one in blocks if fits(one, quotes)]
    runs = [
        run for kind in STYLES for run in joined(one for one in entities if one["type"] == kind)
    ]
    cuts = {one["offset"] for one in runs} | {
        edge for one in blocks for edge in (one["offset"], end(one))
    }
    verbatim = [one for one in blocks if one["type"] in VERBATIM]
    styles = [piece for run in runs for piece in pieces(run, cuts) if not overlaps(piece, verbatim)]
    return ordered(blocks + styles)


def end(entity: Json) -> int:
    after: int = entity["offset"] + entity["length"]
    return after


def overlaps(entity: Json, others: list[Json]) -> bool:
    return any(entity["offset"] < end(other) and other["offset"] < end(entity) for other in others)


def fits(entity: Json, quotes: list[Json]) -> bool:
    """Whether an entity is inside a quote or outside of all."""
    touched = [quote for quote in quotes if overlaps(entity, [quote])]
    return all(one["offset"] <= entity["offset"] and end(entity) <= end(one) for one in touched)


def apart(entities: Iterable[Json]) -> list[Json]:
    """Those of ordered entities that do not reach into one before them."""
    kept: list[Json] = []
    for one in entities:
        if not kept or one["offset"] >= end(kept[-1]):
            kept.append(one)
    return kept


def joined(entities: Iterable[Json]) -> list[Json]:
    """Ordered entities of one type, those that touch made one."""
    runs: list[Json] = []
    for one in entities:
        if runs and one["offset"] <= end(runs[-1]):
            length = max(end(one), end(runs[-1])) - runs[-1]["offset"]
            runs[-1] = runs[-1] | {"length": length}
        else:
            runs.append(one)
    return runs


def pieces(run: Json, cuts: set[int]) -> list[Json]:
    inside = sorted(cut for cut in cuts if run["offset"] < cut < end(run))
    edges = pairwise((run["offset"], *inside, end(run)))
    return [run | {"offset": start, "length": stop - start} for start, stop in edges]
