/** The page: its parts, its keys, and what survives a reload. */

import { ask, listen } from "./api.js";
import { createColumn } from "./chat.js";
import { fill, h, icon, iconButton, narrow } from "./dom.js";
import { take } from "./events.js";
import { takeAnswer } from "./keyboard.js";
import { createList } from "./list.js";
import { createLog, takeForLog } from "./log.js";
import { senderName } from "./names.js";
import { newMenu } from "./newchat.js";
import { copy } from "./overlay.js";
import { createPeople } from "./people.js";
import { chatOf, keyOf, on, open, state, touch, unreadOf } from "./store.js";
import { createTrouble } from "./trouble.js";
import { summary } from "./words.js";

const THEMES = { auto: "light", light: "dark", dark: "auto" };
const byId = (id) => document.getElementById(id);
const list = createList();
/** Columns by target, each of one user. */
const columns = new Map();
/** Whether the open chat takes the focus even if it was open before. */
let wantsFocus = false;

// The side

const theme = iconButton("moon", "", () => {
  localStorage.setItem("theme", THEMES[document.documentElement.dataset.theme]);
  drawTheme();
});

function drawTheme() {
  const now = localStorage.getItem("theme");
  const name = now in THEMES ? now : "auto";
  document.documentElement.dataset.theme = name;
  const label = `Colours: ${name === "auto" ? "as the system" : name}`;
  theme.setAttribute("aria-label", label);
  theme.title = label;
  theme.replaceChildren(icon({ auto: "moon", light: "sun", dark: "moon" }[name]));
  theme.classList.toggle("on", name !== "auto");
}

const tab = (name, mark, label) =>
  h(
    "button",
    {
      type: "button",
      class: "tab",
      "data-panel": name,
      "aria-pressed": "false",
      onclick: () => toggle(name),
    },
    icon(mark),
    label,
  );

function toggle(name) {
  state.panel = state.panel === name ? null : name;
  touch("panel");
}

function drawSide() {
  const group = iconButton("edit", "New chat", () => newMenu(group), { "aria-haspopup": "menu" });
  // It offers people and bots, who are not known at once.
  on("people", () => (group.disabled = !state.users.size));
  const brand = h(
    "div",
    { class: "brand" },
    icon("send"),
    h("h1", {}, "Sandbox"),
    group,
    theme,
  );
  const tabs = h(
    "div",
    { class: "tabs" },
    tab("calls", "pulse", "Calls & updates"),
    tab("trouble", "bolt", "Trouble"),
  );
  fill(byId("side"), brand, createPeople(), list.search, list.list, tabs);
}

// The columns

function drawColumns() {
  if (!state.open.length && !narrow() && state.bots.size) open(state.bots.keys().next().value);
  for (const [target, column] of columns) {
    if (state.open.includes(target) && column.user === state.me) continue;
    column.destroy();
    columns.delete(target);
  }
  byId("first-run")?.remove();
  const none = state.run && !state.bots.size && !state.groups.size && !state.open.length;
  if (none) byId("columns").append(firstRun());
  state.open.forEach((target, index) => {
    const isNew = !columns.has(target);
    if (isNew) columns.set(target, createColumn(target));
    const column = columns.get(target);
    const there = byId("columns").children[index];
    if (there !== column.node) byId("columns").insertBefore(column.node, there ?? null);
    if (state.active === target && (isNew || wantsFocus)) column.focus();
  });
  wantsFocus = false;
  byId("app").dataset.view = state.active === null && !none ? "list" : "chat";
  byId("app").dataset.columns = Math.min(3, state.open.length);
}

function firstRun() {
  const line = `TELEGRAM_API_URL=${location.origin} python -m bot`;
  return h(
    "div",
    { id: "first-run" },
    h(
      "div",
      { class: "welcome" },
      h("span", { class: "pulse" }, icon("send")),
      h("h2", {}, "Waiting for the first bot"),
      h("p", {}, "Start the service with this address in place of Telegram's. Any token will do."),
      h(
        "button",
        { type: "button", class: "command-line", title: "Copy", onclick: () => copy(line) },
        h("code", {}, line),
        icon("copy"),
      ),
      h("p", { class: "hint" }, "This page goes on by itself when a bot calls."),
    ),
  );
}

function activate(target) {
  wantsFocus = true;
  open(target);
}

// The panel

function drawPanel() {
  const panel = byId("panel");
  panel.hidden = !state.panel;
  byId("app").classList.toggle("with-panel", Boolean(state.panel));
  for (const one of document.querySelectorAll("[data-panel]")) {
    one.setAttribute("aria-pressed", String(one.dataset.panel === state.panel));
  }
  for (const [name, view] of views) view.hidden = name !== state.panel;
}

