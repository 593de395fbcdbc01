/** What is in a message: text, pictures, files, places, polls. */

import { act } from "./api.js";
import { checklist } from "./checklist.js";
import { h, textButton } from "./dom.js";
import { formatted, prettyJson } from "./entities.js";
import {
  attachment,
  card,
  covered,
  film,
  loop,
  moving,
  picture,
  sound,
  spot,
  sticker,
} from "./media.js";
import { fullName, money } from "./names.js";
import { copy } from "./overlay.js";
import { chatOf, keyOf, place, state, voted } from "./store.js";
import { richMessage } from "./rich.js";
import { game, giveaway, livePhoto, paidMedia, story, winners } from "./special.js";
import { kindOf } from "./words.js";

/** Fields every message may have; what else there is makes it what it is. */
const COMMON =
  /^(message_id|from|chat|date|edit_date|reply_|forward_|sender_|via_bot|media_group_id|has_|is_|effect_id|message_thread_id|link_preview|author|external_reply|quote|receiver_user|ephemeral_|business_)/;

/**
 * The nodes of a message's content; the first kind that fits. `chat` is the column's side of it.
 */
export function content(message, chat) {
  const kind = kindOf(message);
  const text = kind === "text" ? [textOf(message, chat)] : [];
  const body =
    kind === "text" ? [] : [DRAWN[kind]?.(message[kind], message, chat) ?? unknown(message)];
  const caption = message.caption
    ? h("div", { class: "words" }, formatted(message.caption, message.caption_entities, chat.acts))
    : null;
  const parts = message.show_caption_above_media ? [caption, ...body] : [...body, caption];
  return [...text, ...parts].filter(Boolean);
}

function textOf(message, chat) {
  const plain = !message.entities?.length && message.text;
  const big =
    plain && /^(?:\p{Extended_Pictographic}(?:\p{Emoji_Modifier}|\uFE0F)?){1,3}$/u.test(plain);
  const kind = `words ${big ? "big" : ""}`;
  return h("div", { class: kind }, formatted(message.text, message.entities, chat.acts));
}

const DRAWN = {
  photo: (sizes, message) => covered(picture(sizes.at(-1), "Photo", true), message),
  video: (file, message) => covered(film(file, { controls: true }), message),
  animation: (file, message) => covered(moving(file), message),
  video_note: (file) => film(file, { controls: true, class: "note" }),
  sticker: (file) => (file.is_video ? film(file, loop("sticker")) : sticker(file)),
  voice: (file) => sound(file, "Voice message"),
  audio: (file) =>
    sound(file, [file.performer, file.title].filter(Boolean).join(" – ") || file.file_name),
  document: (file) => attachment(file),
  location: (where) => spot(where, where.live_period ? "Live location" : "Location"),
  venue: (venue) => spot(venue.location, venue.title, venue.address),
  contact: (contact) =>
    card("person", fullName(contact), contact.phone_number, () => copy(contact.phone_number)),
  poll: (poll, message, chat) => drawPoll(poll, message, chat),
  dice: (dice) =>
    h(
      "div",
      { class: "dice", title: `The value is ${dice.value}` },
      dice.emoji,
      h("b", {}, dice.value),
    ),
  game: (what, _, chat) => game(what, chat),
  live_photo: (photo, message) => covered(livePhoto(photo), message),
  paid_media: paidMedia,
  checklist,
  story,
  giveaway,
  giveaway_winners: winners,
  rich_message: richMessage,
  invoice: (invoice) => card("file", invoice.title, `${invoice.description} · ${money(invoice)}`),
};

function unknown(message) {
  const rest = Object.fromEntries(Object.entries(message).filter(([name]) => !COMMON.test(name)));
  const name = Object.keys(rest)[0] ?? "empty message";
  return h(
    "details",
    { class: "unknown" },
    h("summary", {}, name.replaceAll("_", " ")),
    prettyJson(rest),
  );
}

// Polls

function drawPoll(poll, message, chat) {
  const votes = chatOf(keyOf(chat.target)).votes.get(message.message_id);
  const mine = votes?.find((one) => one.user_id === state.me)?.option_ids;
  const chosen = mine?.length ? mine : null;
  const over = poll.is_closed || chosen;
  const what =
    poll.type === "quiz" ? "Quiz" : poll.allows_multiple_answers ? "Poll, many answers" : "Poll";
  const about = poll.is_closed
    ? "Final results"
    : `${poll.is_anonymous ? "Anonymous " : ""}${what}`;
  const cast = async (ids) => {
    const args = {
      ...place(chat.target),
      user_id: state.me,
      message_id: message.message_id,
      option_ids: ids,
    };
    if (await act("vote", args)) voted(chat.target, message.message_id, ids);
  };
  const options = poll.options.map((option, index) =>
    over ? result(poll, option, index, chosen) : choice(poll, option, index, cast),
  );
  const node = h("div", { class: "poll" });
  const sendChosen = () =>
    cast([...node.querySelectorAll("input:checked")].map((box) => Number(box.value)));
  const count = poll.total_voter_count;
  const foot = [
    h("small", {}, count ? `${count} ${count === 1 ? "vote" : "votes"}` : "No votes yet"),
    !over && poll.allows_multiple_answers && textButton("Vote", sendChosen),
    chosen && !poll.is_closed && poll.allows_revoting && textButton("Take it back", () => cast([])),
  ];
  const why = over && poll.explanation && h("p", { class: "why" }, poll.explanation);
  const head = h("b", {}, formatted(poll.question, poll.question_entities, chat.acts));
  node.append(
    head,
    h("small", {}, about),
    ...options,
    ...[why].filter(Boolean),
    h("div", { class: "foot" }, ...foot.filter(Boolean)),
  );
  return node;
}

function choice(poll, option, index, cast) {
  if (poll.allows_multiple_answers) {
    return h(
      "label",
      { class: "option" },
      h("input", { type: "checkbox", value: index }),
      option.text,
    );
  }
  const props = { type: "button", class: "option", onclick: () => cast([index]) };
  return h("button", props, h("span", { class: "ring" }), option.text);
}

function result(poll, option, index, chosen) {
  const share = Math.round((100 * option.voter_count) / Math.max(1, poll.total_voter_count));
  const right = (poll.correct_option_ids ?? [poll.correct_option_id]).includes(index);
  const mine = chosen?.includes(index);
  const wrong = poll.type === "quiz" && mine && !right;
  const mark = wrong ? "✗" : mine || (poll.type === "quiz" && right) ? "✓" : "";
  const bar = h("i", { style: { width: `${Math.max(share, 1)}%` } });
  return h(
    "div",
    { class: `option result ${wrong ? "wrong" : ""}` },
    h("span", { class: "share" }, `${share}%`),
    h("span", {}, option.text, " ", mark),
    bar,
  );
}
