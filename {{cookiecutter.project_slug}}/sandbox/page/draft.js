/** What a bot is still writing: https://core.telegram.org/bots/api#sendmessagedraft */

import { act } from "./api.js";
import { content } from "./content.js";
import { h, textButton } from "./dom.js";
import { state } from "./store.js";

/** A bubble of what is there so far, and if the bot lets its user, a button that stops it. */
export function draftBubble(draft, chat) {
  const stop = () => act("stop_draft", { bot_id: draft.bot_id, user_id: state.me });
  const known = draft.text || draft.rich_message;
  const inside = known ? content(draft, chat) : h("div", { class: "words" }, "…");
  return h(
    "article",
    { class: "message theirs first last draft", tabindex: "-1" },
    h(
      "div",
      { class: "stack" },
      h(
        "div",
        { class: "bubble" },
        inside,
        h("small", {}, "is being written…"),
        draft.can_stop && textButton("Stop", stop),
      ),
    ),
  );
}
