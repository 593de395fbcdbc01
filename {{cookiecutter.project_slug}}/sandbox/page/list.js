/** The list of bots and groups. Only the rows in sight are in the page, so thousands are no load. */

import { avatar, clock, fill, h, icon, iconButton } from "./dom.js";
import { load } from "./events.js";
import { floodText, fullName, modeOf, senderName, short, titleOf, webhookFails } from "./names.js";
import { chatOf, floodsOf, hasRight, keyOf, on, open, roleIn, state, troubleOf } from "./store.js";
import { serviceText, summary } from "./words.js";

/** Height of a row in pixels, as in page.css. */
const ROW = 70;

export function createList() {
  const filter = h("input", {
    type: "search",
    placeholder: "Find a bot or a group",
    "aria-label": "Find a bot or a group",
    title: "Ctrl+K",
    autocomplete: "off",
    spellcheck: "false",
  });
  const rows = h("div", { class: "rows" });
  const list = h(
    "div",
    { id: "list", role: "listbox", tabindex: "0", "aria-label": "Chats" },
    rows,
  );
  const empty = h("p", { class: "hint", hidden: true }, "Nothing has this name.");
  const nodes = new Map();
  let shown = [];
  let cursor = null;
  let reading = null;

  function draw() {
    const wanted = filter.value.trim().toLowerCase().replace(/^@/, "");
    const groups = [...state.groups.values()].filter((group) => !group.migrated_to);
    shown = [...groups.map((group) => group.id), ...state.bots.keys()];
    shown = shown.filter((target) => matches(target, wanted));
    empty.hidden = shown.length > 0 || !wanted;
    rows.style.height = `${shown.length * ROW}px`;
    drawRows();
  }

  function drawRows() {
    const first = Math.max(0, Math.floor(list.scrollTop / ROW) - 3);
    const last = Math.ceil((list.scrollTop + (list.clientHeight || innerHeight)) / ROW) + 3;
    const visible = new Set(shown.slice(first, last));
    for (const [target, node] of nodes) {
      if (!visible.has(target)) {
        node.remove();
        nodes.delete(target);
      }
    }
    shown.slice(first, last).forEach((target, index) => drawRow(target, first + index));
    if (!shown.includes(cursor)) cursor = null;
    if (cursor !== null && nodes.has(cursor))
      list.setAttribute("aria-activedescendant", `row${cursor}`);
    else list.removeAttribute("aria-activedescendant");
    clearTimeout(reading);
    // Rows that rush by are not worth a request.
    reading = setTimeout(() => visible.forEach(load), 150);
  }

  function drawRow(target, index) {
    let node = nodes.get(target);
    if (!node) {
      const beside = iconButton("beside", "Open beside", (event) => {
        event.stopPropagation();
        open(target, true);
      });
      beside.tabIndex = -1;
      node = h(
        "div",
        { id: `row${target}`, role: "option", class: "row" },
        h("div", { class: "in" }),
        beside,
      );
      node.addEventListener("click", (event) => open(target, event.ctrlKey || event.metaKey));
      nodes.set(target, node);
      rows.append(node);
    }
    node.style.transform = `translateY(${index * ROW}px)`;
    node.setAttribute("aria-posinset", index + 1);
    node.setAttribute("aria-setsize", shown.length);
    node.setAttribute("aria-selected", String(state.open.includes(target)));
    node.classList.toggle("active", state.active === target);
    node.classList.toggle("cursor", cursor === target);
    const about = target < 0 ? aboutGroup(target) : aboutBot(target);
    const signature = JSON.stringify(about);
    // A row that stays as it is keeps its nodes: a click on it is not lost.
    if (node.dataset.signature === signature) return;
    node.dataset.signature = signature;
    fill(node.firstChild, drawAbout(target, about));
  }

  function move(step) {
    const at = shown.indexOf(cursor ?? state.active);
    const index = Math.max(0, Math.min(shown.length - 1, at + step));
    cursor = shown[index] ?? null;
    const top = index * ROW;
    if (top < list.scrollTop) list.scrollTop = top;
    else if (top + ROW > list.scrollTop + list.clientHeight)
      list.scrollTop = top + ROW - list.clientHeight;
    drawRows();
  }

  function keys(event) {
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8, End: 1e9, Home: -1e9 }[
      event.key
    ];
    const inFilter = event.target === filter;
    if (step && !(inFilter && ["Home", "End"].includes(event.key))) {
      event.preventDefault();
      move(step);
    } else if (event.key === "Enter" && shown.length) {
      event.preventDefault();
      open(cursor ?? shown[0], event.ctrlKey || event.metaKey);
    } else if (event.key === "Escape" && filter.value) {
      filter.value = "";
      event.stopPropagation();
      draw();
    }
  }

  filter.addEventListener("input", () => {
    cursor = null;
    list.scrollTop = 0;
    draw();
  });
  filter.addEventListener("keydown", keys);
  list.addEventListener("keydown", keys);
  list.addEventListener("scroll", drawRows, { passive: true });
  new ResizeObserver(drawRows).observe(list);
  on("list", draw);
  const search = h("div", { class: "search" }, filter);
  return { search, list: h("div", { class: "listing" }, list, empty), filter };
}

