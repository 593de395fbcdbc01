/** Invite links of a group or channel, who asks to be let in, and boosts: what those see who lead
 * it. */

import { act } from "./api.js";
import { avatar, h, lineButton, refill, textButton } from "./dom.js";
import { fullName, titleOf } from "./names.js";
import { copy, dialog, field, tick } from "./overlay.js";
import { hasRight, roleIn, state } from "./store.js";

/** Who asks to join, one line each, and the answers to them. */
function requestLine(target, { from: user }) {
  const answer = (approve) => () =>
    act("answer_request", { chat_id: target, user_id: state.me, member_id: user.id, approve });
  const name = fullName(user);
  return h(
    "div",
    { class: "member" },
    avatar(user.id, name, "small"),
    h("span", { class: "name" }, name, h("small", {}, "asks to join")),
    lineButton("Let in", name, answer(true)),
    lineButton("Decline", name, answer(false), "bad"),
  );
}

/** The parts of a chat's card that only those see who may invite. */
export function createInvites(target) {
  const node = h("div", { class: "members" });
  const asking = h("div", { class: "members" });

  async function draw() {
    node.hidden = asking.hidden = !hasRight(roleIn(target), "can_invite_users");
    if (node.hidden) return;
    const found = await act("details", { chat_id: target });
    if (!found) return;
    const { links, requests, boosts } = found;
    refill(
      asking,
      requests.length > 0 && h("h3", {}, "Who asks to join"),
      requests.map((request) => requestLine(target, request)),
    );
    refill(
      node,
      h("h3", {}, "Invite links"),
      links.map(linkLine),
      textButton("New link…", newLink, "", { "data-key": "new" }),
      boosts.length > 0 && h("h3", {}, "Boosts"),
      boosts.map(boostLine),
    );
  }

  function linkLine(link) {
    const address = link.invite_link;
    const revoke = async () => {
      await act("revoke_link", { chat_id: target, user_id: state.me, link: address });
      draw();
    };
    const title = link.name ?? address.replace("https://", "");
    const about = [
      link.is_revoked && "revoked",
      link.is_primary && "primary",
      link.creates_join_request && "asks an administrator",
      link.member_limit && `for ${link.member_limit}`,
      link.subscription_price && `${link.subscription_price} ⭐ a month`,
      `by ${fullName(link.creator)}`,
    ].filter(Boolean);
    return h("div", { class: "member" }, [
      h("span", { class: "name" }, title, h("small", {}, about.join(", "))),
      !link.is_revoked && [
        lineButton("Copy", title, () => copy(address)),
        lineButton("Revoke", title, revoke, "bad"),
      ],
    ]);
  }

  function boostLine({ boost_id: id, source }) {
    const end = async () => {
      await act("remove_boost", { chat_id: target, boost_id: id });
      draw();
    };
    const name = fullName(source.user);
    return h(
      "div",
      { class: "member" },
      h("span", { class: "name" }, name, h("small", {}, "boosts it")),
      lineButton("End it", `the boost of ${name}`, end, "bad"),
    );
  }

  function newLink() {
    const name = field("Name", { maxlength: 32, placeholder: "Friends" });
    const limit = field("For how many", { type: "number", min: 1, max: 99999, placeholder: "any" });
    const asks = tick("an administrator lets everybody in", "asks");
    const [isAsking] = [asks.firstChild];
    isAsking.addEventListener("change", () => (limit.input.disabled = isAsking.checked));
    const create = async () => {
      const many = isAsking.checked ? 0 : Number(limit.input.value);
      const made = await act("create_link", {
        chat_id: target,
        user_id: state.me,
        name: name.input.value.trim(),
        member_limit: many,
        creates_join_request: isAsking.checked,
      });
      if (!made) return false;
      copy(made.invite_link);
      draw();
      return true;
    };
    dialog(`Invite to ${titleOf(target)}`, [name.node, asks, limit.node], [
      ["Cancel", null],
      ["Create and copy", create],
    ]);
  }

  return { asking, node, draw };
}
