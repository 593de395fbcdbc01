/** What people, chats and messages are called. */

import { state } from "./store.js";

/** One line for each kind of message, by the field that makes it one. */
const KINDS = {
  animation: "🎞 GIF",
  photo: "🖼 Photo",
  video: "🎬 Video",
  video_note: "📹 Video message",
  voice: "🎤 Voice message",
  audio: "🎵 Audio",
  sticker: "Sticker",
  document: "📎 File",
  contact: "👤 Contact",
  venue: "📍 Place",
  location: "📍 Location",
  poll: "📊 Poll",
  dice: "Dice",
  game: "🎮 Game",
  invoice: "🧾 Invoice",
  paid_media: "⭐ Paid media",
  checklist: "☑ Checklist",
  story: "Story",
};

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

/** The field that makes a message what it is: "photo", "text"; null for what is not known. */
export function kindOf(message) {
  if (message.text !== undefined) return "text";
  return Object.keys(KINDS).find((kind) => kind in message) ?? null;
}

/** The text of a message or its caption. */
export const wordsOf = (message) => message.text ?? message.caption;

/** A message in one line. */
export function summary(message) {
  const service = serviceText(message);
  if (service) return service;
  if (message.text !== undefined) return message.text;
  const kind = kindOf(message);
  const what = {
    dice: () => `${message.dice.emoji} ${message.dice.value}`,
    poll: () => `📊 ${message.poll.question}`,
    sticker: () => `${message.sticker.emoji ?? ""} Sticker`.trim(),
    document: () => `📎 ${message.document.file_name ?? "File"}`,
    venue: () => `📍 ${message.venue.title}`,
  }[kind];
  const line = what ? what() : (KINDS[kind] ?? "Message");
  return message.caption ? `${line}, ${message.caption}` : line;
}

/** What a service message says; null for a message that is none. */
export function serviceText(message) {
  const who = senderName(message);
  const names = (users) => users.map((user) => fullName(user)).join(", ");
  const texts = {
    new_chat_members: (users) =>
      users.length === 1 && users[0].id === message.from?.id
        ? `${who} joined the group`
        : `${who} added ${names(users)}`,
    left_chat_member: (user) =>
      user.id === message.from?.id ? `${who} left the group` : `${who} removed ${fullName(user)}`,
    new_chat_title: (title) => `${who} changed the title to “${title}”`,
    new_chat_photo: () => `${who} changed the group's photo`,
    delete_chat_photo: () => `${who} removed the group's photo`,
    group_chat_created: () => `${who} created the group “${message.chat.title}”`,
    supergroup_chat_created: () => `${who} created the group “${message.chat.title}”`,
    pinned_message: (pinned) => `${who} pinned “${short(summary(pinned))}”`,
    migrate_to_chat_id: () => "The group became a supergroup",
    migrate_from_chat_id: () => "The group was a basic group before",
    message_auto_delete_timer_changed: (timer) =>
      `${who} set messages to disappear after ${timer.message_auto_delete_time} s`,
    users_shared: ({ users }) =>
      `${who} shared ${users.length === 1 ? "somebody" : `${users.length} people`}`,
    user_shared: () => `${who} shared somebody`,
    chat_shared: () => `${who} shared a chat`,
    managed_bot_created: (made) => `${who} created the bot ${fullName(made.bot)}`,
    write_access_allowed: () => `${who} allowed the bot to write`,
    successful_payment: (paid) => `${who} paid ${money(paid)}`,
    refunded_payment: (paid) => `Refunded: ${money(paid)}`,
    web_app_data: (data) => `${who} sent data with “${data.button_text}”`,
    gift: ({ gift, text }) =>
      `${who} sent a gift for ${gift.star_count} ⭐${text ? `: “${text}”` : ""}`,
    forum_topic_created: (topic) => `The topic “${topic.name}” was created`,
    forum_topic_edited: (topic) =>
      topic.name ? `${who} renamed the topic to “${topic.name}”` : `${who} changed the topic's icon`,
    general_forum_topic_hidden: () => `${who} hid the general topic`,
    general_forum_topic_unhidden: () => `${who} showed the general topic`,
    forum_topic_closed: () => `${who} closed the topic`,
    forum_topic_reopened: () => `${who} opened the topic again`,
    video_chat_started: () => "The video chat began",
    video_chat_ended: () => "The video chat ended",
  };
  const field = Object.keys(texts).find((name) => name in message);
  return field ? texts[field](message[field]) : null;
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
