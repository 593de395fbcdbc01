/** Buttons of bots: under a message (inline) and under the chat (reply keyboard). */

import { act } from "./api.js";
import { openApp } from "./app.js";
import { askForBot, askForChat, askForUsers } from "./asking.js";
import { fill, h, icon } from "./dom.js";
import { fullName, titleOf } from "./names.js";
import { copy, dialog, menu, toast } from "./overlay.js";
import { payInvoice } from "./paying.js";
import { askForPoll } from "./poll.js";
import { open, place, state } from "./store.js";
import { openLink } from "./tme.js";

/** Seconds a button spins without an answer; then the page says so. */
const PATIENCE = 30;
/** Presses that wait for their answer, answers that came before the press was known, and how many
 * presses are not known yet. */
const waiting = new Map();
const early = new Map();
let unknown = 0;

/** Takes `callback_answer` events: the answers to presses. */
export function takeAnswer(event) {
  if (event.event !== "callback_answer") return;
  const done = waiting.get(event.query_id);
  if (done) done(event);
  else if (unknown) early.set(event.query_id, event);
}

/** The buttons under a message; null for none. */
export function inlineKeyboard(message, chat) {
  const rows = message.reply_markup?.inline_keyboard;
  if (!rows?.length) return null;
  const row = (buttons) =>
    h(
      "div",
      { class: "keys-row" },
      buttons.map((button) => inlineButton(button, message, chat)),
    );
  return h("div", { class: "keys", role: "group", "aria-label": "Buttons" }, rows.map(row));
}

export function inlineButton(button, message, chat) {
  const [mark, press] = meaning(button, message, chat);
  const props = {
    type: "button",
    class: `key ${button.style ?? ""}`,
    "data-key": `${message.message_id} ${button.text}`,
    onclick: (event) => press(event.currentTarget),
  };
  return h("button", props, h("span", {}, button.text), mark && icon(mark));
}

/** The icon and the effect of an inline button: https://core.telegram.org/bots/api#inlinekeyboardbutton */
function meaning(button, message, chat) {
  const bot = state.bots.get(message.via_bot?.id ?? message.from?.id) ?? state.bots.get(chat.target);
  const inline = (query) => chat.insert(`@${bot?.username} ${query}`);
  if (button.callback_data !== undefined) {
    const data = button.callback_data;
    return [null, (node) => pressed("press", node, { data }, message, chat)];
  }
  if (button.url) return ["link", () => follow(button.url)];
  if (button.pay && message.invoice) return [null, (node) => pay(node, message, chat)];
  if (button.copy_text) return ["copy", () => copy(button.copy_text.text)];
  if (button.switch_inline_query_current_chat !== undefined) {
    return ["search", () => inline(button.switch_inline_query_current_chat)];
  }
  const other = button.switch_inline_query ?? button.switch_inline_query_chosen_chat?.query;
  if (other !== undefined)
    return ["reply", (node) => elsewhere(node, () => inline(other), bot, other)];
  if (button.web_app) return [null, () => openApp(button, message, chat)];
  if (button.callback_game) return [null, (node) => pressed("play", node, {}, message, chat)];
  return [null, () => toast(`${button.login_url ? "Logins" : "Such buttons"} are not emulated.`)];
}

/** Shows that something is awaited; gives what ends that. */
function spin(node) {
  node.classList.add("busy");
  node.setAttribute("aria-busy", "true");
  return () => {
    node.classList.remove("busy");
    node.removeAttribute("aria-busy");
  };
}

async function pay(node, message, chat) {
  if (node.classList.contains("busy")) return;
  const calm = spin(node);
  await payInvoice({ ...place(chat.target), message_id: message.message_id });
  calm();
}

