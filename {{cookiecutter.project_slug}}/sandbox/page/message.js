/** One bubble: who says it, what it answers, its content, time, reactions and buttons. */

import { act } from "./api.js";
import { avatar, clock, h, icon } from "./dom.js";
import { content } from "./content.js";
import { prettyJson } from "./entities.js";
import { inlineKeyboard } from "./keyboard.js";
import { fullName, senderName, short, titleOfPerson } from "./names.js";
import { copy, dialog, menu } from "./overlay.js";
import { saveAsTest } from "./saving.js";
import { chatOf, hasRight, isChannel, keyOf, place, roleIn, state } from "./store.js";
import { topicName, topicOf } from "./topics.js";
import { kindOf, serviceText, summary, wordsOf } from "./words.js";

const REACTIONS = ["👍", "❤", "🔥", "🎉", "😁", "😢", "👎"];
const BARE = ["sticker", "video_note", "dice"];

export const isMine = (message) => message.from?.id === state.me && !message.sender_chat;

/** One that a bot says to the user of the page alone: it is not in the chat, and has no id there. */
const isWhisper = (message) => Boolean(message.ephemeral_message_id);

/** Posts of a channel are edited by those who may post there. */
export function canEdit(message) {
  const { id } = message.chat;
  const mayEdit = isChannel(id)
    ? hasRight(roleIn(id), "can_edit_messages") && !message.via_bot
    : isMine(message);
  return mayEdit && Boolean(wordsOf(message));
}

/**
 * `flags` are its place among messages of the same sender: first, last.
 *
 * @param {object[]} messages one, or those of an album
 * @param {import("./chat.js").Side} chat
 */
export function bubble(messages, flags, chat) {
  const [message] = messages;
  const service = serviceText(message);
  const id = { "data-id": message.message_id };
  if (service) return h("div", { class: "service", ...id }, h("span", {}, service));
  const mine = isMine(message);
  const inGroup = chat.target < 0;
  const kinds = [
    mine ? "mine" : "theirs",
    flags.first && "first",
    flags.last && "last",
    shape(messages),
  ];
  const name = inGroup && !mine && flags.first && sender(message);
  const inside = messages.length > 1 ? album(messages, chat) : content(message, chat);
  const meta = metaOf(message, chat);
  const words = inside.findLast((node) => node.classList.contains("words"));
  // At the end of the words the time shares their last line.
  words?.append(meta);
  const open = (event) => openMenu(event, message, chat);
  // A double click on a word selects it.
  const reply = () => getSelection().isCollapsed && !isWhisper(message) && chat.reply(message);
  const more = {
    type: "button",
    class: "more",
    tabindex: "-1",
    "aria-label": "Actions",
    onclick: open,
  };
  const node = h(
    "div",
    { class: "bubble", oncontextmenu: open, ondblclick: reply },
    [
      name,
      whereIn(message, chat),
      origin(message),
      quote(message, chat),
      inside,
      !words && meta,
      reactions(message, chat),
      h("button", more, icon("down")),
    ],
  );
  const face =
    inGroup &&
    !mine &&
    (flags.last
      ? avatar(senderId(message), senderName(message), "small")
      : h("span", { class: "avatar none" }));
  return h(
    "article",
    { class: ["message", ...kinds].filter(Boolean).join(" "), tabindex: "-1", ...id },
    face,
    h("div", { class: "stack" }, node, inlineKeyboard(message, chat)),
  );
}

function shape(messages) {
  const kind = kindOf(messages[0]);
  if (BARE.includes(kind)) return "bare";
  const seen = ["photo", "video", "animation"].includes(kind);
  return seen ? (messages.some((one) => one.caption) ? "pictured" : "pictured silent") : "";
}

const senderId = (message) => message.sender_chat?.id ?? message.from?.id ?? 0;

function sender(message) {
  const tint = `tint-${Math.abs(senderId(message)) % 7}`;
  return h(
    "b",
    { class: `sender ${tint}` },
    senderName(message),
    message.from?.is_bot && !message.sender_chat && h("small", {}, " bot"),
  );
}

/** In which topic it is said, where all of them are read, and whether to one member alone. */
function whereIn(message, chat) {
  if (isWhisper(message)) return h("div", { class: "origin" }, "Only you see this");
  const topic = message.is_topic_message && !topicOf(chat.target);
  return topic && h("div", { class: "origin" }, `# ${topicName(chat.target, message) ?? "deleted"}`);
}

