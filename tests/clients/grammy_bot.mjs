// A bot on grammY. tests/test_clients.py talks to it, and to its twin ptb_bot.py.
// Environment: BOT_TOKEN, TELEGRAM_API_URL; WEBHOOK_PORT of 127.0.0.1 for webhooks, else it polls.

import { subscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import { createServer } from "node:http";

import {
  Bot,
  InlineKeyboard,
  InputFile,
  InputMediaBuilder,
  Keyboard,
  webhookCallback,
} from "grammy";

const { BOT_TOKEN: token, TELEGRAM_API_URL: api, WEBHOOK_PORT: port } = process.env;
const DRINKS = ["Tea", "Coffee"];
// A PNG of one pixel.
const DOT = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);

// Every address that is called, by node:http or by fetch: the test looks where the calls went.
subscribe("http.client.request.start", ({ request }) =>
  console.log(`${request.method} ${request.protocol}//${request.getHeader("host")}${request.path}`),
);
subscribe("undici:request:create", ({ request }) =>
  console.log(`${request.method} ${request.origin}${request.path}`),
);

const bot = new Bot(token, { client: { apiRoot: api } });

bot.command("start", (context) =>
  context.reply(`Hello, ${context.from.first_name}!`, {
    reply_markup: new InlineKeyboard().text("Yes", "Yes").text("No", "No"),
  }),
);

bot.on("callback_query:data", async (context) => {
  const { data } = context.callbackQuery;
  await context.answerCallbackQuery(`You pressed ${data}.`);
  await context.editMessageText(`Pressed: ${data}`);
});

bot.on("message:photo", async (context) => {
  const file = await context.getFile();
  const response = await fetch(`${api}/file/bot${token}/${file.file_path}`);
  if (!response.ok) throw new Error(`no file: ${response.status}`);
  await context.reply(`${(await response.arrayBuffer()).byteLength} bytes`);
});

bot.command("photo", (context) =>
  context.replyWithPhoto(new InputFile(DOT, "dot.png"), {
    caption: "<b>A dot</b>, one pixel wide",
    parse_mode: "HTML",
  }),
);

bot.command("album", (context) =>
  context.replyWithMediaGroup([
    InputMediaBuilder.photo(new InputFile(DOT, "dot.png")),
    // The film is none; Telegram would say so, the sandbox does not look.
    InputMediaBuilder.video(new InputFile(Buffer.from("film"), "film.mp4"), {
      thumbnail: new InputFile(DOT, "dot.png"),
      caption: "A film",
    }),
  ]),
);

bot.command("poll", (context) =>
  context.replyWithPoll("Tea or coffee?", DRINKS, { is_anonymous: false }),
);

bot.on("poll_answer", (context) => {
  const chosen = context.pollAnswer.option_ids.map((number) => DRINKS[number]).join(", ");
  return context.api.sendMessage(context.pollAnswer.user.id, `You chose ${chosen}.`);
});

bot.command("menu", (context) =>
  context.reply("What will it be?", { reply_markup: Keyboard.from([DRINKS]).resized() }),
);

bot.on("message", (context) => context.reply(context.message.text ?? "This is no text."));

if (port) {
  const secret = "only-the-sandbox-knows";
  const server = createServer(webhookCallback(bot, "http", { secretToken: secret }));
  server.listen(Number(port), "127.0.0.1");
  await once(server, "listening");
  await bot.api.setWebhook(`http://127.0.0.1:${port}`, { secret_token: secret });
  process.once("SIGTERM", () => {
    server.close();
    server.closeIdleConnections(); // Node.js 18 leaves them open
  });
} else {
  process.once("SIGTERM", () => bot.stop());
  await bot.start();
}
