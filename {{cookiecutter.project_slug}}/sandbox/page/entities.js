/** Formatted text as nodes: https://core.telegram.org/bots/api#messageentity. */

import { h, iconButton } from "./dom.js";
import { copy, toast } from "./overlay.js";
import { openLink, parts } from "./tme.js";

const SAFE = ["http:", "https:", "tg:", "mailto:"];
const BLOCKS = ["pre", "blockquote", "expandable_blockquote"];
const TAGS = { bold: "strong", italic: "em", underline: "u", strikethrough: "s" };

/**
 * Offsets count UTF-16 code units, as JavaScript's strings do. Entities may hold each other.
 *
 * `acts` may have `command(text)`.
 */
export function formatted(text, entities = [], acts = {}) {
  const order = (a, b) => a.offset - b.offset || b.length - a.length;
  return build(text, 0, text.length, [...entities].sort(order), acts);
}

/** Takes from `entities` those that begin before `end`. */
function build(text, start, end, entities, acts) {
  const nodes = [];
  let at = start;
  while (entities.length && entities[0].offset < end) {
    const entity = entities.shift();
    const from = Math.max(entity.offset, at);
    const to = Math.min(entity.offset + entity.length, end);
    if (to <= from) continue;
    // A block stands in lines of its own: the line breaks beside it are not shown.
    const isBlock = BLOCKS.includes(entity.type);
    nodes.push(isBlock ? text.slice(at, from).replace(/\n$/, "") : text.slice(at, from));
    nodes.push(wrap(entity, text.slice(from, to), build(text, from, to, entities, acts), acts));
    at = isBlock && text[to] === "\n" ? to + 1 : to;
  }
  nodes.push(text.slice(at, end));
  return nodes.filter((node) => node !== "");
}

function wrap(entity, text, inner, acts) {
  const { type } = entity;
  if (TAGS[type]) return h(TAGS[type], {}, inner);
  const makers = {
    code: () => pressable("code", "code", () => copy(text), inner, "Copy"),
    pre: () => block(entity.language, text, inner),
    spoiler: () => spoiler(inner),
    blockquote: () => h("blockquote", {}, inner),
    expandable_blockquote: () => expandable(inner),
    url: () => link(/^[a-z][a-z\d+.-]*:/i.test(text) ? text : `http://${text}`, inner),
    text_link: () => link(entity.url, inner),
    email: () => link(`mailto:${text}`, inner),
    phone_number: () => pressable("span", "link", () => copy(text), inner, "Copy"),
    hashtag: () => h("span", { class: "link" }, inner),
    cashtag: () => h("span", { class: "link" }, inner),
    bot_command: () => pressable("span", "link", () => acts.command?.(text), inner, "Send"),
    mention: () => pressable("span", "link", () => mention(text), inner),
    text_mention: () => h("span", { class: "link", title: `User ${entity.user.id}` }, inner),
    custom_emoji: () => h("span", { title: `Custom emoji ${entity.custom_emoji_id}` }, inner),
    date_time: () => h("span", { title: new Date(entity.unix_time * 1000).toString() }, inner),
  };
  return makers[type]?.() ?? h("span", {}, inner);
}

export function link(address, inner) {
  const url = URL.canParse(address) ? new URL(address) : null;
  if (!url || !SAFE.includes(url.protocol)) return h("span", { title: address }, inner);
  const attributes = { target: "_blank", rel: "noopener noreferrer", title: url.href };
  const onclick = async (event) => {
    if (!parts(url.href)) return;
    event.preventDefault();
    if (!(await openLink(url.href))) toast(`Nothing here has the link ${url.href}`);
  };
  return h("a", { href: url.href, ...attributes, onclick }, inner);
}

/** Goes to whom a text names. */
export async function mention(name) {
  const known = await openLink(`https://t.me/${name.slice(1)}`);
  if (!known) toast(`Nobody here is called ${name}.`);
}

/** Something in a text that can be pressed, by mouse or key. */
function pressable(tag, kind, press, inner, title) {
  const onkeydown = (event) => event.key === "Enter" && press(event);
  return h(
    tag,
    { class: kind, role: "button", tabindex: "0", title, onclick: press, onkeydown },
    inner,
  );
}

export function spoiler(inner) {
  const show = (event) => {
    event.currentTarget.classList.add("shown");
    event.currentTarget.removeAttribute("aria-label");
  };
  const node = pressable("span", "spoiler", show, inner);
  node.setAttribute("aria-label", "Hidden text: press to show");
  return node;
}

export function block(language, text, inner) {
  const head = h("figcaption", {}, language ?? "code");
  head.append(iconButton("copy", "Copy the code", () => copy(text)));
  return h("figure", { class: "pre" }, head, h("pre", {}, inner));
}

export function expandable(inner) {
  const toggle = (event) => event.currentTarget.classList.toggle("open");
  return h("blockquote", { class: "expandable", tabindex: "0", onclick: toggle }, inner);
}

/** JSON with colours, for people. */
export function prettyJson(value) {
  const text = JSON.stringify(value, null, 2) ?? "null";
  const token = /("(?:\\.|[^"\\])*")(\s*:)?|\b(true|false|null)\b|-?\d[\d.eE+-]*/g;
  const nodes = [];
  let at = 0;
  for (const found of text.matchAll(token)) {
    const [whole, string, colon, word] = found;
    const kind = colon ? "key" : string ? "string" : word ? "word" : "number";
    const shown = colon ? string : whole;
    nodes.push(text.slice(at, found.index), h("span", { class: `json-${kind}` }, shown));
    at = found.index + shown.length;
  }
  return h("pre", { class: "json", tabindex: "0" }, nodes, text.slice(at));
}
