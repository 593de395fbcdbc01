/** New groups and channels, and the way into those of others. */

import { act } from "./api.js";
import { fill, h } from "./dom.js";
import { fullName } from "./names.js";
import { dialog, field, menu, tick, toast } from "./overlay.js";
import { open, state } from "./store.js";
import { openLink } from "./tme.js";

/** Bots offered for a new chat; with more, they are found by typing. */
const OFFERED = 50;

/** What can be begun. */
export function newMenu(at) {
  const items = [
    ["group", "New group", newGroup],
    ["horn", "New channel", newChannel],
    ["link", "Open a link", askForLink],
  ];
  menu(at, items, "New chat");
}

function newGroup() {
  const forum = tick("a forum, with topics", "forum");
  const grown = tick("a supergroup", "supergroup", { checked: true });
  const [isForum, isGrown] = [forum.firstChild, grown.firstChild];
  // Only a supergroup can be a forum.
  isForum.addEventListener("change", () => (isGrown.checked ||= isForum.checked));
  isGrown.addEventListener("change", () => (isForum.checked &&= isGrown.checked));
  begin("New group", "Team", [grown, forum], async (about) => {
    const group = await act("create_group", { ...about, supergroup: isGrown.checked });
    const asForum = group && isForum.checked;
    return asForum ? act("set_forum", { chat_id: group.id }) : group;
  });
}

function newChannel() {
  const name = field("Public name", { maxlength: 33, placeholder: "@…", spellcheck: "false" });
  begin("New channel", "News", [name.node], (about) => {
    const username = name.input.value.trim();
    return act("create_channel", { ...about, ...(username && { username }) });
  });
}

/** Asks for a title, people and bots, makes the chat of them and opens it. */
function begin(heading, example, more, make) {
  const title = field("Title", { required: true, maxlength: 128, placeholder: example });
  const [people, userIds] = choosePeople();
  const [bots, botIds] = chooseBots();
  const create = async () => {
    const user_ids = userIds();
    if (!user_ids.length) return toast("Somebody has to be in it.") ?? false;
    const named = { title: title.input.value.trim() || example, user_ids, bot_ids: botIds() };
    const group = await make(named);
    if (!group) return false;
    state.groups.set(group.id, group);
    open(group.id);
    return true;
  };
  dialog(
    heading,
    [title.node, people, bots, ...more],
    [
      ["Cancel", null],
      ["Create", create],
    ],
  );
}

/** People to tick, and whom the user has ticked: the first one owns the chat. */
function choosePeople() {
  const boxes = [...state.users.values()].map((user) =>
    tick(fullName(user), user.id, { name: "user", checked: user.id === state.me }),
  );
  const node = h("fieldset", {}, h("legend", {}, "People"), h("div", { class: "ticks" }, boxes));
  const ids = () => {
    const ticked = boxes.map((box) => box.firstChild).filter((box) => box.checked);
    // Who makes the chat owns it.
    return ticked
      .map((box) => Number(box.value))
      .sort((a, b) => Number(b === state.me) - Number(a === state.me));
  };
  return [node, ids];
}

/** Bots to tick, those of the open chats at first, and which the user has ticked. */
function chooseBots() {
  const chosen = new Set(state.open.filter((target) => target > 0));
  const list = h("div", { class: "ticks" });
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
      const props = { checked: chosen.has(bot.id), onchange };
      return tick(`${bot.name} @${bot.username}`, bot.id, props);
    });
    const rest = found.length - OFFERED;
    fill(list, boxes, rest > 0 && h("p", { class: "hint" }, `and ${rest} more`));
  };
  find.addEventListener("input", draw);
  draw();
  const many = state.bots.size > 8 && find;
  return [h("fieldset", {}, [h("legend", {}, "Bots"), many, list]), () => [...chosen]];
}

/** A link as somebody has got it: an invite, a public name, an invoice. */
export function askForLink() {
  const link = field("Link", { required: true, placeholder: "https://t.me/…", spellcheck: "false" });
  const go = async () => {
    const typed = link.input.value.trim().replace(/^@/, "https://t.me/");
    const address = typed.includes("://") ? typed : `https://${typed}`;
    return (await openLink(address)) || (toast("No such link is known here.", "bad") ?? false);
  };
  dialog("Open a link", link.node, [
    ["Cancel", null],
    ["Open", go],
  ]);
}
