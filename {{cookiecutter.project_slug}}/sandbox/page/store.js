/**
 * What the page knows, what its user does, and who wants to hear when it changes. All that arrives
 * in one frame of the screen is drawn once. What happens elsewhere is in `events.js`.
 *
 * A *target* is what can be opened: the id of a bot, or of a group, which is below zero.
 */

export const state = {
  run: null,
  away: false,
  me: 7,
  bots: new Map(),
  users: new Map(),
  groups: new Map(),
  /** Faults in force, each with `until`, in milliseconds of this machine's clock. */
  faults: [],
  /** Seconds that the sandbox' clock is ahead of this machine's. */
  ahead: 0,
  /** Flood control: its rates, null when it is off, and who is shut out, each with `until`. */
  limits: { rates: null, shut: [] },
  /** Chats by key. */
  chats: new Map(),
  /** Targets in columns, from left to right, and which of them has the focus. */
  open: [],
  active: null,
  toAll: false,
  /** The topic that is read, by forum; null or nothing for all of them. */
  topics: new Map(),
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

/** Notes changes: "list", "people", "faults", "clock", "open", "panel" or the key of a chat. */
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

/** Messages that somebody has not seen in the chats with bots. */
export function unreadOf(user) {
  let sum = 0;
  for (const chat of state.chats.values()) {
    const [bot, whom] = chat.key.split("/").map(Number);
    // The chats of business accounts have such keys, too.
    if (whom === user && state.bots.has(bot)) sum += chat.unread;
  }
  return sum;
}

/** What the user of the page is in a group or channel: a ChatMember object, or an empty one. */
export const roleIn = (target, user = state.me) =>
  state.groups.get(target)?.members.find((one) => one.user.id === user) ?? {};

export const isThere = ({ status, is_member: is }) =>
  ["creator", "administrator", "member"].includes(status) || Boolean(is);

/** Whether a member may do what needs a right, such as `can_invite_users`. */
export const hasRight = (member, right) => member.status === "creator" || Boolean(member[right]);

export const isChannel = (target) => state.groups.get(target)?.type === "channel";

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
 * @property {Map<number, number[]>} buyers of paid media, by message id
 * @property {Map<string, object>} whispers what bots say to one member alone, by `<user>/<number>`
 * @property {object | null} draft what a bot is writing: its fields, `bot_id`, `can_stop`
 */

/** @returns {Chat} */
export function chatOf(key) {
  let chat = state.chats.get(key);
  if (!chat) {
    chat = { key, messages: new Map(), loaded: false, queue: null, last: null, unread: 0 };
    Object.assign(chat, { action: null, pinned: [], reactions: new Map(), votes: new Map() });
    Object.assign(chat, { waiting: new Map(), buyers: new Map(), whispers: new Map(), draft: null });
    state.chats.set(key, chat);
  }
  return chat;
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
  const faults = state.faults.filter(
    (one) => [null, bot.id].includes(one.bot_id) && [null, state.me].includes(one.chat_id),
  );
  const kinds = faults.map(({ kind }) => (kind === "reset" ? "drop" : kind));
  return [...(bot.revoked ? ["revoked"] : []), ...new Set(kinds)];
}

/** Where a bot is shut out now because it sent too much. */
export const floodsOf = (botId) =>
  state.limits.shut.filter((one) => one.bot_id === botId && one.until > Date.now());
