/** Where a user writes: text, commands, files, replies, edits, and the reply keyboard. */

import { act } from "./api.js";
import { attachMenu, offerFiles } from "./attach.js";
import { fill, h, icon, iconButton, narrow, refill, textButton } from "./dom.js";
import { groupObstacle, summoned } from "./entrance.js";
import { drawReplyKeyboard, keyboardOf } from "./keyboard.js";
import { canEdit, isMine } from "./message.js";
import { senderName, short, titleOf } from "./names.js";
import { chatOf, isChannel, isKnown, keyOf, place, state, touch } from "./store.js";
import { createSuggestions } from "./suggest.js";
import { threadOf, topicOf } from "./topics.js";
import { summary, wordsOf } from "./words.js";

/** What was typed and not sent, by the chat's key. */
const drafts = new Map();

/** @param {number} target what the column shows; the user is who the page is at this time */
export function createComposer(target) {
  const key = keyOf(target);
  const input = h("textarea", {
    rows: "1",
    placeholder: "Message",
    role: "combobox",
    "aria-autocomplete": "list",
    "aria-expanded": "false",
    maxlength: 4096,
  });
  input.value = drafts.get(key) ?? "";
  const offers = createSuggestions(target, input, {
    send(text) {
      type("");
      say(text);
    },
    put: (text) => type(text),
    chosen: () => type(""),
  });
  input.setAttribute("aria-controls", offers.id);
  const context = h("div", { class: "context", hidden: true });
  const keys = h("div", {
    class: "reply-keys",
    role: "group",
    "aria-label": "Keyboard of the bot",
    hidden: true,
  });
  const attach = iconButton("attach", "Attach", () => attachMenu(attach, send));
  const commands = iconButton("slash", "Commands of the bot", () => {
    type("/");
    input.focus();
  });
  const toggle = iconButton("keys", "Keyboard of the bot", () => showKeys(keys.hidden), {
    hidden: true,
  });
  const button = iconButton("send", "Send", submit, { class: "send" });
  const all = h(
    "button",
    { type: "button", class: "to-all", role: "switch", onclick: toggleAll },
    "Send to all",
  );
  const bar = h("div", { class: "bar" }, attach, input, commands, toggle, button);
  const shut = h("div", { class: "shut", hidden: true });
  const node = h("div", { class: "composer" }, offers.node, all, context, bar, shut, keys);
  let replying = null;
  let editing = null;
  let keyboard = null;

  function toggleAll() {
    state.toAll = !state.toAll;
    touch("open");
  }

  /** Sends to this chat. True when it is done, false when it was refused. */
  async function send(what) {
    const reply_to = replying?.message_id;
    const thread_id = topicOf(target)?.message_thread_id ?? (replying && threadOf(replying));
    const guest = summoned(target, what.text);
    const args = { ...place(target), user_id: state.me };
    const sent = guest
      ? await act("summon", { ...guest, chat_id: target, user_id: state.me })
      : await act("send", {
          ...args,
          ...(reply_to && { reply_to }),
          ...(thread_id && state.groups.get(target)?.is_forum && { thread_id }),
          ...what,
        });
    if (sent) leave();
    return Boolean(sent);
  }

  /** Sends a text, to all chats that are open if the user wants that. */
  async function say(text) {
    const others = state.toAll ? state.open.filter((one) => one !== target) : [];
    const rest = others.map((one) => act("send", { ...place(one), user_id: state.me, text }));
    const [done] = await Promise.all([send({ text }), ...rest]);
    return done;
  }

  /** Takes what is in the field; it comes back if it was refused. */
  async function submit() {
    const before = input.value;
    const text = before.trim();
    if (!text) return;
    if (editing) {
      const args = { ...place(target), user_id: state.me, message_id: editing.message_id, text };
      if (text === wordsOf(editing) || (await act("edit", args))) leave();
      return;
    }
    type("");
    if (!(await say(text)) && !input.value) type(before);
  }

  function type(text) {
    input.value = text;
    grow();
    offers.update(text);
    drafts.set(key, editing ? "" : text);
    button.classList.toggle("ready", text.trim() !== "");
  }

  function grow() {
    input.style.height = "auto";
    input.style.height = `${Math.min(input.scrollHeight, 180)}px`;
  }

  /** Ends a reply or an edit. */
  function leave() {
    if (editing) type("");
    replying = editing = null;
    context.hidden = true;
    button.replaceChildren(icon("send"));
  }

  function show(name, title, message) {
    const lines = h(
      "span",
      { class: "lines" },
      h("b", {}, title),
      h("span", {}, short(summary(message), 100)),
    );
    fill(context, icon(name), lines, iconButton("close", "Leave it", leave));
    context.hidden = false;
    input.focus();
  }

  function reply(message) {
    leave();
    replying = message;
    show("reply", `Reply to ${senderName(message)}`, message);
  }

  function edit(message) {
    leave();
    editing = message;
    type(wordsOf(message));
    show("edit", "Edit the message", message);
    button.replaceChildren(icon("check"));
  }

  function showKeys(shown) {
    keys.hidden = !shown;
    toggle.classList.toggle("on", shown);
    toggle.setAttribute("aria-expanded", String(shown));
  }

  input.addEventListener("input", () => type(input.value));
  input.addEventListener("paste", (event) => {
    const files = [...event.clipboardData.files];
    if (!files.length) return;
    event.preventDefault();
    offerFiles(files, send);
  });
  input.addEventListener("keydown", (event) => {
    if (event.isComposing || offers.key(event)) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      submit();
    } else if (event.key === "Escape" && !context.hidden) {
      event.stopPropagation();
      leave();
    } else if (event.key === "ArrowUp" && !input.value) {
      const mine = [...chatOf(key).messages.values()].findLast(canEdit);
      if (!mine) return;
      event.preventDefault();
      edit(mine);
    }
  });

  /** What keeps the user from writing: why, and each [what to press, what that does]; or null. */
  function obstacle() {
    if (!isKnown(target)) return ["It can be written to when the bot has called the sandbox."];
    const bot = state.bots.get(target);
    if (bot?.blocked_by.includes(state.me)) {
      const args = { bot_id: target, user_id: state.me, blocked: false };
      return ["You have blocked this bot.", ["Unblock", () => act("block", args)]];
    }
    return target < 0 ? groupObstacle(target) : null;
  }

  /** Draws what depends on the chat. */
  function draw() {
    const { loaded, messages } = chatOf(key);
    const subject = replying ?? editing;
    if (subject && loaded && !messages.has(subject.message_id)) leave();
    input.setAttribute("aria-label", `Message to ${titleOf(target)}`);
    placehold();
    const stop = obstacle();
    shut.hidden = !stop;
    bar.hidden = Boolean(stop);
    if (stop) {
      const [why, ...acts] = stop;
      refill(
        shut,
        h("span", {}, why),
        acts.map(([label, act]) => textButton(label, act, "", { "data-key": label })),
      );
    }
    all.hidden = state.open.length < 2 || Boolean(stop);
    all.setAttribute("aria-checked", String(state.toAll));
    all.textContent = `Send to all ${state.open.length} chats`;
    const found = keyboardOf([...chatOf(key).messages.values()]);
    if (found?.message_id === keyboard?.message_id) return;
    keyboard = found;
    drawKeyboard();
  }

  function placehold() {
    const topic = topicOf(target);
    const plain = isChannel(target) ? "Post" : topic ? `Message in ${topic.name}` : "Message";
    input.placeholder = keyboard?.reply_markup?.input_field_placeholder ?? plain;
  }

  function drawKeyboard() {
    const markup = keyboard?.reply_markup;
    placehold();
    toggle.hidden = !markup?.keyboard;
    // What was written after it has used it.
    const isUsed = [...chatOf(key).messages.values()].some(
      (one) => isMine(one) && one.message_id > keyboard?.message_id,
    );
    if (markup?.force_reply && !isUsed) reply(keyboard);
    if (!markup?.keyboard) return showKeys(false);
    const used = () => markup.one_time_keyboard && !markup.is_persistent && showKeys(false);
    drawReplyKeyboard(keys, keyboard, { target, send }, used);
    keys.classList.toggle("low", Boolean(markup.resize_keyboard));
    return showKeys(!(markup.one_time_keyboard && isUsed));
  }

  requestAnimationFrame(grow);
  const focus = () => narrow() || input.focus();
  const insert = (text) => {
    type(text);
    input.focus();
  };
  return {
    node,
    draw,
    focus,
    reply,
    edit,
    insert,
    send,
    say,
    offerFiles: (files) => offerFiles(files, send),
  };
}
