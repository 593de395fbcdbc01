/** The messages of a column, from the earliest shown to the newest, and what is there before them. */

import { day, h, iconButton } from "./dom.js";
import { draftBubble } from "./draft.js";
import { bubble, isMine, openMenu } from "./message.js";
import { toast } from "./overlay.js";
import { chatOf, keyOf, state } from "./store.js";
import { threadOf, topicOf } from "./topics.js";
import { createWelcome } from "./welcome.js";
import { serviceText } from "./words.js";

const SHOWN = 80;
const MORE = 200;
/** Seconds between messages of one sender that still hang together. */
const TOGETHER = 300;

/**
 * @param {import("./chat.js").Side} side
 * @param {(text: string) => void} say sends a command
 */
export function createHistory(side, say) {
  const { target } = side;
  const key = keyOf(target);
  const inner = h("div", { class: "inner" });
  const props = { class: "log", role: "log", tabindex: "0", "aria-label": "Messages" };
  const log = h("div", props, inner);
  const welcome = createWelcome(target, say);
  const down = iconButton("down", "To the newest message", () => toEnd(true), {
    class: "to-end",
    hidden: true,
  });
  /** Nodes in the log by key, with the signature that they were made of. */
  const drawn = new Map();
  /** The id of the earliest message shown. It stays when messages come while somebody reads. */
  let from = 0;
  let sticks = true;
  /** The id of the topic that is drawn; nothing for all of them. */
  let read;
  let top = 0;

  function draw() {
    const chat = chatOf(key);
    const topic = topicOf(target);
    const inTopic = (one) => !topic || threadOf(one) === topic.message_thread_id;
    const all = [...chat.messages.values()].filter(inTopic);
    // Another topic is another text: it is read from its end.
    if (topic?.message_thread_id !== read) sticks = true;
    read = topic?.message_thread_id;
    if (sticks) from = all.at(-SHOWN)?.message_id ?? 0;
    const shown = all.filter((one) => one.message_id >= from);
    const items = arrange(shown, chat);
    for (const one of whispersOf(chat).filter(inTopic)) items.push(whisper(one));
    if (chat.draft) items.push(draftOf(chat.draft));
    if (shown.length < all.length)
      items.unshift({ key: "earlier", signature: [], make: earlier });
    if (chat.loaded && !all.length) {
      items.unshift({ key: "welcome", signature: [], make: () => welcome.node });
      welcome.draw();
    }
    const newest = all.at(-1);
    const follow =
      sticks || (newest && isMine(newest) && !drawn.has(newest.message_id) && drawn.size);
    const kept = new Set(items.map((item) => item.key));
    for (const [itemKey, { element }] of drawn) {
      if (!kept.has(itemKey)) fade(itemKey, element, chat);
    }
    const isOpen = drawn.size > 0;
    let place = inner.firstChild;
    for (const item of items) {
      while (place?.classList.contains("gone")) place = place.nextSibling;
      const old = drawn.get(item.key);
      const same =
        old?.signature.length === item.signature.length &&
        old.signature.every((one, i) => one === item.signature[i]);
      const element = same ? old.element : item.make();
      if (!same) {
        if (isOpen && !old && !place && !document.hidden) element.classList.add("new");
        drawn.set(item.key, { element, signature: item.signature });
        if (old) old.element.replaceWith(element);
        if (old?.element === place) place = element;
      }
      if (element === place) place = place.nextSibling;
      else inner.insertBefore(element, place);
    }
    if (follow) toEnd();
    down.hidden = sticks;
  }

  function fade(itemKey, element, chat) {
    drawn.delete(itemKey);
    const isDeleted = typeof itemKey === "number" && chat.loaded && !chat.messages.has(itemKey);
    if (!isDeleted || itemKey < from) return element.remove();
    element.classList.add("gone");
    return setTimeout(() => element.remove(), 220);
  }

  /** Messages in their order, with days between them and albums together. */
  function arrange(messages, chat) {
    const items = [];
    const groups = new Set();
    for (const [index, message] of messages.entries()) {
      const before = messages[index - 1];
      const date = day(message.date);
      if (!before || day(before.date) !== date) {
        items.push({
          key: `day ${date}`,
          signature: [],
          make: () => h("div", { class: "day" }, h("span", {}, date)),
        });
      }
      const group = message.media_group_id;
      // A bot may answer before all of an album is there.
      if (group && groups.has(group)) continue;
      groups.add(group);
      const album = group
        ? messages.slice(index).filter((one) => one.media_group_id === group)
        : [message];
      const first = !together(before, message);
      const last = !together(album.at(-1), messages[index + album.length]);
      const waits = chat.waiting.has(message.message_id);
      const marks = [chat.reactions, chat.votes, chat.buyers].map((one) =>
        one.get(message.message_id),
      );
      const signature = [...album, first, last, waits, ...marks];
      items.push({
        key: message.message_id,
        signature,
        make: () => bubble(album, { first, last }, side),
      });
    }
    return items;
  }

  /** What a bot says to the user of the page alone. */
  function whisper(message) {
    return {
      key: `whisper ${message.ephemeral_message_id}`,
      signature: [message],
      make: () => bubble([message], { first: true, last: true }, side),
    };
  }

  function draftOf(draft) {
    return {
      key: "draft",
      signature: [draft],
      make: () => draftBubble(draft, side),
    };
  }

  function earlier() {
    const more = () => {
      const ids = [...chatOf(key).messages.keys()];
      showFrom(ids[Math.max(0, ids.findIndex((id) => id >= from) - MORE)]);
    };
    return h("button", { type: "button", class: "earlier", onclick: more }, "Earlier messages");
  }

  /** What is in sight stays where it is. */
  function showFrom(messageId) {
    const below = log.scrollHeight - log.scrollTop;
    from = messageId;
    sticks = false;
    draw();
    log.scrollTop = log.scrollHeight - below;
  }

  function toEnd(smooth = false) {
    log.scrollTo({ top: log.scrollHeight, behavior: smooth ? "smooth" : "instant" });
    sticks = true;
    down.hidden = true;
  }

  function jump(messageId) {
    if (!chatOf(key).messages.has(messageId)) return toast("This message is not here any more.");
    const behavior = messageId < from ? "instant" : "smooth";
    if (messageId < from) showFrom(messageId);
    const found = inner.querySelector(`[data-id="${messageId}"]`);
    found?.scrollIntoView({ block: "center", behavior });
    found?.classList.add("found");
    return setTimeout(() => found?.classList.remove("found"), 1500);
  }

  log.addEventListener(
    "scroll",
    () => {
      // What grows below is no reason to let go of the end; a user who goes up is.
      if (log.scrollHeight - log.scrollTop - log.clientHeight < 60) sticks = true;
      else if (log.scrollTop < top) sticks = false;
      top = log.scrollTop;
      down.hidden = sticks;
    },
    { passive: true },
  );
  log.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const messages = [...inner.querySelectorAll("article")];
    const at = messages.indexOf(document.activeElement);
    if (step && (event.target === log || at >= 0)) {
      event.preventDefault();
      (at < 0 ? messages.at(-1) : messages[at + step])?.focus();
    } else if (event.key === "Enter" && at >= 0) {
      openMenu(event, chatOf(key).messages.get(Number(messages[at].dataset.id)), side);
    }
  });
  const observer = new ResizeObserver(() => sticks && toEnd());
  for (const one of [log, inner]) observer.observe(one);

  return {
    node: h("div", { class: "scene" }, log, down),
    draw,
    jump,
    stop: () => observer.disconnect(),
  };
}

const whispersOf = (chat) =>
  [...chat.whispers].filter(([key]) => key.startsWith(`${state.me}/`)).map(([, one]) => one);

function together(one, other) {
  if (!one || !other || serviceText(one) || serviceText(other)) return false;
  const near = other.date - one.date < TOGETHER && day(one.date) === day(other.date);
  return near && one.from?.id === other.from?.id && one.sender_chat?.id === other.sender_chat?.id;
}
