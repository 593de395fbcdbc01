/** Mini Apps in a frame: https://core.telegram.org/bots/webapps */

import { act } from "./api.js";
import { h } from "./dom.js";
import { dialog } from "./overlay.js";
import { state } from "./store.js";

/** What an app may do; it is of another origin, so that its storage is its own. */
const MAY = "allow-scripts allow-same-origin allow-forms allow-popups allow-modals";

/** Opens the app behind a button, and does what it asks of a client of Telegram. */
export async function openApp(button, message, chat) {
  const where = {
    bot_id: chat.target,
    user_id: state.me,
    message_id: message.message_id,
    button: button.text,
  };
  const opened = await act("open_app", where);
  if (!opened) return;
  const frame = h("iframe", { class: "app", title: button.text, src: opened.url, sandbox: MAY });
  const node = dialog(button.text, frame, [["Close", null]]);
  const hear = async ({ source, data }) => {
    if (source !== frame.contentWindow) return;
    const [type, content] = asked(data);
    if (type === "web_app_data_send") await act("send_app_data", { ...where, data: content.data });
    if (["web_app_data_send", "web_app_close"].includes(type)) node.close();
  };
  addEventListener("message", hear);
  node.addEventListener("close", () => removeEventListener("message", hear));
}

/** What telegram-web-app.js tells the client: a type and what belongs to it. */
function asked(data) {
  try {
    const { eventType, eventData } = JSON.parse(data);
    return [eventType, eventData ?? {}];
  } catch {
    return ["", {}];
  }
}
