"""Games and their scores: https://core.telegram.org/bots/api#games."""

from __future__ import annotations

from sandbox.errors import bad_request
from sandbox.methods.call import Call
from sandbox.methods.members import somebody
from sandbox.world.chats import Chat, Stored
from sandbox.world.events import Json

NEIGHBOURS = 2
"""How many above and below a user are told of, and the first three:
https://core.telegram.org/bots/api#getgamehighscores."""


def game(call: Call, values: Json) -> Json:
    """https://core.telegram.org/bots/api#sendgame: its first button starts it. A game of which
    nothing was told is one, too."""
    name = values["game_short_name"]
    unknown = {"title": name, "description": "", "photo": []}
    found = call.world.games.get((call.bot.bot_id, name), unknown)
    button = {"text": f"Play {found['title']}", "callback_game": {}}
    return {"game": found, "reply_markup": {"inline_keyboard": [[button]]}}


def sent_game(call: Call, values: Json) -> Json:
    """A game as it is sent to a chat: it tells of the scores there."""
    made = game(call, values)
    if scores := call.chat().scores.get(made["game"]["title"]):
        made["game"] = made["game"] | {"text": table(call, scores)}
    return made


async def set_game_score(call: Call) -> object:
    """https://core.telegram.org/bots/api#setgamescore: the message tells of it unless told not
    to."""
    chat, stored = game_message(call)
    user_id, score = somebody(call), call.params["score"]
    if score < 0:
        raise bad_request("SCORE_INVALID")
    scores = scores_of(chat, stored)
    if score <= scores.get(user_id, -1) and not call.params.get("force"):
        raise bad_request("BOT_SCORE_NOT_MODIFIED")
    scores[user_id] = score
    if not call.params.get("disable_edit_message"):
        told = stored.message["game"] | {"text": table(call, scores)}
        chat.edit(stored.message | {"game": told, "edit_date": call.world.clock.date})
    return True if stored.inline_id else stored.message


async def get_game_high_scores(call: Call) -> list[Json]:
    """https://core.telegram.org/bots/api#getgamehighscores"""
    chat, stored = game_message(call)
    user_id = somebody(call)
    ranked = ranking(call, scores_of(chat, stored))
    places = [place for place, one in enumerate(ranked) if one["user"]["id"] == user_id]
    near = range(places[0] - NEIGHBOURS, places[0] + NEIGHBOURS + 1) if places else ()
    return [one for place, one in enumerate(ranked) if place < 3 or place in near]


def game_message(call: Call) -> tuple[Chat, Stored]:
    """The game of the bot that a method is about. Raises ApiError 400."""
    chat, stored = call.own_message("message to set game score not found", "MESSAGE_ID_INVALID")
    if "game" not in stored.message:
        raise bad_request("MESSAGE_ID_INVALID")
    return chat, stored


def scores_of(chat: Chat, stored: Stored) -> dict[int, int]:
    """The scores of a game in a chat, by user id."""
    return chat.scores.setdefault(stored.message["game"]["title"], {})


def ranking(call: Call, scores: dict[int, int]) -> list[Json]:
    """GameHighScore objects, the best first."""
    best = sorted(scores.items(), key=lambda one: -one[1])
    return [
        {"position": place, "user": call.world.user(user_id), "score": score}
        for place, (user_id, score) in enumerate(best, 1)
    ]


def table(call: Call, scores: dict[int, int]) -> str:
    """Scores as a game's message tells them."""
    return "\n".join(
        f"{one['position']}. {one['user']['first_name']} – {one['score']}"
        for one in ranking(call, scores)
    )


MODELS = {
    "setGameScore": ("force", "disable_edit_message", "chat_id", "message_id", "inline_message_id"),
    "getGameHighScores": ("chat_id", "message_id", "inline_message_id"),
}
