"""Games, as a user has them: https://core.telegram.org/bots/api#games."""

from __future__ import annotations

from sandbox.control.people import find, upload
from sandbox.errors import ControlError
from sandbox.world.events import Json
from sandbox.world.pending import Press
from sandbox.world.world import ALICE, World


async def add_game(
    world: World,
    bot_id: int,
    short_name: str,
    title: str,
    description: str = "",
    photo: str | None = None,
    animation: str | None = None,
) -> Json:
    """What BotFather is told of a bot's game; a photo and an animation in base64."""
    game: Json = {"title": title, "description": description, "photo": []}
    if photo is not None:
        game |= upload(world, "photo", "game.png", photo)
    if animation is not None:
        game |= upload(world, "animation", "game.gif", animation)
    world.games[world.bot(bot_id).bot_id, short_name] = game
    return game


def short_name(world: World, bot_id: int, title: str) -> str:
    """What the bot calls a game: of one of which nothing was told, it is the title."""
    own = {game["title"]: name for (owner, name), game in world.games.items() if owner == bot_id}
    return own.get(title, title)


async def play(
    world: World,
    message_id: int,
    user_id: int = ALICE,
    bot_id: int | None = None,
    chat_id: int | None = None,
) -> Json:
    """A user presses the button that starts a game: the bot gets a callback query with
    `game_short_name`, and answers with the game's address."""
    chat, stored = find(world, bot_id, user_id if chat_id is None else chat_id, message_id)
    game = stored.message.get("game")
    if game is None:
        raise ControlError(f"message {message_id} is no game")
    chat.acts()
    owner = stored.message.get("via_bot", {}).get("id") or stored.bot_id
    bot, query_id = world.bot(owner or 0), world.new_id()
    world.presses[query_id] = Press(bot.bot_id, user_id, chat)
    query = {"id": query_id, "from": world.user(user_id), "chat_instance": str(chat.chat_id)}
    inline: Json = {"inline_message_id": stored.inline_id} if stored.inline_id else {}
    query |= inline or {"message": stored.message}
    name = short_name(world, bot.bot_id, game["title"])
    [update_id] = bot.enter([{"callback_query": query | {"game_short_name": name}}])
    return {"update_id": update_id, "query_id": query_id}


COMMANDS = (add_game, play)
