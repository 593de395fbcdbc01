/** Who you are, and who else is there. */

import { act } from "./api.js";
import { avatar, fill, h, iconButton } from "./dom.js";
import { fullName } from "./names.js";
import { dialog, field, menu } from "./overlay.js";
import { become, on, state, unreadOf } from "./store.js";

const CHIPS = 3;
/** Whom the user of this page was, the latest first. */
let recent = [];

/** The strip that says who you are and lets you become another. */
export function createPeople() {
  const node = h("div", { class: "people", role: "radiogroup", "aria-label": "You are" });
  /** Who keeps the focus: the arrows go on from there, the chat does not take it. */
  let stays = null;
  node.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step || !event.target.dataset.user) return;
    const chips = [...node.querySelectorAll("[data-user]")];
    const next = chips.at((chips.indexOf(event.target) + step) % chips.length);
    stays = next.dataset.user;
    next.click();
  });
  on("people", () => {
    recent = [state.me, ...recent.filter((id) => id !== state.me)];
    const order = new Set([...recent, ...state.users.keys()]);
    const near = new Set([...order].filter((id) => state.users.has(id)).slice(0, CHIPS));
    const users = [...state.users.values()];
    const chips = users.filter((user) => near.has(user.id));
    const more = users.filter((user) => !near.has(user.id));
    const about = chips.map((user) => [user.id, user.first_name, unreadOf(user.id)]);
    const signature = JSON.stringify([state.me, about, more.length]);
    if (node.dataset.signature === signature) return;
    node.dataset.signature = signature;
    const focus = document.activeElement;
    const focused = stays ?? (node.contains(focus) && focus.dataset.user);
    stays = null;
    fill(
      node,
      chips.map(chip),
      more.length > 0 &&
        iconButton("down", "More people", (event) => choose(event.currentTarget, more)),
      iconButton("add", "Add somebody", addUser),
    );
    if (focused) node.querySelector(`[data-user="${focused}"]`)?.focus();
  });
  return node;
}

function chip(user) {
  const mine = user.id === state.me;
  const unread = unreadOf(user.id);
  const props = {
    role: "radio",
    "aria-checked": String(mine),
    tabindex: mine ? 0 : -1,
    title: `Be ${fullName(user)}`,
    "data-user": user.id,
  };
  return h(
    "button",
    { type: "button", class: "chip", ...props, onclick: () => become(user.id) },
    avatar(user.id, fullName(user), "small"),
    h("span", {}, user.first_name),
    !mine && unread > 0 && h("span", { class: "badge unread" }, unread),
  );
}

function choose(at, users) {
  menu(
    at,
    users.map((user) => ["person", fullName(user), () => become(user.id)]),
    "More people",
  );
}

function addUser() {
  const fields = {
    first_name: field("First name", { required: true, maxlength: 64 }),
    last_name: field("Last name", { maxlength: 64 }),
    username: field("Username", { maxlength: 33, placeholder: "@…", spellcheck: "false" }),
    language_code: field("Language", { maxlength: 35, placeholder: "en", spellcheck: "false" }),
  };
  const add = async () => {
    const typed = Object.entries(fields).map(([name, { input }]) => [name, input.value.trim()]);
    const about = Object.fromEntries(typed.filter(([, value]) => value));
    const user = about.first_name && (await act("add_user", about));
    if (!user) return false;
    state.users.set(user.id, user);
    become(user.id);
    return true;
  };
  const nodes = Object.values(fields).map(({ node }) => node);
  dialog("Add somebody", nodes, [
    ["Cancel", null],
    ["Add", add],
  ]);
}