function origin(message) {
  const from = message.forward_origin;
  const name =
    from &&
    (from.sender_user_name ??
      from.chat?.title ??
      from.sender_chat?.title ??
      fullName(from.sender_user));
  return [
    from && h("div", { class: "origin" }, "Forwarded from ", h("b", {}, name)),
    message.via_bot &&
      h("div", { class: "origin" }, "via ", h("b", {}, `@${message.via_bot.username}`)),
  ];
}

function quote(message, chat) {
  const replied = message.reply_to_message;
  if (!replied) return null;
  const text = message.quote?.text ?? summary(replied);
  const jump = () => chat.jump(replied.message_id);
  return h(
    "button",
    { type: "button", class: "quote", onclick: jump },
    h("b", {}, senderName(replied)),
    h("span", {}, short(text.replace(/\s+/g, " "), 120)),
  );
}

function album(messages, chat) {
  const parts = messages.flatMap((message) => content(message, chat));
  // The words of files stand below each, those of pictures below all.
  if (!["photo", "video"].includes(kindOf(messages[0]))) return parts;
  const isWords = (node) => node.classList.contains("words");
  const media = parts.filter((node) => !isWords(node));
  const kind = `album of-${Math.min(messages.length, 4)}`;
  return [h("div", { class: kind }, media), ...parts.filter(isWords)];
}

function metaOf(message, chat) {
  const waits = chatOf(keyOf(chat.target)).waiting.has(message.message_id);
  const told = `${waits ? "Not yet taken" : "Taken"} by ${chat.target < 0 ? "every" : "the"} bot`;
  const tick = h(
    "span",
    { class: waits ? "tick-waits" : "tick-taken", role: "img", "aria-label": told, title: told },
    icon(waits ? "check" : "checks"),
  );
  const date = new Date(message.date * 1000).toLocaleString();
  return h("span", { class: "meta" }, [
    message.edit_date && h("span", { class: "edited" }, "edited"),
    h(
      "time",
      { title: date, datetime: new Date(message.date * 1000).toISOString() },
      clock(message.date),
    ),
    isMine(message) && tick,
  ]);
}

function reactionsTo(message, chat) {
  return chatOf(keyOf(chat.target)).reactions.get(message.message_id) ?? [];
}

function reactions(message, chat) {
  const byEmoji = Map.groupBy(reactionsTo(message, chat), (one) => one.emoji);
  if (!byEmoji.size) return null;
  const shown = [...byEmoji].map(([emoji, ones]) => {
    const mine = ones.some((one) => one.user_id === state.me);
    const who = ones.map((one) => titleOfPerson(one.user_id)).join(", ");
    const props = {
      type: "button",
      class: "reaction",
      "aria-pressed": String(mine),
      title: who,
    };
    return h(
      "button",
      { ...props, onclick: () => react(message, chat, emoji) },
      emoji,
      h("b", {}, ones.length),
    );
  });
  return h("div", { class: "reactions" }, shown);
}

function react(message, chat, emoji) {
  const mine = reactionsTo(message, chat).find((one) => one.user_id === state.me)?.emoji;
  const args = { ...place(chat.target), user_id: state.me, message_id: message.message_id };
  return act("react", { ...args, emoji: mine === emoji ? null : emoji });
}

/** What can be done with a message; at the pointer or, by key, at the bubble. */
export function openMenu(event, message, chat) {
  event.preventDefault();
  const text = wordsOf(message);
  const listed = !isWhisper(message);
  const choose = REACTIONS.map((emoji) => {
    const props = { type: "button", role: "menuitem", "aria-label": `React with ${emoji}` };
    return h("button", { ...props, onclick: () => react(message, chat, emoji) }, emoji);
  });
  const { target } = event;
  const at = event.clientX ? event : (target.closest("button") ?? target.querySelector(".bubble"));
  menu(
    at,
    [
      listed && h("div", { class: "emojis" }, choose),
      listed && ["reply", "Reply", () => chat.reply(message)],
      canEdit(message) && ["edit", "Edit", () => chat.edit(message)],
      text && ["copy", "Copy text", () => copy(text)],
      listed && ["test", "Save as test from here", () => saveAsTest(chat.target, message.message_id)],
      [
        "file",
        "Show as JSON",
        () => dialog(`Message ${message.message_id}`, prettyJson(message), [["Close", null]]),
      ],
    ],
    "Message",
  );
}