/** Does a command of which the bot hears, and waits for what it answers. */
async function pressed(command, node, more, message, chat) {
  if (node.classList.contains("busy")) return;
  const calm = spin(node);
  const whispered = message.ephemeral_message_id;
  const here = { user_id: state.me, ...more };
  unknown += 1;
  const answer = whispered
    ? await act("press_ephemeral", { chat_id: chat.target, ephemeral_message_id: whispered, ...here })
    : await act(command, {
        // In a group the bot is that of the message.
        bot_id: message.via_bot?.id ?? message.from?.id,
        ...place(chat.target),
        message_id: message.message_id,
        ...here,
        ...chat.talk?.(),
      });
  unknown -= 1;
  const soon = early.get(answer?.query_id);
  if (!unknown) early.clear();
  if (!answer) return calm();
  const id = answer.query_id;
  const patience = setTimeout(() => {
    waiting.delete(id);
    calm();
    toast("The bot has not answered the press.");
  }, PATIENCE * 1000);
  const done = (event) => {
    clearTimeout(patience);
    waiting.delete(id);
    calm();
    if (event.url) follow(event.url);
    else if (event.text && event.show_alert)
      dialog("The bot says", h("p", {}, event.text), [["OK", null]]);
    else if (event.text) toast(event.text);
  };
  if (soon) done(soon);
  else waiting.set(id, done);
}

async function follow(address) {
  if (await openLink(address)) return undefined;
  const url = URL.canParse(address) ? new URL(address) : null;
  if (!["http:", "https:", "tg:"].includes(url?.protocol)) return toast(`Not opened: ${address}`);
  const visit = () => void window.open(url.href, "_blank", "noopener");
  return dialog("Open this link?", h("p", { class: "address" }, url.href), [
    ["Cancel", null],
    ["Open", visit],
  ]);
}

/** Inline mode in another chat: groups are all that the sandbox has for that. */
function elsewhere(node, here, bot, query) {
  const go = (target) => {
    open(target, state.open.length > 1);
    document.dispatchEvent(
      new CustomEvent("insert", { detail: { target, text: `@${bot.username} ${query}` } }),
    );
  };
  const groups = [...state.groups.keys()].map((id) => ["group", titleOf(id), () => go(id)]);
  menu(node, [["reply", "This chat", here], ...groups], "Choose a chat");
}

// The reply keyboard

/**
 * The keyboard that holds in a chat: that of the last message that has one, or null.
 * https://core.telegram.org/bots/api#replykeyboardmarkup
 */
export function keyboardOf(messages) {
  const found = messages.findLast(
    (one) => one.reply_markup && !one.reply_markup.inline_keyboard && isForMe(one),
  );
  return found?.reply_markup.remove_keyboard ? null : (found ?? null);
}

/** A selective keyboard is for those whom the message answers or names. */
function isForMe(message) {
  if (!message.reply_markup.selective || message.chat.type === "private") return true;
  const named = message.entities?.some((one) => one.user?.id === state.me);
  return named || message.reply_to_message?.from?.id === state.me;
}

/** Draws it into a node. `used` is called when a button was pressed. */
export function drawReplyKeyboard(node, message, chat, used) {
  const { keyboard = [] } = message.reply_markup;
  const press = (button) => async () => {
    if ((await pressReply(button, message, chat)) !== false) used();
  };
  const key = (button) =>
    h(
      "button",
      { type: "button", class: `key ${button.style ?? ""}`, onclick: press(button) },
      h("span", {}, button.text),
    );
  return fill(
    node,
    keyboard.map((row) => h("div", { class: "keys-row" }, row.map(key))),
  );
}

function pressReply(button, message, chat) {
  const me = state.users.get(state.me);
  const give = (content) => chat.send({ content });
  if (button.request_contact) {
    return give({
      contact: { phone_number: "+15550100", first_name: fullName(me), user_id: me.id },
    });
  }
  if (button.request_location) return give({ location: { latitude: 52.52, longitude: 13.405 } });
  if (button.request_managed_bot) return askForBot(button.request_managed_bot, chat);
  if (button.request_users) return askForUsers(button.request_users, give, message);
  if (button.request_chat) return askForChat(button.request_chat, give);
  if (button.web_app) {
    openApp(button, message, chat);
    return false;
  }
  if (button.request_poll) return askForPoll(button.request_poll.type, give);
  return chat.send({
    text: button.text,
    ...(chat.target < 0 ? { reply_to: message.message_id } : {}),
  });
}
