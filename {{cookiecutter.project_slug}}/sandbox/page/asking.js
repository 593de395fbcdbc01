/** What buttons of a reply keyboard ask for: a bot, people, a chat.
 * https://core.telegram.org/bots/api#keyboardbutton */

import { act } from "./api.js";
import { h } from "./dom.js";
import { fullName } from "./names.js";
import { ask, field, tick, toast } from "./overlay.js";
import { state } from "./store.js";

export function askForBot(wanted, chat) {
  const name = field("Name", { value: wanted.suggested_name ?? "", placeholder: "My shop" });
  const username = field("Username", {
    value: wanted.suggested_username ?? "",
    placeholder: "my_shop_bot",
  });
  return ask("Create a bot", [name.node, username.node], "Create", async () => {
    const made = await act("create_managed_bot", {
      bot_id: chat.target,
      user_id: state.me,
      ...(name.input.value && { name: name.input.value }),
      ...(username.input.value && { username: username.input.value }),
    });
    return made ?? false;
  });
}

export function askForUsers(wanted, give) {
  const people = wanted.user_is_bot ? [...state.bots.values()] : [...state.users.values()];
  const boxes = people.slice(0, 100).map((one) => tick(one.name ?? fullName(one), one.id));
  return ask("Whom do you share?", h("div", { class: "ticks" }, boxes), "Share", () => {
    const ids = boxes
      .map((box) => box.firstChild)
      .filter((box) => box.checked)
      .map((box) => Number(box.value));
    const users = ids.slice(0, wanted.max_quantity ?? 1).map((user_id) => ({ user_id }));
    return users.length ? give({ users_shared: { request_id: wanted.request_id, users } }) : false;
  });
}

export function askForChat(wanted, give) {
  const options = [...state.groups.values()].map((one) =>
    h("option", { value: one.id }, one.title),
  );
  if (!options.length) return toast("There is no group to share: make one first.") ?? false;
  const select = h("select", { "aria-label": "Group" }, options);
  return ask("Which group do you share?", select, "Share", () =>
    give({ chat_shared: { request_id: wanted.request_id, chat_id: Number(select.value) } }),
  );
}