const views = new Map([
  ["calls", createLog()],
  ["trouble", createTrouble()],
]);

function buildPanel() {
  const shut = iconButton("close", "Close the panel", () => toggle(state.panel));
  const head = h(
    "header",
    {},
    tab("calls", "pulse", "Calls & updates"),
    tab("trouble", "bolt", "Trouble"),
    shut,
  );
  fill(byId("panel"), head, [...views.values()]);
}

// What survives a reload

function remember() {
  const parts = {
    me: state.me,
    open: state.open.join(","),
    at: state.active,
    panel: state.panel,
  };
  const known = Object.entries(parts).filter(([, value]) => value !== null && value !== "");
  const hash = `#${known.map(([name, value]) => `${name}=${value}`).join("&")}`;
  // On a phone a chat is a page of its own, from which one goes back to the list.
  const enters = narrow() && state.active !== null && !/[#&]open=/.test(location.hash);
  if (enters) history.pushState(null, "", hash);
  else history.replaceState(null, "", hash);
}

function recall() {
  const parts = new URLSearchParams(location.hash.slice(1));
  const numbers = (parts.get("open") ?? "").split(",").map(Number).filter(Boolean);
  state.me = Number(parts.get("me")) || state.me;
  state.open = [...new Set(numbers)];
  const at = Number(parts.get("at"));
  state.active = numbers.includes(at) ? at : (numbers[0] ?? null);
  state.panel = views.has(parts.get("panel")) ? parts.get("panel") : null;
}

// What happens

function announce(event) {
  if (event.event !== "message" || !event.by_bot || !event.chat.endsWith(`/${state.me}`)) return;
  if (!state.open.some((target) => keyOf(target) === event.chat)) {
    byId("news").textContent = `${senderName(event.message)}: ${summary(event.message)}`;
  }
}

function drawTitle() {
  const unread = unreadOf(state.me);
  document.title = unread ? `(${unread}) Sandbox` : "Sandbox";
}

function keys(event) {
  const digit = /^Digit([1-9])$/.exec(event.code)?.[1];
  if (event.altKey && digit && !event.ctrlKey) {
    const bot = [...state.bots.keys()][digit - 1];
    if (bot) activate(bot);
  } else if ((event.ctrlKey || event.metaKey) && event.code === "KeyK") {
    if (narrow()) {
      state.active = null;
      touch("open");
    }
    list.filter.focus();
    list.filter.select();
  } else if (
    event.key === "Escape" &&
    state.panel &&
    !document.querySelector("dialog[open], #menu")
  ) {
    toggle(state.panel);
  } else {
    // Who types beside the field means it.
    const types = event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey;
    if (types && event.key !== " " && event.target.matches("body, .log, .message")) {
      columns.get(state.active)?.focus();
    }
    return;
  }
  event.preventDefault();
}

function away() {
  state.away = true;
  touch("away");
}

/** The bots' mode and queue change without an event. */
async function refresh() {
  const every = state.bots.size > 300 ? 20 : 3;
  if (!state.away && !document.hidden) {
    const bots = await ask("bots").catch(() => []);
    for (const bot of bots) {
      if (JSON.stringify(bot) !== JSON.stringify(state.bots.get(bot.id)))
        take({ event: "bot", bot });
    }
  }
  setTimeout(refresh, every * 1000);
}

recall();
drawTheme();
drawSide();
buildPanel();
on("open", drawColumns);
on("list", drawTitle);
on("list", () => byId("columns").firstElementChild?.id === "first-run" && touch("open"));
on("list", () => !state.open.length && state.bots.size && !narrow() && touch("open"));
on("panel", drawPanel);
on("away", () => (byId("away").hidden = !state.away));
for (const topic of ["open", "people", "panel"]) on(topic, remember);
addEventListener("hashchange", () => {
  recall();
  touch("open", "people", "panel", "list");
});
addEventListener("keydown", keys);
addEventListener("dragover", (event) => event.preventDefault());
addEventListener("drop", (event) => event.preventDefault());
document.addEventListener("visibilitychange", () => {
  for (const target of document.hidden ? [] : state.open) chatOf(keyOf(target)).unread = 0;
  touch("list", "people");
});
document.addEventListener("insert", ({ detail }) => {
  requestAnimationFrame(() => columns.get(detail.target)?.insert(detail.text));
});
touch("panel", "people");
listen((event) => {
  for (const taker of [takeForLog, take, takeAnswer, announce]) taker(event);
}, away);
setTimeout(refresh, 3000);
