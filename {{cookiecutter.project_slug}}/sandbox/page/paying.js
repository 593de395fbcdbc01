/** Paying an invoice: what its bot wants to know, and how it ships.
 * https://core.telegram.org/bots/payments */

import { act } from "./api.js";
import { h } from "./dom.js";
import { money } from "./names.js";
import { ask, field, toast } from "./overlay.js";
import { state } from "./store.js";

const FIELDS = {
  name: ["Name"],
  phone_number: ["Phone number"],
  email: ["Email", { type: "email" }],
};
const ADDRESS = {
  country_code: ["Country, two letters", { maxlength: 2 }],
  state: ["State", { required: false }],
  city: ["City"],
  street_line1: ["Street"],
  street_line2: ["Street, second line", { required: false }],
  post_code: ["Post code"],
};

/** Pays as the user of the page, who is asked first what there is to say. `where` is the message,
 * or the link. Comes to an end when it is paid or left. */
export async function payInvoice(where) {
  const order = { ...where, user_id: state.me };
  const seen = await act("look_at_invoice", order);
  if (!seen) return;
  if (Object.keys(seen.order_info).length) await askForOrder(seen, order);
  else await settle(order);
}

function askForOrder({ invoice, order_info: info, is_flexible: flexible }, order) {
  const { shipping_address: address, ...rest } = info;
  const [person, read] = fields(FIELDS, rest);
  const [place, readPlace] = fields(ADDRESS, address ?? {});
  const next = () => {
    const order_info = { ...read(), ...(address && { shipping_address: readPlace() }) };
    const told = { ...order, order_info };
    return flexible ? askForShipping(invoice, told) : settle(told);
  };
  const label = flexible ? "Ways of shipping" : `Pay ${money(invoice)}`;
  return ask(invoice.title, [...person, ...place], label, next);
}

/** Fields for what is to be filled in, and what reads them. */
function fields(labels, values) {
  const made = Object.entries(values).map(([name, value]) => {
    const [label, props] = labels[name];
    return [name, field(label, { value, required: true, ...props })];
  });
  const read = () => Object.fromEntries(made.map(([name, { input }]) => [name, input.value.trim()]));
  return [made.map(([, { node }]) => node), read];
}

/** False keeps what was filled in, to be changed. */
async function askForShipping(invoice, order) {
  const answer = await act("ask_shipping", order);
  if (answer?.ok === false) toast(`Not shipped: ${answer.error_message}`, "bad");
  if (!answer?.ok) return false;
  const ways = answer.options.map((one, index) => {
    const added = one.prices.reduce((sum, price) => sum + price.amount, 0);
    const all = money({ ...invoice, total_amount: invoice.total_amount + added });
    const box = h("input", { type: "radio", name: "way", value: index, checked: index === 0 });
    return h("label", { class: "tick" }, box, `${one.title}: ${all} together`);
  });
  const node = h("fieldset", { class: "ticks" }, h("legend", {}, "How is it shipped?"), ways);
  return ask(invoice.title, node, "Pay", () => {
    const shipping_option = answer.options[node.querySelector(":checked").value];
    return settle({ ...order, shipping_option });
  });
}

/** False when the bot has not answered. */
async function settle(order) {
  const answer = await act("pay", order);
  if (answer?.ok === false) toast(`Not paid: ${answer.error_message}`, "bad");
  return Boolean(answer);
}
