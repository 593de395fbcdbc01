/** What happens in the sandbox, as its stream of events tells it, and how it changes what the page
 * knows. */

import { act } from "./api.js";
import { chatOf, isKnown, keyOf, place, state, touch } from "./store.js";

const KEPT_MESSAGES = 1000;

/** Reads a chat from the server, if that has not been done since the stream began. */
export async function load(target) {
  const chat = chatOf(keyOf(target));
  if (chat.loaded || chat.queue || state.away || !isKnown(target)) return;
  chat.queue = [];
  const [messages, whispers] = await Promise.all([
    act("messages", place(target)),
    target < 0 ? act("ephemeral_messages", { chat_id: target }) : [],
  ]);
  const { queue } = chat;
  chat.queue = null;
  if (!messages || state.chats.get(chat.key) !== chat) return;
  chat.loaded = true;
  chat.messages = new Map();
  chat.pinned = [];
  for (const { reactions = [], votes = [], buyers = [], pinned, ...message } of messages.slice(
    -KEPT_MESSAGES,
  )) {
    const id = message.message_id;
    chat.messages.set(id, message);
    chat.reactions.set(id, reactions);
    chat.votes.set(id, votes);
    chat.buyers.set(id, buyers);
    if (pinned) chat.pinned.push(id);
  }
  chat.last = [...chat.messages.values()].at(-1) ?? null;
  for (const one of whispers ?? []) chat.whispers.set(whisperKey(one.receiver_user.id, one), one);
  for (const event of queue) takers[event.event](event);
  touch(chat.key, "list");
}

function keep(chat, message) {
  const isNew = !chat.messages.has(message.message_id);
  chat.messages.set(message.message_id, message);
  const ids = [...chat.messages.keys()];
  if (isNew && message.message_id < ids.at(-2)) {
    chat.messages = new Map([...chat.messages].sort(([a], [b]) => a - b));
  }
  if (ids.length > KEPT_MESSAGES) chat.messages.delete(ids[0]);
}

const whisperKey = (user, one) => `${user}/${one.ephemeral_message_id}`;

const later = (event) => {
  const { queue } = chatOf(event.chat);
  queue?.push(event);
  return queue;
};

const indexed = (list) => new Map(list.map((one) => [one.id, one]));

