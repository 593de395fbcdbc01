/** The topics of a forum, above its messages: which of them is read, and written in. */

import { act } from "./api.js";
import { h, iconButton, refill } from "./dom.js";
import { dialog, field, menu } from "./overlay.js";
import { hasRight, roleIn, state, touch } from "./store.js";

/** https://core.telegram.org/bots/api#forumtopic: that which every forum has. */
const GENERAL = 1;

/** The topic that is read, or null: all of them, or one that was deleted. */
export function topicOf(target) {
  const chosen = state.topics.get(target);
  const topics = state.groups.get(target)?.topics ?? [];
  return topics.find((one) => one.message_thread_id === chosen) ?? null;
}

export const threadOf = (message) =>
  message.is_topic_message ? message.message_thread_id : GENERAL;

/** What a topic is called in which a message is. */
export function topicName(target, message) {
  const topics = state.groups.get(target)?.topics ?? [];
  return topics.find((one) => one.message_thread_id === threadOf(message))?.name;
}

export function createTopics(target) {
  const node = h("div", { class: "topics", role: "group", "aria-label": "Topics", hidden: true });
  let drawn = "";

  function choose(id) {
    state.topics.set(target, id);
    touch(`${target}`);
  }

  const chip = (id, name, closed) =>
    h(
      "button",
      {
        type: "button",
        class: `topic ${closed ? "closed" : ""}`,
        "aria-pressed": String((topicOf(target)?.message_thread_id ?? null) === id),
        title: closed ? "closed" : null,
        "data-key": `topic ${id}`,
        onclick: () => choose(id),
      },
      name,
    );

  function add() {
    askForName("New topic", "", async (name) => {
      const args = { chat_id: target, user_id: state.me, name };
      const made = await act("create_topic", args);
      if (made) choose(made.message_thread_id);
      return Boolean(made);
    });
  }

  function change(topic) {
    const args = { chat_id: target, user_id: state.me, thread_id: topic.message_thread_id };
    const rename = () =>
      askForName("Rename the topic", topic.name, async (name) =>
        Boolean(await act("change_topic", { ...args, name })),
      );
    const turn = () => act("change_topic", { ...args, closed: !topic.closed });
    const at = node.querySelector("[data-key=change]");
    menu(
      at,
      [
        ["edit", "Rename", rename],
        topic.closed ? ["check", "Open it again", turn] : ["close", "Close", turn],
      ],
      "Topic",
    );
  }

  function draw() {
    const { topics = [] } = state.groups.get(target) ?? {};
    node.hidden = !topics.length;
    const topic = topicOf(target);
    const leads = hasRight(roleIn(target), "can_manage_topics");
    const signature = JSON.stringify([topics, topic, leads]);
    if (signature === drawn) return;
    drawn = signature;
    const shown = topics.filter((one) => !one.hidden || leads);
    refill(
      node,
      chip(null, "All"),
      shown.map((one) => chip(one.message_thread_id, one.name, one.closed)),
      topic &&
        leads &&
        iconButton("more", `Change ${topic.name}`, () => change(topic), { "data-key": "change" }),
      iconButton("add", "New topic", add, { "data-key": "add" }),
    );
  }

  return { node, draw };
}

function askForName(title, value, use) {
  const name = field("Name", { required: true, maxlength: 128, value });
  dialog(title, name.node, [
    ["Cancel", null],
    ["Save", () => use(name.input.value.trim())],
  ]);
}