function matches(target, wanted) {
  if (!wanted) return true;
  const { username = "" } = state.bots.get(target) ?? state.groups.get(target);
  return [titleOf(target), username, `${target}`].some((one) =>
    one.toLowerCase().includes(wanted),
  );
}

function aboutGroup(target) {
  const group = state.groups.get(target);
  const asks = hasRight(roleIn(target), "can_invite_users") ? group.requests : 0;
  const username = group.username;
  return { name: group.title, username, asks, ...aboutChat(target), group: true };
}

function aboutBot(target) {
  const bot = state.bots.get(target);
  return {
    name: bot.name,
    username: bot.username,
    mode: bot.revoked ? "revoked" : bot.mode,
    words: modeOf(bot),
    trouble: troubleOf(bot),
    floods: floodsOf(bot.id).map(floodText),
    blocked: bot.blocked_by.includes(state.me),
    waits: bot.pending,
    webhook_error: webhookFails(bot) && bot.webhook_error,
    ...aboutChat(target),
  };
}

function aboutChat(target) {
  const { last, unread, action } = chatOf(keyOf(target));
  const typing = action && action.until > Date.now();
  if (last && serviceText(last)) return { unread, typing, line: summary(last), sender: "", at: last.date };
  const isNamed = target < 0 && last && last.sender_chat?.id !== target;
  const sender = last?.from?.id === state.me ? "You" : isNamed ? senderName(last) : "";
  const line = last ? short(summary(last).replace(/\s+/g, " "), 80) : "";
  return { unread, typing, line, sender, at: last?.date };
}

function drawAbout(target, about) {
  const dot = { class: `dot ${about.mode}`, title: about.words, "aria-hidden": "true" };
  const state = about.mode && h("span", dot);
  const username = about.username && h("span", { class: "username" }, `@${about.username}`);
  const spoken = about.mode && h("span", { class: "unseen" }, about.words);
  const line = about.typing
    ? h("span", { class: "preview typing" }, "typing…")
    : h(
        "span",
        { class: "preview" },
        about.sender && h("b", {}, `${about.sender}: `),
        about.line || username,
      );
  const waits = `${about.waits} updates wait: the bot has not taken them`;
  return [
    h("span", { class: "face" }, avatar(target, about.name, about.group ? "of-group" : ""), state),
    h("span", { class: "about" }, [
      h(
        "span",
        { class: "line" },
        h("span", { class: "name" }, about.name),
        // Beside a long name it would be a stump.
        about.line && about.name.length < 16 && username,
        about.at && h("time", {}, clock(about.at)),
      ),
      h(
        "span",
        { class: "line" },
        line,
        badges(about),
        about.waits > 0 && h("span", { class: "badge waits", title: waits }, about.waits, " ", icon("wait")),
        about.unread > 0 && h("span", { class: "badge unread", title: "unread" }, about.unread),
      ),
      spoken,
    ]),
  ];
}

function badges(about) {
  const trouble = about.trouble?.map((kind) =>
    h("span", { class: "badge trouble", title: "trouble made on purpose" }, kind),
  );
  const error = `The webhook failed: ${about.webhook_error}`;
  return [
    trouble,
    about.floods?.length > 0 &&
      h("span", { class: "badge trouble", title: about.floods.join("\n") }, "floods"),
    about.asks > 0 &&
      h("span", { class: "badge waits", title: `${about.asks} ask to join` }, `${about.asks} to join`),
    about.blocked && h("span", { class: "badge trouble" }, "blocked"),
    about.webhook_error && h("span", { class: "badge trouble", title: error }, "webhook"),
  ];
}

/** The members of a group, in words. */
export function membersOf(group) {
  const here = group.members.filter((one) => !["left", "kicked"].includes(one.status));
  return here.map((one) => fullName(one.user));
}