const takers = {
  hello(event) {
    if (state.run !== event.run) state.chats.clear();
    for (const chat of state.chats.values()) {
      Object.assign(chat, { loaded: false, queue: null, waiting: new Map() });
    }
    carried.clear();
    for (const { bot_id, update, how } of event.last) {
      if (["waits", "refused"].includes(how)) waitingFor(bot_id, update);
    }
    Object.assign(state, { run: event.run, away: false });
    Object.assign(state, { bots: indexed(event.bots), users: indexed(event.users) });
    state.groups = indexed(event.groups);
    // Groups end with the sandbox; bots come again.
    state.open = state.open.filter((target) => target > 0 || isKnown(target));
    if (!state.open.includes(state.active)) state.active = state.open.at(-1) ?? null;
    if (!state.users.has(state.me)) state.me = event.users[0]?.id ?? state.me;
    takers.faults(event);
    takers.limits(event.limits);
    takers.clock(event.clock);
    touch("away", "list", "people", "open", ...state.chats.keys());
  },
  message(event) {
    if (later(event)) return;
    const chat = chatOf(event.chat);
    if (chat.loaded) keep(chat, event.message);
    chat.last = event.message;
    if (event.by_bot) chat.action = chat.draft = null;
    const seen = state.open.some((target) => keyOf(target) === event.chat);
    if (seen ? document.hidden : event.message.from?.id !== state.me) chat.unread += 1;
    touch(event.chat, "list", "people");
  },
  edit(event) {
    if (later(event)) return;
    const chat = chatOf(event.chat);
    if (chat.messages.has(event.message.message_id)) keep(chat, event.message);
    if (chat.last?.message_id === event.message.message_id) chat.last = event.message;
    touch(event.chat, "list");
  },
  delete(event) {
    if (later(event)) return;
    const chat = chatOf(event.chat);
    chat.messages.delete(event.message_id);
    chat.pinned = chat.pinned.filter((id) => id !== event.message_id);
    if (chat.last?.message_id === event.message_id) chat.last = [...chat.messages.values()].at(-1);
    touch(event.chat, "list");
  },
  action(event) {
    const seconds = 5;
    const action = {
      text: event.action,
      until: Date.now() + seconds * 1000,
      bot_id: event.bot_id,
    };
    chatOf(event.chat).action = action;
    setTimeout(touch, seconds * 1000 + 50, event.chat, "list");
    touch(event.chat, "list");
  },
  draft(event) {
    const chat = chatOf(event.chat);
    chat.draft = event.draft && { ...event.draft, bot_id: event.bot_id };
    touch(event.chat);
  },
  ephemeral(event) {
    if (later(event)) return;
    chatOf(event.chat).whispers.set(whisperKey(event.user_id, event.message), event.message);
    touch(event.chat);
  },
  ephemeral_edit(event) {
    takers.ephemeral(event);
  },
  ephemeral_delete(event) {
    if (later(event)) return;
    chatOf(event.chat).whispers.delete(whisperKey(event.user_id, event));
    touch(event.chat);
  },
  bought(event) {
    if (later(event)) return;
    chatOf(event.chat).buyers.set(event.message_id, event.buyers);
    touch(event.chat);
  },
  reaction(event) {
    if (later(event)) return;
    chatOf(event.chat).reactions.set(event.message_id, event.reactions);
    touch(event.chat);
  },
  pin(event) {
    if (later(event)) return;
    chatOf(event.chat).pinned = event.message_ids;
    touch(event.chat);
  },
  bot(event) {
    state.bots.set(event.bot.id, event.bot);
    touch("list", "faults", keyOf(event.bot.id));
  },
  user(event) {
    state.users.set(event.user.id, event.user);
    touch("people");
  },
  group(event) {
    const { id, migrated_to: next } = event.group;
    state.groups.set(id, event.group);
    if (next) {
      state.open = [...new Set(state.open.map((target) => (target === id ? next : target)))];
      if (state.active === id) state.active = next;
      touch("open");
    }
    touch("list", `${id}`);
  },
  faults(event) {
    const until = (fault) =>
      fault.seconds_left === null ? Infinity : Date.now() + fault.seconds_left * 1000;
    state.faults = event.faults.map((fault) => ({ ...fault, until: until(fault) }));
    touch("faults", "list");
  },
  limits({ rates, shut }) {
    const until = (one) => Date.now() + one.seconds_left * 1000;
    state.limits = { rates, shut: shut.map((one) => ({ ...one, until: until(one) })) };
    touch("faults", "list");
    const next = Math.min(...state.limits.shut.map((one) => one.until));
    if (next < Infinity) setTimeout(touch, next - Date.now() + 50, "faults", "list");
  },
  clock({ ahead }) {
    state.ahead = ahead;
    touch("clock");
  },
  update(event) {
    const bot = state.bots.get(event.bot_id);
    if (bot) bot.pending += 1;
    waitingFor(event.bot_id, event.update);
    touch("list", keyOf(event.bot_id));
  },
  settled(event) {
    const bot = state.bots.get(event.bot_id);
    if (bot) bot.pending = Math.max(0, bot.pending - event.update_ids.length);
    for (const id of event.update_ids) taken(`${event.bot_id}:${id}`);
    touch("list", keyOf(event.bot_id));
  },
  stop() {
    state.away = true;
    touch("away");
  },
};

/** Takes one event of the stream. */
export function take(event) {
  takers[event.event]?.(event);
}

/** Which message an update that no bot has taken brings, by bot and update id. */
const carried = new Map();

function waitingFor(botId, { message, update_id: updateId }) {
  if (!message) return;
  const key = message.chat.id < 0 ? `${message.chat.id}` : `${botId}/${message.chat.id}`;
  const name = `${botId}:${updateId}`;
  const { waiting } = chatOf(key);
  if (!waiting.has(message.message_id)) waiting.set(message.message_id, new Set());
  waiting.get(message.message_id).add(name);
  carried.set(name, [key, message.message_id]);
  touch(key);
}

function taken(name) {
  const [key, messageId] = carried.get(name) ?? [];
  if (!carried.delete(name)) return;
  const { waiting } = chatOf(key);
  waiting.get(messageId)?.delete(name);
  if (!waiting.get(messageId)?.size) waiting.delete(messageId);
  touch(key);
}
