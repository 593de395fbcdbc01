/** Calls and updates, the last ones and those that come: what passes between bots and Telegram. */

import { clock, fill, h, iconButton, textButton } from "./dom.js";
import { prettyJson } from "./entities.js";
import { short } from "./names.js";
import { copy } from "./overlay.js";
import { on, state, touch } from "./store.js";
import { botSelect } from "./trouble.js";

const KEPT = 500;
/** Milliseconds after a move of the pointer in the list in which nothing runs away from it. */
const AIMING = 1000;
/** Lines drawn in one frame of the screen; more of them would make it stutter. */
const AT_ONCE = 60;
/** By number or update id, oldest first: `call` or `update`, `bot_id`, and once drawn `node`. */
const entries = new Map();
/** The keys of polls that brought nothing. */
const idle = new Set();

/** A getUpdates that waits or has brought nothing. */
const isEmptyPoll = ({ call }) =>
  call?.method === "getUpdates" &&
  (call.status === null || call.status === 200) &&
  !call.answer?.result?.length;

const isError = ({ call, error }) =>
  Boolean(error) || (call && (call.fault || (call.status ?? 200) >= 400));

const takers = {
  call: ({ call }) => note(`call ${call.number}`, { call, bot_id: call.bot_id }),
  update: ({ bot_id, update, at, how = "waits", error }) =>
    note(`update ${bot_id} ${update.update_id}`, { update, bot_id, at, how, error }),
  settled({ bot_id, update_ids, how }) {
    for (const id of update_ids) amend(`update ${bot_id} ${id}`, { how });
  },
  refused: ({ bot_id, update_id, error }) =>
    amend(`update ${bot_id} ${update_id}`, { how: "refused", error }),
  hello({ run, last }) {
    if (state.run !== run) forget();
    for (const entry of last) takers[entry.call ? "call" : "update"](entry);
  },
};

/** Takes one event of the stream, before the store does. */
export function takeForLog(event) {
  takers[event.event]?.(event);
}

function forget() {
  for (const entry of entries.values()) entry.node?.remove();
  entries.clear();
  idle.clear();
}

function amend(key, change) {
  if (entries.has(key)) note(key, change);
}

function note(key, change) {
  const entry = entries.get(key) ?? {};
  entries.set(key, Object.assign(entry, change, { stale: true }));
  if (isEmptyPoll(entry)) idle.add(key);
  else idle.delete(key);
  if (entries.size > KEPT) {
    // Polls that brought nothing go first: many bots make many of them.
    const oldest = idle.values().next().value ?? entries.keys().next().value;
    entries.get(oldest).node?.remove();
    entries.delete(oldest);
    idle.delete(oldest);
  }
  touch("log");
}

export function createLog() {
  const bot = botSelect("All bots", () => draw(true));
  const method = h("input", {
    type: "search",
    placeholder: "Method or type",
    "aria-label": "Method or type",
  });
  const errors = h("input", { type: "checkbox" });
  const polls = h("input", { type: "checkbox" });
  const list = h("div", {
    class: "entries",
    role: "list",
    "aria-label": "Calls and updates, newest first",
  });
  const empty = h(
    "p",
    { class: "hint" },
    "Calls of the bots and updates for them appear here.",
  );
  const clear = () => {
    forget();
    draw();
  };
  const filters = h(
    "div",
    { class: "filters" },
    bot.node,
    method,
    h("label", { class: "tick" }, errors, "Errors only"),
    h("label", { class: "tick" }, polls, "Empty polls"),
    textButton("Clear", clear),
  );
  const node = h("div", { class: "log-view" }, filters, empty, list);
  let aimed = -AIMING;
  let later = null;
  for (const event of ["pointermove", "pointerdown"])
    list.addEventListener(event, () => (aimed = performance.now()));
  for (const one of [method, errors, polls]) one.addEventListener("input", () => draw(true));

  function passes(entry) {
    const name = entry.call?.method ?? kindOf(entry.update);
    return (
      (polls.checked || !isEmptyPoll(entry)) &&
      (!errors.checked || isError(entry)) &&
      (!bot.value() || bot.value() === entry.bot_id) &&
      name.toLowerCase().includes(method.value.trim().toLowerCase())
    );
  }

  function draw(all = false) {
    if (state.panel !== "calls") return;
    clearTimeout(later);
    const wait = aimed + AIMING - performance.now();
    if (wait > 0 && !all) {
      later = setTimeout(draw, wait);
      return;
    }
    bot.draw();
    const fresh = [];
    let left = AT_ONCE;
    for (const entry of entries.values()) {
      if (!entry.stale && !all && entry.node) continue;
      // In their order: what is left out now comes with the next frame.
      if (entry.stale && (left -= 1) < 0) continue;
      if (!entry.node) fresh.push((entry.node = entryNode(entry)));
      if (entry.stale) drawLine(entry);
      entry.stale = false;
      entry.node.hidden = !passes(entry);
    }
    if (left < 0) touch("log");
    const { scrollTop, scrollHeight } = list;
    list.prepend(...fresh.reverse());
    // What somebody reads stays where it is.
    if (scrollTop || list.querySelector("[open]"))
      list.scrollTop = scrollTop + list.scrollHeight - scrollHeight;
    empty.hidden = [...entries.values()].some((entry) => entry.node && !entry.node.hidden);
  }

  for (const topic of ["log", "panel"]) on(topic, () => draw());
  return node;
}

