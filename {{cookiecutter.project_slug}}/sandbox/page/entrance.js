/** Who may write in a group or channel, and what those press who may not. */

import { act } from "./api.js";
import { askForLink } from "./newchat.js";
import { toast } from "./overlay.js";
import { hasRight, isChannel, isThere, roleIn, state } from "./store.js";
import { topicOf } from "./topics.js";

/** Why the user of the page cannot write, and each [what to press, what that does]; or null. */
export function groupObstacle(target) {
  const group = state.groups.get(target);
  const me = roleIn(target);
  const what = isChannel(target) ? "channel" : "group";
  if (me.status === "kicked") return [`You are banned from this ${what}.`];
  if (!isThere(me)) {
    const joining = group.username
      ? () => act("join", { chat_id: target, user_id: state.me })
      : () => act("add_member", { chat_id: target, member_id: state.me });
    const acts = [["Join", joining], ...(group.username ? [] : [["By a link…", askForLink]])];
    return [`You are not in this ${what}.`, ...acts];
  }
  if (isChannel(target) && !hasRight(me, "can_post_messages")) {
    return ["Administrators post here.", ["Leave", () => leave(target)]];
  }
  if (topicOf(target)?.closed && !hasRight(me, "can_manage_topics")) {
    return ["This topic is closed."];
  }
  return null;
}

async function leave(target) {
  const left = await act("remove_member", { chat_id: target, member_id: state.me });
  if (left) toast(`You have left ${left.title}.`);
}

/** The bot that a text in a group calls though it is not there, and what it is told; or null.
 * https://core.telegram.org/bots/api#answerguestquery */
export function summoned(target, text) {
  const called = target < 0 && !isChannel(target) && /^@(\w+)\s+([^]+)$/.exec(text ?? "");
  if (!called) return null;
  const name = called[1].toLowerCase();
  const bot = [...state.bots.values()].find((one) => one.username.toLowerCase() === name);
  const isGuest = bot && !isThere(roleIn(target, bot.id));
  return isGuest ? { bot_id: bot.id, text: called[2] } : null;
}
