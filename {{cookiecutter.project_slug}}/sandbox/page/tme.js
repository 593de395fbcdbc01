/** Links of Telegram, https://core.telegram.org/api/links: they lead to what is here. */

import { act } from "./api.js";
import { h } from "./dom.js";
import { fullName, titleOf } from "./names.js";
import { dialog, toast } from "./overlay.js";
import { payInvoice } from "./paying.js";
import { open, state } from "./store.js";

const HOSTS = ["t.me", "telegram.me"];

/** The path and the query of a link of Telegram; null for another address. */
export function parts(address) {
  const url = URL.canParse(address) ? new URL(address) : null;
  if (!url || !HOSTS.includes(url.hostname)) return null;
  return [url.pathname.slice(1), url.searchParams];
}

/** Follows a link of Telegram. False for another address, or one that leads to nothing here. */
export async function openLink(address) {
  const [path, query] = parts(address) ?? [""];
  if (!path) return false;
  const invite = /^(?:\+|joinchat\/)(.+)$/.exec(path);
  if (invite) return join(`https://t.me/+${invite[1]}`);
  if (path.startsWith("$")) return pay(`https://t.me/${path}`);
  const wanted = path.split("/")[0].toLowerCase();
  const bot = [...state.bots.values()].find((one) => one.username.toLowerCase() === wanted);
  if (bot) return begin(bot, query);
  const chat = [...state.groups.values()].find((one) => one.username?.toLowerCase() === wanted);
  if (chat) open(chat.id, state.open.length > 1);
  return Boolean(chat);
}

/** https://core.telegram.org/bots/features#deep-linking */
function begin(bot, query) {
  if (query.has("startgroup")) return addTo(bot, query.get("startgroup"));
  open(bot.id, state.open.length > 1);
  const start = query.get("start");
  if (start !== null) {
    act("send", { bot_id: bot.id, user_id: state.me, text: `/start ${start}`.trim() });
  }
  return true;
}

function addTo(bot, start) {
  const groups = [...state.groups.values()].filter((one) => one.type !== "channel");
  if (!groups.length) return toast("There is no group yet: make one first.") ?? true;
  const options = groups.map((one) => h("option", { value: one.id }, titleOf(one.id)));
  const select = h("select", { "aria-label": "Group" }, options);
  const add = async () => {
    const chat_id = Number(select.value);
    if (!(await act("add_member", { chat_id, member_id: bot.id }))) return false;
    const text = `/start@${bot.username} ${start}`.trim();
    await act("send", { chat_id, user_id: state.me, text });
    open(chat_id);
    return true;
  };
  dialog(`Add ${bot.name} to a group`, select, [
    ["Cancel", null],
    ["Add", add],
  ]);
  return true;
}

async function join(link) {
  const seen = await act("look_at_link", { link });
  if (!seen) return true;
  const { chat, members, problem } = seen;
  const asks = seen.link.creates_join_request;
  const kind = chat.type === "channel" ? "subscriber" : "member";
  const about = `${chat.title}, a ${chat.type} with ${members} ${kind}${members === 1 ? "" : "s"}.`;
  const who = fullName(state.users.get(state.me));
  const price = seen.link.subscription_price;
  const rule = problem
    ? `Nobody can join by it: the link ${problem}.`
    : asks
      ? "An administrator has to let you in."
      : price
        ? `It costs ${price} ⭐ a month.`
        : "";
  const enter = async () => {
    const answer = await act("join", { user_id: state.me, link });
    if (!answer) return false;
    if (answer.joined) open(chat.id, state.open.length > 1);
    else toast(`${who} has asked to join ${chat.title}.`);
    return true;
  };
  const action = [asks ? "Ask to join" : `Join as ${who}`, enter];
  const actions = problem ? [["Close", null]] : [["Cancel", null], action];
  dialog("An invite", [h("p", {}, about), rule && h("small", {}, rule)], actions);
  return true;
}

function pay(link) {
  const who = fullName(state.users.get(state.me));
  dialog("Pay the invoice", h("p", {}, `${who} pays what is behind this link: ${link}`), [
    ["Cancel", null],
    ["Pay", () => void payInvoice({ link })],
  ]);
  return true;
}
