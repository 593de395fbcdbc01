/** What people and chats are called. */

import { state } from "./store.js";

export function fullName(user) {
  return [user?.first_name, user?.last_name].filter(Boolean).join(" ") || user?.title || "Deleted";
}

/** The name of who wrote a message. */
export function senderName(message) {
  return message.sender_chat ? message.sender_chat.title : fullName(message.from);
}

/** The name of a user or a bot. */
export function titleOfPerson(id) {
  return state.users.get(id)?.first_name ?? state.bots.get(id)?.name ?? `User ${id}`;
}

/** The last error of a webhook stays known when it works again. */
export const webhookFails = (bot) => Boolean(bot.webhook_error && bot.pending);

/** Where a bot is shut out, and how it bears that. */
export function floodText({ chat_id: chatId, refused }) {
  const name = chatId < 0 ? titleOf(chatId) : titleOfPerson(chatId);
  const where = chatId === null ? "writing to many" : `the chat ${name}`;
  return `shut out of ${where}: ${refused} ${refused === 1 ? "call" : "calls"} refused`;
}

/** How a bot gets its updates, and whether it does. */
export function modeOf(bot) {
  if (bot.revoked) return "its token is revoked";
  if (webhookFails(bot)) return `webhook fails: ${bot.webhook_error}`;
  if (bot.mode !== "idle") return bot.mode;
  const waits = bot.pending === 1 ? "1 update waits" : `${bot.pending} updates wait`;
  return bot.pending ? `not running: ${waits}` : "not running";
}

/** Title of what can be opened: a bot (its id) or a group (its id, below zero). */
export function titleOf(target) {
  if (target < 0) return state.groups.get(target)?.title ?? "Group";
  return state.bots.get(target)?.name ?? `Bot ${target}`;
}

/** An amount in the smallest units of its currency: https://core.telegram.org/bots/payments */
export function money({ total_amount: amount, currency }) {
  if (currency === "XTR") return `${amount} ⭐`;
  if (!/^[A-Z]{3}$/.test(currency)) return `${amount} ${currency}`;
  const format = new Intl.NumberFormat([], { style: "currency", currency });
  return format.format(amount / 10 ** format.resolvedOptions().maximumFractionDigits);
}

/** At most so many characters. */
export function short(text, length = 60) {
  const letters = [...text];
  return letters.length > length ? `${letters.slice(0, length - 1).join("")}…` : text;
}
