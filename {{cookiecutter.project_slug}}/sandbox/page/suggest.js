/** What is offered above the composer: a bot's commands, and the results of inline mode. */

import { act, ask } from "./api.js";
import { fill, h } from "./dom.js";
import { state } from "./store.js";

/** Milliseconds without typing before a bot is asked. */
const PAUSE = 250;
let serial = 0;

/** The commands that a user is offered in a chat, with what is typed for each. */
export async function commandsOf(target) {
  const bots = botsIn(target);
  const user_id = state.me;
  const menus = await Promise.all(
    bots.map((bot) =>
      act("menu", { bot_id: bot.id, user_id, ...(target < 0 && { chat_id: target }) }),
    ),
  );
  return menus.flatMap((found, index) =>
    (found?.commands ?? []).map(({ command, description }) => ({
      text: bots.length > 1 ? `/${command}@${bots[index].username}` : `/${command}`,
      description: bots.length > 1 ? `${description} · ${bots[index].name}` : description,
    })),
  );
}

/** The bots of a chat; of a large group the first ones. */
export function botsIn(target) {
  if (target > 0) return [state.bots.get(target)].filter(Boolean);
  const members = state.groups.get(target)?.members ?? [];
  return members
    .map((one) => state.bots.get(one.user.id))
    .filter(Boolean)
    .slice(0, 10);
}

/**
 * The list above a field. `send` takes a command that was chosen, `put` a text to type on with,
 * `chosen` is called when inline mode has sent something.
 */
export function createSuggestions(target, input, { send, put, chosen }) {
  const id = `offers${(serial += 1)}`;
  const node = h("div", {
    id,
    class: "offers",
    role: "listbox",
    "aria-label": "Offers",
    hidden: true,
  });
  // Where inline mode is used: in a group, or in the private chat with whatever bot.
  const where = target < 0 ? { chat_id: target } : { chat_bot_id: target };
  let offers = [];
  let at = 0;
  let turn = 0;
  let pause = null;

  function show(list, note = "") {
    offers = list;
    at = 0;
    node.hidden = !list.length && !note;
    const nothing = { class: "hint", role: "option", "aria-disabled": "true" };
    fill(node, list.map(row), !list.length && note && h("p", nothing, note));
    mark();
  }

  function row(offer, index) {
    const props = {
      id: `${id}-${index}`,
      role: "option",
      class: "offer",
      onclick: () => offer.choose(),
    };
    // The field keeps the focus.
    return h(
      "div",
      { ...props, onmousedown: (event) => event.preventDefault() },
      offer.image && h("img", { src: offer.image, alt: "" }),
      h("b", {}, offer.title),
      h("span", {}, offer.about),
    );
  }

  function mark() {
    [...node.querySelectorAll(".offer")].forEach((one, index) => {
      one.setAttribute("aria-selected", String(index === at));
      if (index === at) one.scrollIntoView({ block: "nearest" });
    });
    input.setAttribute("aria-expanded", String(!node.hidden));
    if (offers.length) input.setAttribute("aria-activedescendant", `${id}-${at}`);
    else input.removeAttribute("aria-activedescendant");
  }

  async function commands(typed) {
    const mine = (turn += 1);
    const all = await commandsOf(target);
    if (mine !== turn) return;
    const found = all.filter(({ text }) => text.toLowerCase().startsWith(typed.toLowerCase()));
    const offer = ({ text, description }) => ({
      title: text,
      about: description,
      choose: () => send(text),
      text,
    });
    show(found.map(offer), typed === "/" ? "This bot has set no commands." : "");
  }

  function inline(bot, query) {
    const mine = (turn += 1);
    clearTimeout(pause);
    show([], `Asking @${bot.username}…`);
    pause = setTimeout(async () => {
      try {
        const args = { bot_id: bot.id, user_id: state.me, query, ...where };
        const answer = await ask("inline_query", args);
        if (mine === turn)
          show(
            answer.results.map((one) => result(bot, answer, one)),
            "Nothing found.",
          );
      } catch (error) {
        if (mine === turn) show([], error.message);
      }
    }, PAUSE);
  }

  function result(bot, answer, one) {
    const choose = async () => {
      const args = {
        bot_id: bot.id,
        user_id: state.me,
        query_id: answer.query_id,
        result_id: one.id,
      };
      if (await act("choose", { ...args, ...where })) chosen();
    };
    const about = one.description ?? one.caption ?? one.input_message_content?.message_text ?? "";
    return { title: one.title ?? one.type, about, choose, text: null };
  }

  function update(text) {
    const asked = /^@(\w+)\s([^]*)$/.exec(text);
    const bot =
      asked &&
      [...state.bots.values()].find((one) => one.username.toLowerCase() === asked[1].toLowerCase());
    if (/^\/[\w@]*$/.test(text)) commands(text);
    else if (bot) inline(bot, asked[2]);
    else hide();
  }

  function hide() {
    turn += 1;
    clearTimeout(pause);
    show([]);
  }

  /** Takes a key if it is one for the list. */
  function key(event) {
    if (node.hidden) return false;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Escape") hide();
    else if (!offers.length) return false;
    else if (step) at = (at + step + offers.length) % offers.length;
    else if (event.key === "Tab" && offers[at].text) put(`${offers[at].text} `);
    else if (event.key === "Enter" && !event.shiftKey) offers[at].choose();
    else return false;
    event.preventDefault();
    event.stopPropagation();
    mark();
    return true;
  }

  return { node, id, update, hide, key };
}
