/** A column: one chat, from its header to its composer. */

import { createComposer } from "./composer.js";
import { avatar, fill, h, icon, iconButton } from "./dom.js";
import { load } from "./events.js";
import { createHistory } from "./history.js";
import { membersOf } from "./list.js";
import { modeOf, short, summary, titleOf, titleOfPerson, webhookFails } from "./names.js";
import { showGroup } from "./people.js";
import { saveAsTest } from "./saving.js";
import { chatOf, close, keyOf, on, open, state, troubleOf } from "./store.js";

const ACTIONS = {
  typing: "typing…",
  choose_sticker: "choosing a sticker…",
  find_location: "looking for a place…",
};

/**
 * @typedef {object} Side what a message may ask of its column
 * @property {number} target
 * @property {object} acts for commands and mentions in texts
 * @property {(message: object) => void} reply
 * @property {(message: object) => void} edit
 * @property {(text: string) => void} insert into the composer
 * @property {(messageId: number) => void} jump
 */

export function createColumn(target) {
  const key = keyOf(target);
  const composer = createComposer(target);
  /** @type {Side} */
  const side = {
    target,
    acts: {
      command: composer.say,
      mention(name) {
        const bot = [...state.bots.values()].find(
          (one) => one.username.toLowerCase() === name.toLowerCase(),
        );
        if (bot) open(bot.id, state.open.length > 1);
        return Boolean(bot);
      },
    },
    reply: composer.reply,
    edit: composer.edit,
    insert: composer.insert,
    jump: (messageId) => history.jump(messageId),
  };
  const history = createHistory(side, composer.say);
  const header = h("header", {});
  const pinned = h("button", { type: "button", class: "pinned", hidden: true });
  const node = h(
    "section",
    { class: "column", "data-target": target },
    header,
    pinned,
    history.node,
    composer.node,
  );
  let heading = "";

  function draw() {
    load(target);
    drawHeader();
    drawPinned();
    history.draw();
    composer.draw();
    node.classList.toggle("active", state.active === target);
  }

  function drawHeader() {
    const status = statusOf(target);
    const title = titleOf(target);
    const signature = JSON.stringify([title, status, state.open.length]);
    if (signature === heading) return;
    heading = signature;
    node.setAttribute("aria-label", title);
    const name = h(
      "span",
      { class: "about" },
      h("b", {}, title),
      h("small", { class: status.kind }, status.text),
    );
    const face = [avatar(target, title, target < 0 ? "of-group small" : "small"), name];
    const card = {
      type: "button",
      class: "who",
      title: "Members",
      onclick: () => showGroup(target),
    };
    fill(
      header,
      iconButton("back", "Back to the list", () => close(target), { class: "back" }),
      target < 0 ? h("button", card, face) : h("div", { class: "who" }, face),
      iconButton("test", "Save as test", () => saveAsTest(target), { class: "save" }),
      state.open.length > 1 && iconButton("close", `Close ${title}`, () => close(target)),
    );
  }

  function drawPinned() {
    const chat = chatOf(key);
    const message = chat.messages.get(Math.max(...chat.pinned));
    pinned.hidden = !message;
    if (!message) return;
    const lines = h(
      "span",
      { class: "lines" },
      h("b", {}, "Pinned message"),
      h("span", {}, short(summary(message), 100)),
    );
    fill(pinned, icon("pin"), lines);
    pinned.onclick = () => side.jump(message.message_id);
  }

  node.addEventListener("focusin", () => {
    if (state.active !== target && state.open.includes(target)) open(target, true);
  });
  node.addEventListener("dragover", (event) => {
    event.preventDefault();
    node.classList.add("drop");
  });
  node.addEventListener(
    "dragleave",
    (event) => node.contains(event.relatedTarget) || node.classList.remove("drop"),
  );
  node.addEventListener("drop", (event) => {
    event.preventDefault();
    node.classList.remove("drop");
    composer.offerFiles([...event.dataTransfer.files]);
  });
  const offs = [key, "faults", "open"].map((topic) => on(topic, draw));
  const destroy = () => {
    offs.forEach((off) => off());
    history.stop();
    node.remove();
  };
  draw();
  return { user: state.me, node, destroy, focus: composer.focus, insert: composer.insert };
}

/** What the header says below the title. */
function statusOf(target) {
  const { action } = chatOf(keyOf(target));
  if (action && action.until > Date.now()) {
    const words = action.text.replace("upload_", "sending a ").replace("record_", "recording a ");
    const what = ACTIONS[action.text] ?? `${words.replaceAll("_", " ")}…`;
    return {
      kind: "typing",
      text: target < 0 && action.bot_id ? `${titleOfPerson(action.bot_id)}: ${what}` : what,
    };
  }
  if (target < 0) {
    const names = membersOf(state.groups.get(target) ?? { members: [] });
    return { kind: "", text: `${names.length} members: ${names.join(", ")}` };
  }
  const bot = state.bots.get(target);
  if (!bot) return { kind: "", text: "not known" };
  const trouble = troubleOf(bot);
  if (trouble.length)
    return { kind: "bad", text: `in trouble: ${trouble.join(", ")} · @${bot.username}` };
  const failing = bot.mode === "idle" || webhookFails(bot);
  const parts = [`@${bot.username}`, modeOf(bot)];
  // What is wrong stands where a narrow screen shows it.
  if (failing) parts.reverse();
  return { kind: failing ? "bad" : "", text: parts.join(" · ") };
}
