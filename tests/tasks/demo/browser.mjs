// Drives Chromium for the tests: a command on each line of stdin, an answer on each of stdout.
// Arguments: the folder of playwright-core, and the browser's path.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename } from "node:path";
import { createInterface } from "node:readline";

const [playwright, executablePath] = process.argv.slice(2);
const { chromium } = createRequire(import.meta.url)(playwright);
const browser = await chromium.launch({
  executablePath,
  args: ["--no-sandbox", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"],
});
let context, page, requests, faults;

const COMMANDS = {
  async open({ address, size = [1200, 850], scheme = "light", camera = true }) {
    await context?.close();
    const [width, height] = size;
    context = await browser.newContext({ viewport: { width, height }, colorScheme: scheme });
    if (!camera) {
      await context.addInitScript(() => {
        const refuse = () => Promise.reject(new DOMException("denied", "NotAllowedError"));
        navigator.mediaDevices.getUserMedia = refuse;
      });
    }
    [requests, faults] = [[], []];
    context.on("request", (request) => requests.push(request.url()));
    page = await context.newPage();
    page.on("pageerror", (error) => faults.push(String(error)));
    page.on("console", (said) => said.type() === "error" && faults.push(said.text()));
    await page.goto(address);
  },
  requests: async () => requests,
  faults: async () => faults,
  evaluate: ({ code }) => page.evaluate(code),
  /** Wait until an expression is true; the page's policy forbids playwright's own way. */
  async until({ code, timeout = 60_000 }) {
    const end = Date.now() + timeout;
    while (!(await page.evaluate(code))) {
      if (Date.now() > end) throw new Error(`after ${timeout} ms not yet: ${code}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  },
  choose: ({ paths }) => page.setInputFiles("#file", paths),
  click: ({ selector }) => page.click(selector),
  press: ({ key }) => page.keyboard.press(key),
  emulate: ({ scheme = null, forced = null }) =>
    page.emulateMedia({ colorScheme: scheme, forcedColors: forced }),
  resize: ({ size: [width, height] }) => page.setViewportSize({ width, height }),
  screenshot: ({ path, whole = true }) =>
    page.screenshot({ path, fullPage: whole }).then(() => true),
  /** Drop files, or text, on the page as a person does. */
  async drop({ paths = [], text = "" }) {
    const files = paths.map((path) => [basename(path), readFileSync(path).toString("base64")]);
    await page.evaluate(
      ({ files, text }) => {
        const transfer = new DataTransfer();
        for (const [name, content] of files) {
          const bytes = Uint8Array.from(atob(content), (character) => character.charCodeAt(0));
          transfer.items.add(new File([bytes], name));
        }
        if (text) transfer.setData("text/plain", text);
        const target = document.getElementById("stage");
        for (const kind of ["dragenter", "dragover", "drop"]) {
          const given = { dataTransfer: transfer, bubbles: true, cancelable: true };
          target.dispatchEvent(new DragEvent(kind, given));
        }
      },
      { files, text },
    );
  },
  close: () => browser.close(),
};

console.log(JSON.stringify({ result: browser.version() }));
for await (const line of createInterface({ input: process.stdin })) {
  const { command, ...given } = JSON.parse(line);
  try {
    const result = await COMMANDS[command](given);
    console.log(JSON.stringify({ result: result ?? null }));
  } catch (error) {
    console.log(JSON.stringify({ error: String(error) }));
  }
  if (command === "close") break;
}
process.exit(0);
