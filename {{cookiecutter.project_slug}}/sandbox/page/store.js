/**
 * What the page knows, and who wants to hear when it changes. All that arrives in one frame of the
 * screen is drawn once.
 *
 * A *target* is what can be opened: the id of a bot, or of a group, which is below zero.
 */

import { act } from "./api.js";

const KEPT_MESSAGES = 1000;

export const state = {
  run: null,
  away: false,
  me: 7,
  bots: new Map(),
  users: new Map(),
  groups: new Map(),
  /** Faults in force, each with `until`, in milliseconds of this machine's clock. */
  faults: [],
  /** Chats by key. */
  chats: new Map(),
  /** Targets in columns, from left to right, and which of them has the focus. */
  open: [],
  active: null,
  toAll: false,
  panel: null,
};

const listeners = new Map();
const touched = new Set();

/** Calls `draw` after a change of this topic. Returns what ends that. */
export function on(topic, draw) {
  if (!listeners.has(topic)) listeners.set(topic, new Set());
  listeners.get(topic).add(draw);
  return () => listeners.get(topic).delete(draw);
}

/** Notes changes: "list", "people", "faults", "open", "panel" or the key of a chat. */
export function touch(...topics) {
  if (!touched.size) {
    // A hidden page has no frames, but a title.
    if (document.hidden) setTimeout(flush, 250);
    else requestAnimationFrame(flush);
  }
  for (const topic of topics) touched.add(topic);
}

function flush() {
  const topics = [...touched];
  touched.clear();
  const draws = new Set(topics.flatMap((topic) => [...(listeners.get(topic) ?? [])]));
  for (const draw of draws) draw();
}

document.addEventListener("visibilitychange", flush);

// Chats

export const keyOf = (target, user = state.me) => (target < 0 ? `${target}` : `${target}/${user}`);

export const isKnown = (target) => (target < 0 ? state.groups : state.bots).has(target);

/** The arguments that name a chat in the control API. */
export const place = (target) =>
  target < 0 ? { chat_id: target } : { bot_id: target, chat_id: state.me };

/**
 * @typedef {object} Chat
 * @property {string} key
 * @property {Map<number, object>} messages by id, in order; empty until `loaded`
 * @property {boolean} loaded
 * @property {object[] | null} queue events that came while the chat was being read
 * @property {object | null} last message
 * @property {number} unread
 * @property {object | null} action what a bot is doing: text, until, bot_id
 * @property {number[]} pinned
 * @property {Map<number, object[]>} reactions by message id
 * @property {Map<number, object[]>} votes in polls, by message id
 * @property {Map<number, Set<string>>} waiting ids of updates no bot has taken, by message id
 */

/** @returns {Chat} */
export function chatOf(key) {
  let chat = state.chats.get(key);
  if (!chat) {
    chat = { key, messages: new Map(), loaded: false, queue: null, last: null, unread: 0 };
    Object.assign(chat, { action: null, pinned: [], reactions: new Map(), votes: new Map() });
    chat.waiting = new Map();
    state.chats.set(key, chat);
  }
  return chat;
}

/** Reads a chat from the server, if that has not been done since the stream began. */
export async function load(target) {
  const chat = chatOf(keyOf(target));
  if (chat.loaded || chat.queue || state.away || !isKnown(target)) return;
  chat.queue = [];
  const messages = await act("messages", place(target));
  const { queue } = chat;
  chat.queue = null;
  if (!messages || state.chats.get(chat.key) !== chat) return;
  chat.loaded = true;
  chat.messages = new Map();
  chat.pinned = [];
  for (const { reactions = [], votes = [], pinned, ...message } of messages.slice(-KEPT_MESSAGES)) {
    const id = message.message_id;
    chat.messages.set(id, message);
    chat.reactions.set(id, reactions);
    chat.votes.set(id, votes);
    if (pinned) chat.pinned.push(id);
  }
  chat.last = [...chat.messages.values()].at(-1) ?? null;
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

// Events

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
    touch("away", "list", "people", "open", ...state.chats.keys());
  },
  message(event) {
    if (later(event)) return;
    const chat = chatOf(event.chat);
    if (chat.loaded) keep(chat, event.message);
    chat.last = event.message;
    if (event.by_bot) chat.action = null;
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
    state.groups.set(event.group.id, event.group);
    touch("list", `${event.group.id}`);
  },
  faults(event) {
    const until = (fault) =>
      fault.seconds_left === null ? Infinity : Date.now() + fault.seconds_left * 1000;
    state.faults = event.faults.map((fault) => ({ ...fault, until: until(fault) }));
    touch("faults", "list");
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

// What the user of the page does

/** Opens a chat; `beside` keeps the others open. */
export function open(target, beside = false) {
  if (!state.open.includes(target)) state.open = beside ? [...state.open, target] : [target];
  else if (!beside) state.open = [target];
  state.active = target;
  chatOf(keyOf(target)).unread = 0;
  touch("open", "list", "people");
}

export function close(target) {
  const index = state.open.indexOf(target);
  state.open = state.open.filter((one) => one !== target);
  if (state.active === target) state.active = state.open[Math.max(0, index - 1)] ?? null;
  if (state.open.length < 2) state.toAll = false;
  touch("open", "list");
}

/** Becomes another user: the same chats are open, as this one sees them. */
export function become(userId) {
  state.me = userId;
  for (const target of state.open) chatOf(keyOf(target)).unread = 0;
  touch("open", "list", "people");
}

/** Notes what the user has chosen in a poll. */
export function voted(target, messageId, ids) {
  const chat = chatOf(keyOf(target));
  const others = chat.votes.get(messageId)?.filter((one) => one.user_id !== state.me) ?? [];
  const mine = ids.length ? [{ user_id: state.me, option_ids: ids }] : [];
  chat.votes.set(messageId, [...others, ...mine]);
  touch(chat.key);
}

/** The faults that strike a bot, in words; what is wrong with its token first. */
export function troubleOf(bot) {
  const faults = state.faults.filter((one) => [null, bot.id].includes(one.bot_id));
  const kinds = faults.map(({ kind }) => (kind === "reset" ? "drop" : kind));
  return [...(bot.revoked ? ["revoked"] : []), ...new Set(kinds)];
}
