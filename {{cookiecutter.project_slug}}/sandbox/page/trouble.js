/** Trouble on purpose: what Telegram and the network do on a bad day, at a press. */

import { act } from "./api.js";
import { fill, h, textButton } from "./dom.js";
import { floodText, fullName } from "./names.js";
import { dialog, tick, toast } from "./overlay.js";
import { floodsOf, on, state } from "./store.js";
import { createTime } from "./time.js";

const SECONDS = 10;
const FAULTS = {
  429: ["429", "too many requests, retry after 2"],
  500: ["500", "Telegram itself is unwell"],
  502: ["502", "a page in HTML, no JSON"],
  hang: ["Hang", "calls get no answer"],
  reset: ["Drop", "the connection is cut"],
};

/** A choice of a bot; `value()` is its id, or null for the first line. */
export function botSelect(first, changed) {
  const select = h("select", { "aria-label": "Bot", onchange: () => changed(select.value) });
  let known = "";
  function draw() {
    const bots = [...state.bots.values()];
    const signature = `${bots.length} ${bots.at(-1)?.id}`;
    if (known === signature) return;
    known = signature;
    const { value } = select;
    const option = (bot) => h("option", { value: bot.id }, `${bot.name} @${bot.username}`);
    fill(select, h("option", { value: "" }, first), bots.map(option));
    select.value = state.bots.has(Number(value)) ? value : "";
  }
  const choose = (id) => {
    select.value = id ?? "";
  };
  return { node: select, draw, choose, value: () => Number(select.value) || null };
}

export function createTrouble() {
  let chosen = false;
  const bot = botSelect("All bots", () => {
    chosen = true;
    draw();
  });
  const mine = tick(" ", "mine");
  const forBot = h("div", { class: "for-bot" });
  const inForce = h("div", { class: "in-force", role: "list", "aria-label": "Trouble in force" });
  const end = textButton("End all trouble", endAll, "chief");
  const node = h(
    "div",
    { class: "trouble-view" },
    h("p", { class: "hint" }, "See who suffers, and that the others go on."),
    h("label", { class: "field" }, h("span", {}, "Trouble for"), bot.node),
    mine,
    h(
      "div",
      { class: "acts" },
      forBot,
      Object.entries(FAULTS).map(([kind, [title, about]]) =>
        tile(`${title} for ${SECONDS} s`, about, () => strike(kind)),
      ),
    ),
    h("div", { class: "now" }, h("h2", {}, "In force"), inForce, end, createTime()),
  );
  let timer = null;

  async function strike(kind) {
    const bot_id = bot.value();
    const where = { ...(bot_id && { bot_id }), ...(isMine() && { chat_id: state.me }) };
    await act("fault", { kind, seconds: SECONDS, retry_after: 2, ...where });
  }

  const isMine = () => mine.querySelector("input").checked;

  function leave(user) {
    const text = `No bot can write to ${fullName(user)} any more, and nobody can be them.`;
    dialog("Delete the account", h("p", {}, text), [
      ["Cancel", null],
      ["Delete", async () => Boolean(await act("deactivate", { user_id: user.id }))],
    ]);
  }

  async function each(command, bots) {
    for (const { id } of bots) if (!(await act(command, { bot_id: id }))) return;
  }

  async function endAll() {
    await act("clear_faults");
    await each(
      "restore",
      [...state.bots.values()].filter((one) => one.revoked),
    );
    toast("All trouble is over.");
  }

  function draw() {
    clearTimeout(timer);
    if (state.panel !== "trouble") return;
    bot.draw();
    // Until somebody chooses, it is about the chat that is open.
    if (!chosen) bot.choose(state.bots.has(state.active) ? state.active : null);
    const one = state.bots.get(bot.value());
    const me = state.users.get(state.me);
    const limited = state.limits.rates !== null;
    mine.lastChild.data = `only in the chat with ${fullName(me)}`;
    const tiles = [
      tile(
        limited ? "No limits" : "Telegram's limits",
        limited ? "bots may be as fast as they can" : "who floods gets 429",
        () => act("limits", { on: !limited }),
      ),
      me?.first_name && tile(`${me.first_name} deletes the account`, "403 for good", () => leave(me)),
    ];
    if (one) {
      const blocked = one.blocked_by.includes(state.me);
      const name = me?.first_name;
      tiles.push(
        one.revoked
          ? tile("Give the token back", "it is valid again", () =>
              act("restore", { bot_id: one.id }),
            )
          : tile("Revoke the token", "401 to every call", () => act("revoke", { bot_id: one.id })),
        tile(
          blocked ? `${name} unblocks the bot` : `${name} blocks the bot`,
          "403 when it writes",
          () => act("block", { bot_id: one.id, user_id: state.me, blocked: !blocked }),
        ),
      );
    }
    const signature = JSON.stringify([one?.id, one?.revoked, one?.blocked_by, me, limited]);
    if (forBot.dataset.signature !== signature) {
      forBot.dataset.signature = signature;
      fill(forBot, tiles.filter(Boolean));
    }
    drawInForce();
  }

  function drawInForce() {
    const revoked = [...state.bots.values()].filter((one) => one.revoked);
    const line = (what, who, left) =>
      h(
        "div",
        { class: "force", role: "listitem" },
        h("b", {}, what),
        h("span", {}, who),
        h("time", {}, left),
      );
    const left = (fault) =>
      fault.until === Infinity
        ? "until ended"
        : `${Math.max(0, Math.ceil((fault.until - Date.now()) / 1000))} s`;
    const nameOf = (id) => state.bots.get(id)?.name ?? "all bots";
    const what = (fault) => [FAULTS[fault.kind]?.[0] ?? fault.kind, fault.text].filter(Boolean);
    const faults = state.faults.map((fault) => {
      const where = fault.chat_id === null ? "" : ` in chat ${fault.chat_id}`;
      return line(what(fault).join(" "), `${nameOf(fault.bot_id)}${where}`, left(fault));
    });
    const floods = [...state.bots.keys()].flatMap(floodsOf);
    const all = [
      ...floods.map((one) => line("Floods", `${nameOf(one.bot_id)} is ${floodText(one)}`, left(one))),
      ...faults,
      ...revoked.map((one) => line("Revoked", one.name, "until given back")),
    ];
    fill(inForce, all.length ? all : none());
    end.disabled = !(faults.length || revoked.length);
    if (faults.length || floods.length) timer = setTimeout(drawInForce, 500);
  }

  for (const topic of ["panel", "faults", "open", "people"]) on(topic, draw);
  return node;
}

/** A list has lines, also one that says that there is nothing. */
const none = () => h("p", { class: "hint", role: "listitem" }, "No trouble. All is well.");

const tile = (title, about, onclick) =>
  h("button", { type: "button", class: "tile", onclick }, h("b", {}, title), h("small", {}, about));
