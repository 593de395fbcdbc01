/** A poll that the user of the page makes: https://core.telegram.org/bots/api#poll */

import { h } from "./dom.js";
import { ask, field, tick, toast } from "./overlay.js";

const MOST_OPTIONS = 12;

/** Asks for a poll, or for one of this type alone, and gives it as the content of a message. False when it was left. */
export function askForPoll(type, give) {
  const question = field("Question", { maxlength: 300, required: true });
  const options = h("div", { class: "ticks" });
  const inputs = [];
  const right = h("select", { "aria-label": "The right answer" });
  const add = () => {
    const number = inputs.length + 1;
    // The next one comes when somebody writes into the last one.
    const oninput = () => number === inputs.length && number < MOST_OPTIONS && add();
    const { input, node } = field(`Option ${number}`, { maxlength: 100, oninput });
    inputs.push(input);
    options.append(node);
    right.append(h("option", { value: number - 1 }, `Option ${number}`));
  };
  add();
  add();
  const anonymous = tick("Anonymous", "", { checked: true });
  const several = tick("Several answers", "", { disabled: type === "quiz" });
  const quiz = tick("Quiz, with one right answer", "", {
    checked: type === "quiz",
    disabled: Boolean(type),
    onchange: () => draw(),
  });
  const answer = h("label", { class: "field" }, h("span", {}, "The right answer"), right);
  const ticked = (label) => label.firstChild.checked;
  function draw() {
    answer.hidden = !ticked(quiz);
    several.hidden = ticked(quiz);
  }
  function send() {
    const texts = inputs.map((one) => one.value.trim());
    const given = texts.filter(Boolean);
    const chosen = texts[right.value];
    if (!given.length || (ticked(quiz) && !chosen)) {
      return toast(given.length ? "The right answer is empty." : "A poll has options.") ?? false;
    }
    const about = ticked(quiz)
      ? { type: "quiz", correct_option_ids: [given.indexOf(chosen)] }
      : { type: "regular", allows_multiple_answers: ticked(several) };
    return give({
      poll: {
        question: question.input.value,
        options: given.map((text) => ({ text })),
        is_anonymous: ticked(anonymous),
        ...about,
      },
    });
  }
  draw();
  return ask("A poll", [question.node, options, quiz, answer, several, anonymous], "Send", send);
}
