/** Checklists, which people tick: https://core.telegram.org/bots/api#checklist */

import { act } from "./api.js";
import { h, textButton } from "./dom.js";
import { formatted } from "./entities.js";
import { fullName } from "./names.js";
import { ask, field } from "./overlay.js";
import { place, state } from "./store.js";

export function checklist(list, message, chat) {
  const { title, title_entities: entities, tasks } = list;
  const side = () => ({
    ...place(chat.target),
    user_id: state.me,
    message_id: message.message_id,
    ...chat.talk?.(),
  });
  // In a talk it is the server that knows who may do it.
  const may = (right) => list[right] || chat.talk || message.from?.id === state.me;
  const whose = (task) => task.completed_by_user ?? task.completed_by_chat;
  const line = (task) => {
    const by = whose(task);
    const mark = async ({ target }) => {
      const done = await act("tick", { ...side(), task_ids: [task.id], done: target.checked });
      if (!done) target.checked = Boolean(by);
    };
    const box = h("input", {
      type: "checkbox",
      checked: Boolean(by),
      disabled: !may("others_can_mark_tasks_as_done"),
      onchange: mark,
      "data-key": `task ${message.message_id} ${task.id}`,
    });
    const text = h(
      "span",
      {},
      formatted(task.text, task.text_entities, chat.acts),
      by && h("small", {}, ` ${fullName(by)}`),
    );
    return h("li", {}, h("label", { class: by ? "task done" : "task" }, box, text));
  };
  const add = () => {
    const task = field("Task", { maxlength: 100, required: true });
    const give = async () =>
      Boolean(await act("add_tasks", { ...side(), texts: [task.input.value] }));
    return ask("Add a task", task.node, "Add", give);
  };
  return h(
    "div",
    { class: "checklist" },
    h("b", {}, formatted(title, entities, chat.acts)),
    h("ul", {}, tasks.map(line)),
    h("small", {}, `${tasks.filter(whose).length} of ${tasks.length} done`),
    may("others_can_add_tasks") &&
      textButton("Add a task", add, "", { "data-key": `add ${message.message_id}` }),
  );
}
