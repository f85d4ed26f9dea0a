// When what is kept is sent: on opening a page, when the signal is back, and again and again while
// a page is open, less and less often. One page at a time does it, where the browser can tell.

import { sendAll } from "./kept.js";

const FIRST_MS = 2_000;
const LONGEST_MS = 60_000;
let pause = FIRST_MS;
let timer = 0;
let running = false;

const alone = navigator.locks
  ? (act) => navigator.locks.request("tem.kept", act)
  : (act) => act();

/** Try now; while something waits, again later. */
export async function send() {
  clearTimeout(timer);
  if (running) return;
  running = true;
  const over = await alone(sendAll).finally(() => { running = false; });
  pause = over ? FIRST_MS : Math.min(pause * 2, LONGEST_MS);
  if (!over) timer = setTimeout(send, pause);
}

/** Try now, because there is reason to hope: a signal, or a person who asks. */
export function sendNow() {
  pause = FIRST_MS;
  send();
}

addEventListener("online", sendNow);
