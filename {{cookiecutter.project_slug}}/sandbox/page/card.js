/** What a group or channel is: who is in it, its name, its topics, its boosts. */

import { act } from "./api.js";
import { avatar, h, lineButton, refill, textButton } from "./dom.js";
import { createInvites } from "./invites.js";
import { fullName, titleOf } from "./names.js";
import { dialog, field, toast } from "./overlay.js";
import { hasRight, isChannel, isThere, on, open, roleIn, state } from "./store.js";

/** Members shown; a channel may have very many. */
const SHOWN = 100;
const OFFERED = 500;

export function showChat(target) {
  const members = h("div", { class: "members" });
  const acts = h("div", { class: "chips" });
  const invites = createInvites(target);
  const group = () => state.groups.get(target);

  const change = async (command, args) => {
    const changed = await act(command, { chat_id: target, ...args });
    if (changed) state.groups.set(target, changed);
    draw();
  };

  function member({ user, status }) {
    const admin = status === "administrator";
    const name = fullName(user);
    const isPrivate = !admin && !isChannel(target) && state.bots.get(user.id)?.private;
    const hears = isPrivate ? ", hears commands and replies: privacy mode" : "";
    const role = user.is_bot ? `bot, ${status}${hears}` : status;
    const promote = () =>
      change("promote", { member_id: user.id, status: admin ? "member" : "administrator" });
    return h("div", { class: "member" }, [
      avatar(user.id, name, "small"),
      h("span", { class: "name" }, name, h("small", {}, role)),
      status !== "creator" && lineButton(admin ? "No admin" : "Make admin", name, promote),
      lineButton("Remove", name, () => change("remove_member", { member_id: user.id }), "bad"),
    ]);
  }

  function adder(ids) {
    const others = [...state.users.values(), ...state.bots.values()]
      .filter((one) => !ids.has(one.id))
      .slice(0, OFFERED);
    const named = (one) => (one.username ? `${one.name ?? fullName(one)} @${one.username}` : fullName(one));
    const options = others.map((one) => h("option", { value: one.id }, named(one)));
    const add = (event) => change("add_member", { member_id: Number(event.target.value) });
    const first = h("option", { value: "" }, "Add somebody…");
    const props = { "aria-label": "Add somebody", "data-key": "add", onchange: add };
    return others.length > 0 && h("select", props, first, options);
  }

  /** What the user of the page may do with the chat itself. */
  function deeds() {
    const { type, is_forum: isForum, username } = group();
    const me = roleIn(target);
    const leads = hasRight(me, "can_change_info");
    const deed = (label, run) => textButton(label, run, "", { "data-key": label });
    return [
      leads &&
        deed(username ? `Public name: @${username}` : "Public name…", () => askForName(target)),
      type === "supergroup" &&
        leads &&
        deed(isForum ? "No topics any more" : "Make it a forum", () =>
          change("set_forum", { forum: !isForum }),
        ),
      type === "group" && deed("Make it a supergroup", migrate),
      isThere(me) && deed("Boost it", boost),
      isThere(me) && deed("Leave it", leave),
    ];
  }

  async function migrate() {
    const grown = await act("migrate", { chat_id: target });
    if (!grown) return;
    open(grown.id);
    node.close();
  }

  async function leave() {
    await change("remove_member", { member_id: state.me });
    node.close();
  }

  async function boost() {
    const made = await act("boost", { chat_id: target, user_id: state.me });
    if (made) toast(`${titleOf(target)} is boosted for 30 days.`);
    invites.draw();
  }

  function draw() {
    if (group().migrated_to) return;
    const here = group().members.filter(isThere);
    const ids = new Set(here.map((one) => one.user.id));
    const more = here.length - SHOWN;
    const rest = more > 0 && h("p", { class: "hint" }, `and ${more} more`);
    refill(members, here.slice(0, SHOWN).map(member), rest, adder(ids));
    refill(acts, deeds());
    invites.draw();
  }

  const off = on(`${target}`, draw);
  const title = isChannel(target) ? "Subscribers" : "Members";
  const node = dialog(
    titleOf(target),
    [acts, invites.asking, h("h3", {}, title), members, invites.node],
    [["Done", null]],
  );
  node.addEventListener("close", off);
  draw();
}

function askForName(target) {
  const { username = "" } = state.groups.get(target);
  const name = field("Public name", {
    value: username,
    maxlength: 33,
    placeholder: "none: it is private",
    spellcheck: "false",
  });
  const save = async () =>
    Boolean(await act("set_username", { chat_id: target, username: name.input.value.trim() }));
  dialog(`Name of ${titleOf(target)}`, name.node, [
    ["Cancel", null],
    ["Save", save],
  ]);
}
