/** Rich messages as nodes: https://core.telegram.org/bots/api#richmessage */

import { h, icon } from "./dom.js";
import { block as codeBlock, link, mention, spoiler } from "./entities.js";
import { attachment, film, loop, moving, picture, sound, spot } from "./media.js";
import { inlineButton } from "./keyboard.js";
import { copy } from "./overlay.js";
import { richWords } from "./words.js";

/** Elements for texts that only look different. */
const TAGS = {
  bold: "strong",
  code: "code",
  italic: "em",
  marked: "mark",
  strikethrough: "s",
  subscript: "sub",
  superscript: "sup",
  underline: "u",
};
const HEADINGS = 6;

export function richMessage({ blocks, is_rtl: isRtl }, message, chat) {
  const made = { message, chat };
  return h("div", { class: "rich words", dir: isRtl ? "rtl" : null }, blocks.map((one) => draw(one, made)));
}

function draw(one, made) {
  const caption = one.caption && captionOf(one.caption, made);
  const node = BLOCKS[one.type]?.(one, made) ?? h("p", {}, richWords(one));
  return caption ? h("figure", {}, node, caption) : node;
}

const captionOf = (caption, made) =>
  h("figcaption", {}, text(caption.text ?? caption, made), credit(caption, made));

const credit = (one, made) => one.credit && h("cite", {}, text(one.credit, made));

const BLOCKS = {
  paragraph: (one, made) => h("p", {}, text(one.text, made)),
  heading: (one, made) =>
    h(
      "p",
      {
        class: `size-${Math.min(HEADINGS, one.size)}`,
        role: "heading",
        // Above are those of the page and of the chat.
        "aria-level": Math.min(HEADINGS, one.size + 2),
      },
      text(one.text, made),
    ),
  footer: (one, made) => h("p", { class: "footer" }, text(one.text, made)),
  thinking: (one, made) => h("p", { class: "thinking" }, text(one.text, made)),
  pre: (one, made) => codeBlock(one.language, richWords(one.text), text(one.text, made)),
  divider: () => h("hr"),
  anchor: (one) => h("a", { "data-anchor": one.name }),
  mathematical_expression: (one) => h("p", { class: "math" }, h("code", {}, one.expression)),
  blockquote: (one, made) => h("blockquote", {}, inner(one, made), credit(one, made)),
  expandable_blockquote: (one, made) =>
    h("blockquote", {}, text(one.text, made), credit(one, made)),
  pullquote: (one, made) =>
    h("blockquote", { class: "pull" }, text(one.text, made), credit(one, made)),
  details: (one, made) =>
    h(
      "details",
      { open: one.is_open },
      h("summary", {}, text(one.summary, made)),
      inner(one, made),
    ),
  list: (one, made) => h("ul", { class: "list" }, one.items.map((item) => listItem(item, made))),
  table: (one, made) => table(one, made),
  map: ({ location }) => spot(location, "Location"),
  buttons: (one, made) =>
    h(
      "div",
      { class: "keys-row", role: "group", "aria-label": "Buttons" },
      one.buttons.map((button) => keyOf(button, made)),
    ),
  photo: ({ photo }) => picture(photo.at(-1), "Photo", true),
  video: ({ video }) => film(video, { controls: true }),
  animation: ({ animation }) => moving(animation),
  audio: ({ audio }) => sound(audio, audio.title ?? audio.file_name),
  voice_note: ({ voice_note: voice }) => sound(voice, "Voice message"),
  document: ({ document: file }) => attachment(file),
  collage: (one, made) => h("div", { class: "album of-2" }, inner(one, made)),
  slideshow: (one, made) =>
    h("div", { class: "slides", tabindex: "0", role: "group", "aria-label": "Slides" }, inner(one, made)),
};

const inner = (one, made) => one.blocks.map((block) => draw(block, made));

function listItem(item, made) {
  const mark = item.has_checkbox
    ? h(
        "span",
        { class: "ring", role: "img", "aria-label": item.is_checked ? "done" : "not done" },
        item.is_checked && icon("check"),
      )
    : h("span", {}, item.label ?? (item.value ? `${item.value}.` : "•"));
  return h("li", {}, mark, h("div", {}, inner(item, made)));
}

function table(one, made) {
  const cell = (two) =>
    h(
      two.is_header ? "th" : "td",
      {
        colspan: two.colspan,
        rowspan: two.rowspan,
        style: { "text-align": two.align, "vertical-align": two.valign },
      },
      two.text && text(two.text, made),
    );
  const rows = one.cells.map((row) => h("tr", {}, row.map(cell)));
  const kind = [one.is_bordered && "bordered", one.is_striped && "striped"].filter(Boolean);
  return h(
    "div",
    { class: "table", tabindex: "0", role: "region", "aria-label": "Table" },
    h("table", { class: kind.join(" ") }, rows),
  );
}

const keyOf = (button, { message, chat }) =>
  inlineButton({ ...button, text: richWords(button.text) }, message, chat);

/** RichText: a string, a list of parts, or a part of some type. */
function text(part, made) {
  if (typeof part === "string") return part;
  if (Array.isArray(part)) return part.map((one) => text(one, made));
  const said = part.text === undefined ? [] : text(part.text, made);
  if (TAGS[part.type]) return h(TAGS[part.type], {}, said);
  return TEXTS[part.type]?.(part, said, made) ?? h("span", {}, said);
}

const TEXTS = {
  anchor: (part) => h("a", { "data-anchor": part.name }),
  bot_command: (part, said, { chat }) =>
    pressable(said, "Send", () => chat.acts.command?.(part.bot_command)),
  bank_card_number: (part, said) => pressable(said, "Copy", () => copy(part.bank_card_number)),
  button: ({ button }, _, made) => keyOf(button, made),
  custom_emoji: (part) => part.alternative_text,
  date_time: (part, said) =>
    h("time", { title: new Date(part.unix_time * 1000).toString() }, said),
  email_address: (part, said) => link(`mailto:${part.email_address}`, said),
  mathematical_expression: (part) => h("code", {}, part.expression),
  mention: (part, said) =>
    pressable(said, "Open", () => mention(`@${part.username.replace("@", "")}`)),
  phone_number: (part, said) => pressable(said, "Copy", () => copy(part.phone_number)),
  spoiler: (_, said) => spoiler([said].flat()),
  text_mention: (part, said) => h("span", { class: "link", title: `User ${part.user.id}` }, said),
  url: (part, said) => link(part.url, [said].flat()),
};

const pressable = (said, title, onclick) =>
  h("button", { type: "button", class: "link", title, onclick }, said);
