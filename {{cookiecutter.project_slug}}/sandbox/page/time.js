/** The sandbox's clock, and buttons that move it. */

import { act } from "./api.js";
import { clock, day, fill, h } from "./dom.js";
import { toast } from "./overlay.js";
import { on, state } from "./store.js";

const STEPS = { "1 minute": 60, "1 hour": 3600, "1 day": 86400 };

export function createTime() {
  const shown = h("time", { "aria-label": "Time in the sandbox" });
  const steps = Object.entries(STEPS).map(([name, seconds]) =>
    h(
      "button",
      { type: "button", class: "tile", onclick: () => advance(name, seconds) },
      h("b", {}, `+ ${name}`),
    ),
  );
  const node = h(
    "div",
    { class: "time", role: "group", "aria-label": "Time" },
    h("h2", {}, "Time in the sandbox ", shown),
    h("div", { class: "steps" }, steps),
    h("p", { class: "hint" }, "Timers and jobs of the bots that are due by then fire, polls and bans end."),
  );
  let timer = null;

  async function advance(name, seconds) {
    if (await act("advance", { seconds })) toast(`It is ${name} later.`);
  }

  function draw() {
    clearTimeout(timer);
    if (state.panel !== "trouble") return;
    const now = Date.now() / 1000 + state.ahead;
    const date = state.ahead ? `${day(now)}, ${clock(now)}` : clock(now);
    fill(shown, date);
    node.classList.toggle("ahead", state.ahead > 0);
    timer = setTimeout(draw, 1000);
  }

  for (const topic of ["panel", "clock"]) on(topic, draw);
  return node;
}
