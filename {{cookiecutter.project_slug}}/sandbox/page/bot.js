/** What a bot is to the user of the page: its Stars, subscriptions, and what it may do for them. */

import { act } from "./api.js";
import { showBusiness } from "./business.js";
import { avatar, h, refill, textButton } from "./dom.js";
import { fullName, modeOf, titleOf } from "./names.js";
import { dialog, field, toast } from "./overlay.js";
import { keyOf, on, state } from "./store.js";
import { openLink } from "./tme.js";

export function showBot(botId) {
  const about = h("div", { class: "members" });
  const acts = h("div", { class: "chips" });
  const stars = h("div", { class: "members" });
  const bot = () => state.bots.get(botId);
  const mine = { bot_id: botId, user_id: state.me };

  const deed = (label, run) => textButton(label, run, "", { "data-key": label });

  function deeds() {
    const { private: isPrivate, blocked_by: blockers } = bot();
    const blocked = blockers.includes(state.me);
    return [
      deed("Business account…", () => showBusiness(botId)),
      deed("Add it to a group…", () => openLink(`https://t.me/${bot().username}?startgroup`)),
      deed(isPrivate ? "End its privacy mode" : "Privacy mode", () =>
        act("set_privacy", { bot_id: botId, private: !isPrivate }),
      ),
      deed("Let it set your emoji status", async () => {
        if (await act("allow_emoji_status", mine)) toast("It may set your emoji status now.");
      }),
      deed(blocked ? "Unblock it" : "Block it", () => act("block", { ...mine, blocked: !blocked })),
    ];
  }

  async function drawStars() {
    const purse = await act("purse", mine);
    if (!purse) return;
    refill(
      stars,
      h(
        "div",
        { class: "member" },
        h("span", { class: "name" }, `${purse.balance} ⭐`, h("small", {}, "Stars of the bot")),
        textButton("Give it Stars…", give, "", { "data-key": "give" }),
      ),
      purse.subscriptions.map(subscription),
    );
  }

  function subscription({ charge_id: id, payload, canceled }) {
    const turn = async () => {
      await act("cancel_subscription", { bot_id: botId, charge_id: id, canceled: !canceled });
      drawStars();
    };
    const label = canceled ? "Renew it" : "Cancel it";
    return h(
      "div",
      { class: "member" },
      h(
        "span",
        { class: "name" },
        `Your subscription “${payload}”`,
        h("small", {}, canceled ? "cancelled" : "paid each month"),
      ),
      textButton(label, turn, canceled ? "" : "bad", { "data-key": id }),
    );
  }

  function give() {
    const amount = field("How many", { type: "number", min: 1, max: 1000000, value: 100 });
    const run = async () => {
      const given = await act("give_stars", { bot_id: botId, amount: Number(amount.input.value) });
      if (given) drawStars();
      return Boolean(given);
    };
    dialog(`Stars for ${titleOf(botId)}`, amount.node, [
      ["Cancel", null],
      ["Give", run],
    ]);
  }

  function draw() {
    const { name, username, description, private: isPrivate } = bot();
    refill(
      about,
      h(
        "div",
        { class: "member" },
        avatar(botId, name),
        h("span", { class: "name" }, `@${username}`, h("small", {}, modeOf(bot()))),
      ),
      isPrivate && h("p", {}, "In groups it hears what is meant for it: privacy mode."),
      description && h("p", {}, description),
    );
    refill(acts, deeds());
  }

  const offs = [keyOf(botId), "list"].map((topic) => on(topic, draw));
  const who = fullName(state.users.get(state.me));
  const node = dialog(
    titleOf(botId),
    [about, acts, h("h3", {}, `Stars, and what ${who} pays`), stars],
    [["Done", null]],
  );
  node.addEventListener("close", () => offs.forEach((off) => off()));
  draw();
  drawStars();
}