const kindOf = (update) => Object.keys(update).find((name) => name !== "update_id") ?? "update";

/** The words by which somebody knows a call or an update. */
function gist({ call, update }) {
  const said = call?.params ?? update?.[kindOf(update)] ?? {};
  return short(`${said.text ?? said.caption ?? said.data ?? said.query ?? ""}`, 80);
}

function entryNode(entry) {
  const node = h(
    "details",
    { class: "entry", role: "listitem" },
    h("summary", {}),
    h("div", { class: "inside" }),
  );
  node.addEventListener("toggle", () => drawInside(entry));
  return node;
}

const ODD = { checked: "checked, no effect", unknown: "no such method" };

function drawLine(entry) {
  const { call, update } = entry;
  const name = state.bots.get(entry.bot_id)?.name ?? `Bot ${entry.bot_id}`;
  const at = call?.at ?? entry.at;
  const seconds = `${clock(at)}:${String(new Date(at * 1000).getSeconds()).padStart(2, "0")}`;
  const [status, color] = call ? callStatus(call) : updateStatus(entry);
  const odd = call && ODD[call.support];
  fill(
    entry.node.firstChild,
    h(
      "span",
      { class: "way", title: call ? "a call of the bot" : "an update for the bot" },
      call ? "↑" : "↓",
    ),
    h(
      "span",
      { class: "what" },
      call?.method ?? kindOf(update),
      odd && h("em", {}, odd),
      h("small", {}, gist(entry)),
    ),
    h("span", { class: `status ${color}` }, status),
    h(
      "span",
      { class: "who-when" },
      name,
      " · ",
      h("time", {}, seconds),
      call?.seconds > 0 && ` · ${span(call.seconds)}`,
    ),
    h("span", { class: "error" }, entry.error ?? (isError(entry) && call.answer?.description)),
  );
  entry.node.classList.toggle("odd", Boolean(odd));
  entry.node.classList.toggle("is-update", Boolean(update));
  if (entry.node.open) drawInside(entry);
}

const span = (seconds) =>
  seconds < 1 ? `${Math.max(1, Math.round(seconds * 1000))} ms` : `${seconds.toFixed(1)} s`;

function callStatus(call) {
  if (call.status === null && call.seconds === null) return ["…", "waits"];
  if (call.status === null) return ["cut", "bad"];
  return [call.status, call.status < 300 ? "good" : call.status < 500 ? "bad" : "worse"];
}

const updateStatus = ({ how }) => [
  how,
  { waits: "waits", refused: "bad", dropped: "bad" }[how] ?? "good",
];

function drawInside(entry) {
  const { node, call, update, error } = entry;
  if (!node.open) return;
  const part = (title, value) => [
    h(
      "h2",
      {},
      title,
      iconButton("copy", `Copy: ${title}`, () => copy(JSON.stringify(value, null, 2))),
    ),
    prettyJson(value),
  ];
  const parts = call
    ? [
        part("Parameters", call.params),
        part("Answer", call.answer),
        call.fault && h("p", {}, `Struck by the fault ${call.fault}.`),
      ]
    : [part("Update", update), error && h("p", { class: "bad" }, error)];
  fill(node.lastChild, parts);
}
