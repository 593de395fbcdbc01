/** What an empty chat shows: who is there, and the commands to begin with. */

import { avatar, fill, h } from "./dom.js";
import { membersOf } from "./list.js";
import { titleOf } from "./names.js";
import { state } from "./store.js";
import { botsIn, commandsOf } from "./suggest.js";

const CHIPS = 12;

/** @param {(text: string) => void} say sends a command */
export function createWelcome(target, say) {
  const chips = h("div", { class: "chips" });
  const about = h("div", { class: "about" });
  const node = h("div", { class: "welcome" }, about, chips);
  let told = [];
  let offered = "";

  /** Bots that say more of themselves than before, such as their commands, are new objects. */
  function draw() {
    const known = [state.groups.get(target), ...botsIn(target)];
    if (told.length === known.length && known.every((one, i) => one === told[i])) return;
    told = known;
    const text = target < 0 ? membersOf(known[0]).join(", ") : known[1]?.description;
    fill(
      about,
      avatar(target, titleOf(target), "large"),
      h("h2", {}, titleOf(target)),
      h("p", {}, text || "Say something, or begin with a command:"),
    );
    offer();
  }

  async function offer() {
    const commands = await commandsOf(target);
    const start = { text: "/start", description: "begin" };
    const own = commands.find(({ text }) => text === "/start") ?? (target > 0 ? start : null);
    const all = [own, ...commands.filter((one) => one !== own)].filter(Boolean).slice(0, CHIPS);
    if (JSON.stringify(all) === offered) return;
    offered = JSON.stringify(all);
    fill(chips, all.map(chip));
  }

  const chip = ({ text, description }) =>
    h(
      "button",
      { type: "button", class: "command", onclick: () => say(text) },
      h("b", {}, text),
      h("span", {}, description),
    );

  return { node, draw };
}
