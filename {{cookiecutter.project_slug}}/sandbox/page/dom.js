/** What the page is built with: DOM nodes, never HTML in strings. */

const SVG = "http://www.w3.org/2000/svg";
const TINTS = 7;

/** Lines of the icons, in a square of 24. */
const ICONS = {
  add: "M12 5v14M5 12h14",
  attach:
    "M20 11.5 12.3 19a5 5 0 0 1-7-7L13 4.3a3.3 3.3 0 0 1 4.7 4.7l-7.7 7.6a1.7 1.7 0 0 1-2.4-2.4L14.5 7.5",
  back: "M19 12H5m6-7-7 7 7 7",
  beside: "M4 5h16v14H4zM12 5v14",
  bolt: "M13 3 5 14h6l-1 7 8-11h-6z",
  check: "M5 12.5 10 17.5 19 7.5",
  checks: "M2.5 12.5 7.5 17.5 16 7.5M12 17l.5.500L21 7.5",
  close: "M6 6l12 12M18 6 6 18",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
  down: "M6 9l6 6 6-6",
  download: "M12 4v12m-5-5 5 5 5-5M5 20h14",
  edit: "M4 20h4L19 9l-4-4L4 16zM13 7l4 4",
  file: "M6 3h8l4 4v14H6zM14 3v4h4",
  forum: "M9 4 7 20M17 4l-2 16M4 9h17M3 15h17",
  group:
    "M9 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM3 19c0-3 2.5-5 6-5s6 2 6 5M16 5.5a3 3 0 0 1 0 5.5M18 14.5c2 .7 3 2.3 3 4.5",
  keys: "M4 6h7v5H4zM13 6h7v5h-7zM4 13h7v5H4zM13 13h7v5h-7z",
  horn: "M4 10v4h3l9 5V5l-9 5zM19 9a4 4 0 0 1 0 6",
  link: "M8 16 16 8M9 8h7v7",
  more: "M12 5.500h.010M12 12h.010M12 18.500h.010",
  moon: "M20 14A8 8 0 1 1 10 4a6.5 6.5 0 0 0 10 10z",
  person: "M12 11a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4 21c0-4 3.5-6.5 8-6.5s8 2.5 8 6.5",
  photo: "M4 5h16v14H4zM4 16l5-5 4 4 3-3 4 4M15.5 9h.01",
  pin: "M9 4h6l-1 6 3 3H7l3-3zM12 13v7",
  place:
    "M12 21c4-5 7-8 7-11.5a7 7 0 0 0-14 0C5 13 8 16 12 21zM12 12a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5z",
  pulse: "M3 12h4l3-8 4 16 3-8h4",
  reply: "M10 6 4 12l6 6M4 12h9c4 0 7 2 7 6",
  search: "M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14zM16 16l5 5",
  send: "M4 12 20 4l-5 16-4-6z",
  slash: "M5 4h14v16H5zM10 16l4-8",
  star: "M12 3.500l2.600 5.400 5.900.800-4.300 4.100 1 5.900-5.200-2.800-5.200 2.800 1-5.900-4.300-4.100 5.900-.800z",
  sun: "M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM12 2v2m0 16v2M2 12h2m16 0h2M5 5l1.4 1.4M17.6 17.6 19 19M5 19l1.4-1.4M17.6 6.4 19 5",
  test: "M9 3h6M10 3v6L5 19a1.5 1.5 0 0 0 1.400 2h11.200a1.500 1.500 0 0 0 1.400-2L14 9V3M7.500 15h9",
  wait: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 7v5l3 2",
};

/**
 * An element. Names that begin with "on" are listeners, `style` is an object of CSS properties;
 * null, undefined and false leave a property or a child out.
 */
export function h(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "style")
      for (const rule of Object.entries(value)) node.style.setProperty(...rule);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...present(children));
  return node;
}

/** Replaces what is in a node. */
export function fill(node, ...children) {
  node.replaceChildren(...present(children));
  return node;
}

/** The same; who has the focus in it keeps it, if there is one with the same `data-key` again. */
export function refill(node, ...children) {
  const { key } = node.contains(document.activeElement) ? document.activeElement.dataset : {};
  fill(node, ...children);
  if (key) [...node.querySelectorAll("[data-key]")].find((one) => one.dataset.key === key)?.focus();
  return node;
}

function present(children) {
  return children.flat(Infinity).filter((child) => child || child === 0);
}

/** @param {keyof ICONS} name */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", `icon icon-${name}`);
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/** A round button with an icon; its label is what a screen reader says and a tooltip shows. */
export function iconButton(name, label, onclick, props = {}) {
  const { class: extra = "", ...rest } = props;
  const named = { type: "button", "aria-label": label, title: label, onclick };
  return h("button", { ...named, class: `round ${extra}`, ...rest }, icon(name));
}

export function textButton(label, onclick, kind = "", props = {}) {
  return h("button", { type: "button", class: `text ${kind}`, onclick, ...props }, label);
}

/** A button in a line about `what`: who hears it alone is told what it is about. */
export const lineButton = (label, what, onclick, kind = "") =>
  textButton(label, onclick, kind, {
    "aria-label": `${label}: ${what}`,
    "data-key": `${label} ${what}`,
  });

/** A disc with initials, in a colour that belongs to the id. */
export function avatar(id, name, extra = "") {
  const words = name.match(/[\p{L}\p{N}]+/gu) ?? ["?"];
  const picked = words.length > 1 ? [words[0], words.at(-1)] : words;
  // Bots that differ in a number show its end.
  const initials = /^\d\d+$/.test(words.at(-1))
    ? words.at(-1).slice(-2)
    : picked.map((word) => [...word][0].toUpperCase()).join("");
  const tint = `avatar tint-${Math.abs(id) % TINTS} ${extra}`;
  return h("span", { class: tint, "aria-hidden": "true" }, initials);
}

/** Hours and minutes of a Unix time. */
export function clock(seconds) {
  const format = { hour: "2-digit", minute: "2-digit", hour12: false };
  return new Date(seconds * 1000).toLocaleTimeString([], format);
}

/** The day of a Unix time, as people say it. */
export function day(seconds) {
  const date = new Date(seconds * 1000);
  const today = new Date();
  const ago = Math.round(
    (today.setHours(0, 0, 0, 0) - new Date(date).setHours(0, 0, 0, 0)) / 864e5,
  );
  if (ago === 0) return "Today";
  if (ago === 1) return "Yesterday";
  const year = date.getFullYear() === today.getFullYear() ? undefined : "numeric";
  return date.toLocaleDateString([], { day: "numeric", month: "long", year });
}

/** Whether the page is one screen at a time. */
export const narrow = () => matchMedia("(max-width: 720px)").matches;
