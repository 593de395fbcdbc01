/** Files, contacts, places and polls that a user sends. */

import { h } from "./dom.js";
import { bytes } from "./media.js";
import { fullName } from "./names.js";
import { dialog, field, menu, tick } from "./overlay.js";
import { askForPoll } from "./poll.js";
import { state } from "./store.js";

/** By what a MIME type begins with; all else is a document. */
const KINDS = { "image/": "photo", "video/": "video", "audio/": "audio" };
const SEEN = ["photo", "video"];
/** https://core.telegram.org/bots/api#sendmediagroup */
const IN_ALBUM = 10;
const PHOTO = /^image\/(png|jpeg|gif)$/;

/** The menu of the clip. */
export function attachMenu(at, send) {
  const pick = (accept) => () => {
    const input = h("input", { type: "file", multiple: true, accept, "aria-label": "Files" });
    input.addEventListener("change", () => offerFiles([...input.files], send, !accept));
    input.click();
  };
  const me = state.users.get(state.me);
  const contact = { phone_number: "+15550100", first_name: fullName(me), user_id: me?.id };
  menu(
    at,
    [
      ["photo", "Photo or video", pick("image/*,video/*")],
      ["file", "File", pick("")],
      ["person", "My contact", () => send({ content: { contact } })],
      ["place", "Location…", () => askPlace(send)],
      ["checks", "Poll…", () => askForPoll(null, (content) => send({ content }))],
    ],
    "Attach",
  );
}

/** Shows what is about to be sent, for a caption; pictures go as photos unless told otherwise. */
export function offerFiles(files, send, asFiles = false) {
  if (!files.length) return;
  const images = files.map((file) => PHOTO.test(file.type) && URL.createObjectURL(file));
  const shown = files.map((file, index) =>
    h(
      "figure",
      { class: "attached" },
      images[index] && h("img", { src: images[index], alt: "" }),
      h("figcaption", {}, file.name, h("small", {}, bytes(file.size))),
    ),
  );
  const caption = field("Caption", { maxlength: 1024, placeholder: "Caption" });
  const asFile = tick("Send as a file", "", { checked: asFiles });
  const offered = files.some((file) => kindOf(file) !== "document");
  const chief = async () => {
    const kinds = files.map((file) => (asFile.firstChild.checked ? "document" : kindOf(file)));
    const albums = albumsOf(kinds);
    const captioned = kinds.every((kind) => SEEN.includes(kind)) ? 0 : files.length - 1;
    for (const [index, file] of files.entries()) {
      const words = index === captioned && caption.input.value.trim();
      const about = { kind: kinds[index], name: file.name || "file", data: await base64(file) };
      const sent = await send({
        file: { ...about, ...(words && { caption: words }) },
        ...(albums && { content: { media_group_id: albums[index] } }),
      });
      if (!sent) return false;
    }
    return true;
  };
  const title = files.length > 1 ? `Send ${files.length} files` : "Send a file";
  const node = dialog(title, [shown, offered && asFile, caption.node].filter(Boolean), [
    ["Cancel", null],
    ["Send", chief],
  ]);
  node.addEventListener("close", () => images.forEach((url) => url && URL.revokeObjectURL(url)));
}

/** The ids of the albums that files go in; null for none. Photos and videos may be in one. */
function albumsOf(kinds) {
  const sorts = new Set(kinds.map((kind) => (SEEN.includes(kind) ? "seen" : kind)));
  if (kinds.length < 2 || sorts.size > 1) return null;
  const now = Date.now();
  return kinds.map((_, index) => `${now}${Math.floor(index / IN_ALBUM)}`);
}

function kindOf(file) {
  if (file.type.startsWith("image/") && !PHOTO.test(file.type)) return "document";
  const start = Object.keys(KINDS).find((one) => file.type.startsWith(one));
  return KINDS[start] ?? "document";
}

function base64(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(",") + 1));
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(file);
  });
}

function askPlace(send) {
  const latitude = field("Latitude", {
    type: "number",
    step: "any",
    min: -90,
    max: 90,
    value: 52.52,
  });
  const longitude = field("Longitude", {
    type: "number",
    step: "any",
    min: -180,
    max: 180,
    value: 13.405,
  });
  const where = () => ({
    latitude: Number(latitude.input.value),
    longitude: Number(longitude.input.value),
  });
  dialog(
    "Send a location",
    [latitude.node, longitude.node],
    [
      ["Cancel", null],
      ["Send", () => send({ content: { location: where() } })],
    ],
  );
}
