/** Save as test: what happened in a chat, as code for the pytest plugin. */

import { act } from "./api.js";
import { h } from "./dom.js";
import { titleOf } from "./names.js";
import { copy, dialog } from "./overlay.js";
import { place } from "./store.js";

/** Shows the test of a chat, from a message on or from the beginning. */
export async function saveAsTest(target, since = 0) {
  const answer = await act("save_as_test", { ...place(target), since });
  if (!answer) return;
  const about =
    "A test that does what was done here and expects what was answered. It belongs into " +
    "tests/bot/, and passes when the bot answers the same again.";
  const code = h("pre", { class: "code", tabindex: "0", "aria-label": "The test" }, answer.code);
  const stay = (run) => () => {
    run();
    return false;
  };
  dialog(
    `${titleOf(target)} as a test`,
    [h("p", { class: "hint" }, about), code],
    [
      ["Close", null],
      ["Download", stay(() => download(answer.code))],
      ["Copy", stay(() => copy(answer.code))],
    ],
  );
}

function download(code) {
  const name = /async def (test_\w+)/.exec(code)[1];
  const href = URL.createObjectURL(new Blob([code], { type: "text/x-python" }));
  h("a", { href, download: `${name}.py` }).click();
  URL.revokeObjectURL(href);
}
