/** Who you are, who else is there, and which groups you make. */

import { act } from "./api.js";
import { avatar, fill, h, iconButton, textButton } from "./dom.js";
import { fullName, titleOf } from "./names.js";
import { dialog, field, menu, tick, toast } from "./overlay.js";
import { become, on, open, state } from "./store.js";

const CHIPS = 3;
/** Whom the user of this page was, the latest first. */
let recent = [];
/** Bots offered for a new group; with more, they are found by typing. */
const OFFERED = 50;

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

function unreadOf(userId) {
  let sum = 0;
  for (const chat of state.chats.values()) if (chat.key.endsWith(`/${userId}`)) sum += chat.unread;
  return sum;
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

/** Asks for title, users and bots, and opens the group. */
export function newGroup() {
  const title = field("Title", { required: true, maxlength: 128, placeholder: "Team" });
  const users = [...state.users.values()].map((user) =>
    tick(fullName(user), user.id, { name: "user", checked: user.id === state.me }),
  );
  const bots = h("div", { class: "ticks" });
  const chosen = new Set(state.open.filter((target) => target > 0));
  const find = h("input", {
    type: "search",
    placeholder: "Find a bot",
    "aria-label": "Find a bot",
  });
  const draw = () => {
    const wanted = find.value.toLowerCase();
    const found = [...state.bots.values()].filter((bot) =>
      `${bot.name} @${bot.username}`.toLowerCase().includes(wanted),
    );
    const boxes = found.slice(0, OFFERED).map((bot) => {
      const onchange = (event) => chosen[event.target.checked ? "add" : "delete"](bot.id);
      return tick(`${bot.name} @${bot.username}`, bot.id, {
        checked: chosen.has(bot.id),
        onchange,
      });
    });
    fill(
      bots,
      boxes,
      found.length > OFFERED && h("p", { class: "hint" }, `and ${found.length - OFFERED} more`),
    );
  };
  find.addEventListener("input", draw);
  draw();
  const people = h("fieldset", {}, h("legend", {}, "People"), h("div", { class: "ticks" }, users));
  const many = state.bots.size > 8 && find;
  const content = [title.node, people, h("fieldset", {}, h("legend", {}, "Bots"), many, bots)];
  const grown = tick("a supergroup", "supergroup", { checked: true });
  content.push(grown);
  const create = async () => {
    const ticked = users.map((box) => box.firstChild).filter((box) => box.checked);
    const user_ids = ticked.map((box) => Number(box.value));
    // Who makes the group owns it.
    user_ids.sort((a, b) => Number(b === state.me) - Number(a === state.me));
    if (!user_ids.length) return toast("A group has at least one person.") ?? false;
    const group = await act("create_group", {
      title: title.input.value.trim() || "Group",
      user_ids,
      bot_ids: [...chosen],
      supergroup: grown.firstChild.checked,
    });
    if (!group) return false;
    state.groups.set(group.id, group);
    open(group.id);
    return true;
  };
  dialog("New group", content, [
    ["Cancel", null],
    ["Create", create],
  ]);
}

/** Shows who is in a group; to add, remove and promote. */
export function showGroup(groupId) {
  const body = h("div", { class: "members" });
  const change = async (command, args) => {
    const group = await act(command, { chat_id: groupId, ...args });
    if (group) state.groups.set(groupId, group);
    draw();
  };
  const member = ({ user, status }) => {
    const admin = status === "administrator";
    const promote = () =>
      change("promote", { member_id: user.id, status: admin ? "member" : "administrator" });
    return h("div", { class: "member" }, [
      avatar(user.id, fullName(user), "small"),
      h(
        "span",
        { class: "name" },
        fullName(user),
        h("small", {}, user.is_bot ? `bot, ${status}` : status),
      ),
      status !== "creator" && textButton(admin ? "No admin" : "Make admin", promote),
      textButton("Remove", () => change("remove_member", { member_id: user.id }), "bad"),
    ]);
  };
  function draw() {
    const here = state.groups
      .get(groupId)
      .members.filter((one) => !["left", "kicked"].includes(one.status));
    const ids = new Set(here.map((one) => one.user.id));
    const options = [...state.users.values(), ...state.bots.values()]
      .filter((one) => !ids.has(one.id))
      .slice(0, 500)
      .map((one) =>
        h(
          "option",
          { value: one.id },
          one.username ? `${one.name} @${one.username}` : fullName(one),
        ),
      );
    const add = (event) => change("add_member", { member_id: Number(event.target.value) });
    const first = h("option", { value: "" }, "Add somebody…");
    const select = h("select", { "aria-label": "Add somebody", onchange: add }, first, options);
    fill(body, here.map(member), options.length > 0 && select);
  }
  const migrate = async () => {
    const group = await act("migrate", { chat_id: groupId });
    if (group) open(group.id);
    return Boolean(group);
  };
  draw();
  const basic = state.groups.get(groupId).type === "group";
  dialog(titleOf(groupId), body, [
    ...(basic ? [["Make it a supergroup", migrate]] : []),
    ["Done", null],
  ]);
}
