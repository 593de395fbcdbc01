/** A column: one chat, from its header to its composer. */

import { createComposer } from "./composer.js";
import { avatar, fill, h, icon, iconButton, refill } from "./dom.js";
import { load } from "./events.js";
import { createHistory } from "./history.js";
import { showBot } from "./bot.js";
import { showChat } from "./card.js";
import { membersOf } from "./list.js";
import { modeOf, short, titleOf, titleOfPerson, webhookFails } from "./names.js";
import { saveAsTest } from "./saving.js";
import { chatOf, close, hasRight, isChannel, keyOf, on, open, roleIn, state, troubleOf } from "./store.js";
import { createTopics } from "./topics.js";
import { summary } from "./words.js";

const ACTIONS = {
  typing: "typing…",
  choose_sticker: "choosing a sticker…",
  find_location: "looking for a place…",
};

/**
 * @typedef {object} Side what a message may ask of its column
 * @property {number} target
 * @property {object} acts for commands in texts
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
    acts: { command: composer.say },
    reply: composer.reply,
    edit: composer.edit,
    insert: composer.insert,
    jump: (messageId) => history.jump(messageId),
  };
  const history = createHistory(side, composer.say);
  const header = h("header", {});
  const topics = createTopics(target);
  const face = h("span", { class: "face" });
  const name = h("span", { class: "about" });
  const about = { type: "button", class: "who", title: "About this chat", onclick: showAbout };
  const who = h("button", about, face, name);
  const pinned = h("button", { type: "button", class: "pinned", hidden: true });
  const node = h(
    "section",
    { class: "column", "data-target": target },
    header,
    topics.node,
    pinned,
    history.node,
    composer.node,
  );
  let heading = "";

  function showAbout() {
    if (target < 0) showChat(target);
    else if (state.bots.has(target)) showBot(target);
  }

  function draw() {
    load(target);
    drawHeader();
    topics.draw();
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
    fill(face, avatar(target, title, target < 0 ? "of-group small" : "small"));
    fill(name, h("b", {}, title), h("small", { class: status.kind }, status.text));
    refill(
      header,
      iconButton("back", "Back to the list", () => close(target), { class: "back" }),
      who,
      iconButton("test", "Save as test", () => saveAsTest(target), {
        class: "save",
        "data-key": "save",
      }),
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
    const group = state.groups.get(target) ?? { members: [] };
    const names = membersOf(group);
    const one = isChannel(target) ? "subscriber" : "member";
    const many = `${names.length} ${one}${names.length === 1 ? "" : "s"}`;
    const asks = hasRight(roleIn(target), "can_invite_users") && group.requests;
    if (asks) return { kind: "typing", text: `${asks} ${asks === 1 ? "asks" : "ask"} to join · ${many}` };
    return { kind: "", text: `${many}: ${names.join(", ")}` };
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
