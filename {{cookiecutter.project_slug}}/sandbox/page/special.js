/** What messages hold besides words and files: paid media, games, stories, giveaways. */

import { act, fileUrl } from "./api.js";
import { h, icon } from "./dom.js";
import { formatted } from "./entities.js";
import { card, film, picture } from "./media.js";
import { fullName } from "./names.js";
import { chatOf, keyOf, place, state } from "./store.js";

export const livePhoto = (photo) =>
  h(
    "div",
    { class: "live", title: "A live photo" },
    film(photo, { controls: true, poster: photo.photo && fileUrl(photo.photo.at(-1).file_id) }),
    h("span", { class: "badge" }, "LIVE"),
  );

export function game({ title, description, text, text_entities: entities, photo }, chat) {
  return h(
    "div",
    { class: "game" },
    photo?.length > 0 && picture(photo.at(-1), title),
    card("bolt", title, description || "Game"),
    text && h("p", {}, formatted(text, entities, chat.acts)),
  );
}

/** Hidden until it is bought: https://core.telegram.org/bots/api#paidmediainfo */
export function paidMedia({ star_count: price, paid_media: items }, message, chat) {
  const buyers = chatOf(keyOf(chat.target)).buyers.get(message.message_id) ?? [];
  const bought = buyers.includes(state.me);
  const buy = () =>
    act("buy_media", { ...place(chat.target), user_id: state.me, message_id: message.message_id });
  const shown = items.map(({ type, ...one }) => {
    if (type === "photo") return picture(one.photo.at(-1), "Photo", bought);
    if (type === "video") return film(one.video, bought ? { controls: true } : {});
    return type === "live_photo" ? livePhoto(one.live_photo) : null;
  });
  const media = h("div", { class: items.length > 1 ? "album of-2" : "single" }, shown);
  if (bought) return h("div", { class: "paid" }, media, h("small", {}, `Bought for ${price} ⭐`));
  return h(
    "div",
    { class: "paid shut-off" },
    h("div", { class: "covered", "aria-hidden": "true" }, media),
    h(
      "button",
      { type: "button", class: "unlock", onclick: buy },
      icon("star"),
      `Unlock for ${price} ⭐`,
    ),
  );
}

export const story = ({ chat, id }) =>
  card("photo", `A story of ${fullName(chat)}`, `number ${id}`);

const prizeOf = (one) =>
  one.prize_star_count
    ? `${one.prize_star_count} ⭐`
    : one.premium_subscription_month_count
      ? `Telegram Premium for ${one.premium_subscription_month_count} months`
      : (one.prize_description ?? "a prize");

export function giveaway(one) {
  const until = new Date(one.winners_selection_date * 1000).toLocaleString();
  const chats = one.chats.map(fullName).join(", ");
  return card("star", `${one.winner_count} win ${prizeOf(one)}`, `in ${chats}, until ${until}`);
}

export const winners = (one) =>
  card("star", `${one.winner_count} won ${prizeOf(one)}`, one.winners.map(fullName).join(", "));
