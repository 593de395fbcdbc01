/** What messages are and say, in one line: https://core.telegram.org/bots/api#message */

import { fullName, money, senderName, short } from "./names.js";

/** One line for each kind of message, by the field that makes it one. */
const KINDS = {
  live_photo: "🖼 Live photo",
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
  story: "◯ Story",
  giveaway: "🎁 Giveaway",
  giveaway_winners: "🎁 Winners of a giveaway",
  rich_message: "Rich message",
};

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
    paid_media: () => `⭐ Paid media for ${message.paid_media.star_count} ⭐`,
    checklist: () => `☑ ${message.checklist.title}`,
    rich_message: () => richWords(message.rich_message) || "Rich message",
  }[kind];
  const line = what ? what() : (KINDS[kind] ?? "Message");
  return message.caption ? `${line}, ${message.caption}` : line;
}

/** The words of a rich message, or of a part of one, without what makes them look so. */
export function richWords(part) {
  if (typeof part === "string") return part;
  if (Array.isArray(part)) return part.map(richWords).join(" ").trim();
  const { blocks, text, summary: title, items, cells } = part ?? {};
  return [title, text, blocks, items, cells].filter(Boolean).map(richWords).join(" ").trim();
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
    new_chat_photo: () => `${who} changed the photo`,
    delete_chat_photo: () => `${who} removed the photo`,
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
    channel_chat_created: () => "The channel was created",
    chat_owner_left: () => `${who}, who owned the chat, left it`,
    chat_owner_changed: ({ new_owner: owner }) => `${fullName(owner)} owns the chat now`,
    boost_added: ({ boost_count: count }) => `${who} boosted the chat ${count} times`,
    checklist_tasks_done: (done) => `${who} ${tasksDone(done)}`,
    checklist_tasks_added: ({ tasks }) => `${who} added ${tasks.map((one) => one.text).join(", ")}`,
    chat_background_set: () => `${who} changed the background`,
    connected_website: (address) => `${who} logged in to ${address}`,
    passport_data: () => `${who} sent documents of Telegram Passport`,
    proximity_alert_triggered: ({ traveler, watcher, distance }) =>
      `${fullName(traveler)} is within ${distance} m of ${fullName(watcher)}`,
    direct_message_price_changed: (price) => `Direct messages cost ${price.direct_message_star_count ?? 0} ⭐ now`,
    paid_message_price_changed: (price) => `Messages cost ${price.paid_message_star_count} ⭐ now`,
    unique_gift: ({ gift }) => `${who} gave ${gift.base_name} #${gift.number}`,
    gift_upgrade_sent: () => `${who} paid for the upgrade of a gift`,
    giveaway_created: () => `${who} began a giveaway`,
    giveaway_completed: ({ winner_count: count }) => `The giveaway is over: ${count} won`,
    poll_option_added: () => `${who} added an option to the poll`,
    poll_option_deleted: () => `${who} took an option out of the poll`,
    suggested_post_approved: () => `${who} approved the suggested post`,
    suggested_post_approval_failed: () => "The suggested post could not be approved",
    suggested_post_declined: () => `${who} declined the suggested post`,
    suggested_post_paid: () => "The suggested post is paid",
    suggested_post_refunded: () => "The suggested post is refunded",
    community_chat_added: () => `${who} added the chat to a community`,
    community_chat_removed: () => `${who} took the chat out of a community`,
    community_chat_joined: () => `${who} joined by a community`,
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
    video_chat_scheduled: ({ start_date: date }) =>
      `A video chat is to begin ${new Date(date * 1000).toLocaleString()}`,
    video_chat_participants_invited: ({ users = [] }) =>
      `${who} invited ${names(users)} to the video chat`,
    video_chat_started: () => "The video chat began",
    video_chat_ended: () => "The video chat ended",
  };
  const field = Object.keys(texts).find((name) => name in message);
  return field ? texts[field](message[field]) : null;
}

function tasksDone({ checklist_message: message, ...ids }) {
  const { tasks = [] } = message?.checklist ?? {};
  const named = (wanted = []) =>
    tasks.filter((one) => wanted.includes(one.id)).map((one) => one.text).join(", ") ||
    `${wanted.length} tasks`;
  const { marked_as_done_task_ids: done, marked_as_not_done_task_ids: undone } = ids;
  return done?.length ? `did ${named(done)}` : `did not do ${named(undone)}`;
}
