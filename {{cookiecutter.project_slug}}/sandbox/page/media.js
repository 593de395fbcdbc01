/** Pictures, films, sounds, files and places, wherever a message has them. */

import { fileUrl } from "./api.js";
import { h, icon } from "./dom.js";
import { copy } from "./overlay.js";

const MOST_PIXELS = 400;

const sized = (file) => {
  const width = file.width || MOST_PIXELS;
  const height = file.height || MOST_PIXELS;
  return { width, height: Math.min(height, width * 2), class: "media" };
};

export function picture(file, alt, zoom = false) {
  const image = h("img", { src: fileUrl(file.file_id), alt, ...sized(file) });
  if (!zoom) return image;
  const link = {
    href: fileUrl(file.file_id),
    target: "_blank",
    rel: "noopener",
    title: "Open the picture",
  };
  return h("a", link, image);
}

export const film = (file, props) =>
  h("video", {
    src: fileUrl(file.file_id),
    preload: "metadata",
    playsinline: true,
    ...sized(file),
    ...props,
  });

export const loop = (kind) => ({ autoplay: true, loop: true, muted: true, class: kind });

/** A GIF is a picture to a browser; what Telegram made of it is a film. */
export const moving = (file) =>
  file.mime_type?.startsWith("image/") ? picture(file, "GIF") : film(file, loop("media"));

export function sticker(file) {
  if (file.is_animated)
    return h("div", { class: "dice", title: "An animated sticker" }, file.emoji ?? "🩵");
  return h("img", {
    src: fileUrl(file.file_id),
    alt: `Sticker ${file.emoji ?? ""}`,
    class: "sticker",
  });
}

export function covered(media, message) {
  if (!message.has_media_spoiler) return media;
  const uncover = (event) => {
    if (!event.currentTarget.classList.contains("covered")) return;
    event.preventDefault();
    event.currentTarget.classList.remove("covered");
  };
  return h("div", { class: "covered", title: "Hidden: press to show", onclick: uncover }, media);
}

export function sound(file, title) {
  const player = h("audio", { src: fileUrl(file.file_id), controls: true, preload: "none" });
  return h("div", { class: "sound" }, h("b", {}, title), player);
}

export function attachment(file) {
  const name = file.file_name ?? "file";
  const link = { href: fileUrl(file.file_id), download: name, class: "card", title: "Download" };
  return h(
    "a",
    link,
    h("span", { class: "disc" }, icon("download")),
    lines(name, bytes(file.file_size)),
  );
}

export function bytes(size = 0) {
  const units = ["B", "KB", "MB", "GB"];
  const power = Math.min(3, Math.floor(Math.log2(Math.max(1, size)) / 10));
  return `${Number((size / 1024 ** power).toFixed(1))} ${units[power]}`;
}

export const lines = (title, about) =>
  h("span", { class: "lines" }, h("b", {}, title), h("small", {}, about));

export const card = (name, title, about, onclick) =>
  h(
    onclick ? "button" : "div",
    { class: "card", onclick, type: onclick && "button" },
    h("span", { class: "disc" }, icon(name)),
    lines(title, about),
  );

export function spot(where, title, about) {
  const at = `${where.latitude.toFixed(5)}, ${where.longitude.toFixed(5)}`;
  const map = h("div", { class: "map" }, icon("place"));
  return h(
    "div",
    { class: "spot" },
    map,
    card("copy", title, about ?? at, () => copy(at)),
  );
}
