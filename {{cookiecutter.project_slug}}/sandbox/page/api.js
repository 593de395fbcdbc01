/** The control API and the stream of events: all that the page knows of the server. */

import { toast } from "./overlay.js";

const RETRY_SECONDS = 1;

/** One command of the control API. Throws an Error with the server's text. */
export async function ask(command, content = {}) {
  const response = await fetch(`/sandbox/${command}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(content),
  });
  // Not everything is answered by a command: too large a file is refused before.
  const answer = await response.json().catch(() => ({}));
  // A wait ended in vain: what was waited for is the bot.
  if (response.status === 408) throw new Error("The bot has not answered.");
  if (!response.ok) throw new Error(answer.error ?? response.statusText);
  return answer;
}

/** The same; an error becomes a toast, and the answer null. */
export async function act(command, content) {
  try {
    return await ask(command, content);
  } catch (error) {
    toast(error instanceof TypeError ? "The sandbox does not answer." : error.message, "bad");
    return null;
  }
}

export const fileUrl = (fileId) => `/sandbox/files/${encodeURIComponent(fileId)}`;

/**
 * Events for as long as the page lives. EventSource gives up for good on some errors, so every
 * error is answered with a connection of our own making.
 */
export function listen(onEvent, onAway) {
  const source = new EventSource("/sandbox/events?last=200");
  source.addEventListener("message", (message) => onEvent(JSON.parse(message.data)));
  source.addEventListener("error", () => {
    source.close();
    onAway();
    setTimeout(listen, RETRY_SECONDS * 1000, onEvent, onAway);
  });
}
