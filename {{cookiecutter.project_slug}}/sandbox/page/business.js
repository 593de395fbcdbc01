/** The business account of the user of the page, for which a bot acts, and its customers:
 * https://core.telegram.org/bots/features#bots-for-business */

import { act } from "./api.js";
import { content } from "./content.js";
import { clock, h, lineButton, refill, textButton } from "./dom.js";
import { inlineKeyboard } from "./keyboard.js";
import { fullName } from "./names.js";
import { dialog, field, tick } from "./overlay.js";
import { on, state } from "./store.js";
import { wordsOf } from "./words.js";

/** https://core.telegram.org/bots/api#businessbotrights */
const RIGHTS = {
  can_reply: "answer",
  can_read_messages: "mark as read",
  can_delete_sent_messages: "delete what it sent",
  can_delete_all_messages: "delete everything",
  can_edit_name: "change the name",
  can_edit_bio: "change the bio",
  can_edit_profile_photo: "change the photo",
  can_edit_username: "change the username",
  can_view_gifts_and_stars: "see gifts and Stars",
  can_change_gift_settings: "change gift settings",
  can_convert_gifts_to_stars: "turn gifts into Stars",
  can_transfer_and_upgrade_gifts: "pass gifts on",
  can_transfer_stars: "take Stars",
  can_manage_stories: "post stories",
};

const connections = async (botId) =>
  ((await act("businesses")) ?? []).filter(
    (one) => one.bot_id === botId && one.user.id === state.me,
  );

/** What is connected to a bot, or the way to connect it. */
export async function showBusiness(botId) {
  const [connection] = await connections(botId);
  if (connection) showTalks(botId, connection);
  else connect(botId);
}

function connect(botId) {
  const boxes = Object.entries(RIGHTS).map(([right, label]) => tick(label, right, { checked: true }));
  const who = fullName(state.users.get(state.me));
  const about = `${who} has a business account, and lets the bot act for it. It may:`;
  const run = async () => {
    const ticked = boxes.map((box) => box.firstChild).filter((box) => box.checked);
    const rights = ticked.map((box) => box.value);
    const made = await act("connect_business", { bot_id: botId, user_id: state.me, rights });
    if (made) showBusiness(botId);
    return Boolean(made);
  };
  dialog("A business account", [h("p", {}, about), h("div", { class: "ticks" }, boxes)], [
    ["Cancel", null],
    ["Connect", run],
  ]);
}

/** Customers, and what they and the owner say to each other. */
function showTalks(botId, { id, user: owner, talks, stars }) {
  const others = [...state.users.values()].filter((one) => one.id !== owner.id && one.first_name);
  const spoken = others.find((one) => talks.includes(one.id)) ?? others[0];
  const options = others.map((one) =>
    h("option", { value: one.id, selected: one === spoken }, fullName(one)),
  );
  const customer = h("select", { "aria-label": "Customer", onchange: () => draw() }, options);
  const log = h("div", { class: "talk", role: "log", tabindex: "0", "aria-label": "Messages" });
  const text = field("Message", { maxlength: 4096, placeholder: "Are you open?" });
  const asOwner = tick(`as ${fullName(owner)}, the owner`, "owner");
  const acts = h("div", { class: "chips" });
  const where = () => ({ connection_id: id, user_id: Number(customer.value) });
  const byOwner = () => asOwner.firstChild.checked;
  /** The side of a message: in this talk it is the customer or the owner who presses a button. */
  const side = {
    target: botId,
    acts: {},
    insert: (words) => (text.input.value = words),
    talk: () => {
      const { connection_id, user_id: chat_id } = where();
      return { connection_id, chat_id, user_id: byOwner() ? owner.id : chat_id };
    },
  };
  const begun = new Set(talks);
  let watched = null;

  async function write() {
    const said = text.input.value.trim();
    if (!said) return false;
    const sent = await act("write_business", { ...where(), text: said, by_owner: byOwner() });
    if (!sent) return false;
    begun.add(where().user_id);
    text.input.value = "";
    draw();
    return false;
  }

  function line(message) {
    const { message_id } = message;
    const name = fullName(message.from);
    const remove = async () => {
      await act("delete_business", { ...where(), message_ids: [message_id] });
      draw();
    };
    const edit = () => {
      const changed = field("Message", { value: wordsOf(message), maxlength: 4096 });
      const save = async () => {
        const done = await act("edit_business", {
          ...where(),
          message_id,
          text: changed.input.value,
        });
        if (done) draw();
        return Boolean(done);
      };
      dialog("Edit the message", changed.node, [
        ["Cancel", null],
        ["Save", save],
      ]);
    };
    const byBot = message.sender_business_bot;
    return h(
      "article",
      { class: message.from?.id === owner.id ? "said mine" : "said" },
      h("b", {}, name, byBot && h("small", {}, ` by @${byBot.username}`)),
      content(message, side),
      inlineKeyboard(message, side),
      h("small", {}, message.edit_date && "edited ", clock(message.date)),
      h("span", { class: "foot" }, [
        !byBot && wordsOf(message) && lineButton("Edit", `message ${message_id}`, edit),
        lineButton("Delete", `message ${message_id}`, remove, "bad"),
      ]),
    );
  }

  async function draw() {
    watch();
    const { user_id } = where();
    const messages = begun.has(user_id) ? await act("business_messages", where()) : [];
    if (user_id !== where().user_id || !messages) return;
    const nothing = h("p", { class: "hint" }, "Nothing was said yet.");
    refill(log, messages.length ? messages.map(line) : nothing);
    log.scrollTop = log.scrollHeight;
  }

  /** What is said in this talk is told by its own key. */
  function watch() {
    watched?.();
    watched = on(`${id}/${where().user_id}`, draw);
  }

  async function give() {
    const given = await act("give_business_stars", { connection_id: id, amount: 100 });
    if (given) drawActs(given.balance);
  }

  async function disconnect() {
    if (await act("disconnect_business", { connection_id: id })) node.close();
  }

  function drawActs(balance) {
    refill(
      acts,
      textButton(`${balance} ⭐: give 100`, give, "", { "data-key": "give" }),
      textButton("Disconnect the bot", disconnect, "bad", { "data-key": "end" }),
    );
  }

  const node = dialog(
    `The business of ${fullName(owner)}`,
    [acts, h("label", { class: "field" }, h("span", {}, "Talk with"), customer), log, text.node, asOwner],
    [
      ["Close", null],
      ["Send", write],
    ],
  );
  node.addEventListener("close", () => watched?.());
  drawActs(stars);
  draw();
}
