/** What lies above the page: toasts, dialogs, menus. */

import { fill, h, icon, textButton } from "./dom.js";

const TOAST_SECONDS = 4;

/** A line that goes away by itself. */
export function toast(text, kind = "") {
  const node = h("div", { class: `toast ${kind}` }, text);
  const toasts = document.getElementById("toasts");
  toasts.append(node);
  // What is shown last is above all: above a dialog, too.
  toasts.hidePopover();
  toasts.showPopover();
  setTimeout(() => node.remove(), TOAST_SECONDS * 1000);
}

/** Puts text into the clipboard and says so. */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // A page without https, other than on localhost, has no clipboard: the old way.
    const area = h("textarea", { class: "unseen" });
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  toast("Copied");
}

/**
 * A dialog; Esc closes it. `actions` are [label, what to do] with the chief one at the end: it may
 * return false to keep the dialog open, and Enter does it, too.
 */
export function dialog(title, content, actions = []) {
  const run = async (act) => {
    if ((await act?.()) !== false) node.close();
  };
  const buttons = actions.map(([label, act], index) =>
    index === actions.length - 1
      ? h("button", { class: "text chief" }, label)
      : textButton(label, () => run(act)),
  );
  const form = h(
    "form",
    {
      onsubmit(event) {
        event.preventDefault();
        run(actions.at(-1)?.[1]);
      },
    },
    h("h2", {}, title),
    h("div", { class: "content" }, content),
    h("div", { class: "actions" }, buttons),
  );
  const before = document.activeElement;
  const onclose = () => {
    node.remove();
    // The browser gives the focus back, unless what had it was drawn anew meanwhile.
    if (before.isConnected || !before.dataset.key) return;
    const again = [...document.querySelectorAll("[data-key]")];
    again.find((one) => one.dataset.key === before.dataset.key)?.focus();
  };
  const node = h("dialog", { "aria-label": title, onclose }, form);
  node.addEventListener("click", (event) => event.target === node && node.close());
  document.body.append(node);
  node.showModal();
  node.querySelector("input:not([type=checkbox])")?.focus();
  return node;
}

/** A dialog whose chief action gives a value, or false to go on; false when it was left. */
export function ask(title, nodes, label, act) {
  return new Promise((resolve) => {
    const run = async () => {
      const value = (await act()) ?? true;
      if (value !== false) resolve(value);
      return value;
    };
    const node = dialog(title, nodes, [
      ["Cancel", null],
      [label, run],
    ]);
    node.addEventListener("close", () => resolve(false));
  });
}

/** A line to type into, with its label. */
export function field(label, props = {}) {
  const input = h("input", { type: "text", autocomplete: "off", ...props });
  return { input, node: h("label", { class: "field" }, h("span", {}, label), input) };
}

/** A box to tick. */
export function tick(label, value, props = {}) {
  return h("label", { class: "tick" }, h("input", { type: "checkbox", value, ...props }), label);
}

/**
 * A menu at a button or at the pointer. Items are [icon, label, what to do]; nodes stand as they
 * are. Arrows move, Esc closes.
 */
export function menu(at, items, label = "Menu") {
  document.getElementById("menu")?.remove();
  const entry = (item) =>
    item instanceof Node
      ? item
      : h("button", { type: "button", role: "menuitem", onclick: () => choose(item[2]) }, icon(item[0]), item[1]);
  const node = h("div", { id: "menu", role: "menu", "aria-label": label, popover: "auto" });
  fill(node, items.filter(Boolean).map(entry));
  const before = document.activeElement;
  /** The focus is back where it was before a dialog takes it, which gives it back, too. */
  const choose = (act) => {
    node.hidePopover();
    before?.focus();
    act();
  };
  node.addEventListener("click", () => node.hidePopover());
  node.addEventListener("toggle", (event) => {
    if (event.newState !== "closed") return;
    if (node.contains(document.activeElement)) before?.focus();
    node.remove();
  });
  node.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const buttons = [...node.querySelectorAll("button")];
    const next = buttons.indexOf(document.activeElement) + step;
    buttons.at(next % buttons.length)?.focus();
  });
  document.body.append(node);
  node.showPopover();
  place(node, at);
  node.querySelector("[role=menuitem]")?.focus();
}

function place(node, at) {
  const box = at instanceof Element ? at.getBoundingClientRect() : null;
  const [x, y] = box ? [box.left, box.bottom + 4] : [at.clientX, at.clientY];
  const size = node.getBoundingClientRect();
  const above = box ? box.top - size.height - 4 : y - size.height;
  const top = y + size.height > innerHeight - 8 ? Math.max(8, above) : y;
  node.style.left = `${Math.max(8, Math.min(x, innerWidth - size.width - 8))}px`;
  node.style.top = `${top}px`;
}
