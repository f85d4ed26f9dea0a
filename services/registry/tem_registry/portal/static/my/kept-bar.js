// The bar on every page that tells what this device keeps, and what became of it.

import { drop, kept } from "./kept.js";
import { send, sendNow } from "./sender.js";

const bar = document.getElementById("kept");
const login = bar.dataset.login;
// Without a connection nobody can say who is signed in: then all is shown that the device keeps.
const isOffline = "offline" in bar.dataset;
const ACTS = {
  waiting: ["again", "drop"], sending: [], done: ["see", "reload", "close"],
  refused: ["mend", "drop"], signed_out: ["sign-in", "drop"],
};

const clock = (at) =>
  new Intl.DateTimeFormat("vi-VN", { dateStyle: "short", timeStyle: "short" }).format(new Date(at));

function shown(one) {
  const card = document.getElementById("kept-one").content.cloneNode(true).firstElementChild;
  const state = isOffline && one.state === "signed_out" ? "waiting" : one.state;
  card.dataset.state = state;
  card.className = { done: "said", refused: "refusal" }[state] ?? "note";
  card.querySelector("[data-what]").textContent = one.what;
  card.querySelector("[data-at]").textContent = clock(one.at);
  card.querySelector("[data-why]").textContent = one.why ?? "";
  for (const line of card.querySelectorAll("[data-said]")) line.hidden = line.dataset.said !== state;
  for (const act of card.querySelectorAll("[data-act]")) {
    act.hidden = !ACTS[state].includes(act.dataset.act) || (act.dataset.act === "see" && !one.to);
  }
  card.querySelector("[data-act=see]").href = one.to || "/my";
  card.querySelector("[data-act=mend]").href = one.from;
  // What the page says of stamps and lots is older than what was sent meanwhile.
  card.querySelector("[data-act=reload]").href = location.pathname + location.search;
  card.addEventListener("click", (event) => act(event, one));
  return card;
}

function act(event, one) {
  const pressed = event.target.closest("[data-act]");
  if (!pressed) return;
  const name = pressed.dataset.act;
  if (name === "again") sendNow();
  if (name === "drop" && one.state !== "refused" && !confirm(pressed.dataset.sure)) return;
  if (["drop", "close", "see", "reload", "mend"].includes(name)) drop(one.id);
}

/** One sentence about what others left here: not what it is. */
function others(whose, count) {
  const said = document.getElementById("kept-others").content.cloneNode(true).firstElementChild;
  const words = [String(count), whose];
  said.textContent = said.textContent.replace(/%s/g, () => words.shift());
  return said;
}

function render() {
  const all = kept();
  const mine = all.filter((one) => isOffline || one.login === login);
  const counts = new Map();
  for (const one of all) {
    if (!mine.includes(one) && one.state !== "done") counts.set(one.login, (counts.get(one.login) ?? 0) + 1);
  }
  bar.replaceChildren(...mine.map(shown), ...[...counts].map(([whose, count]) => others(whose, count)));
  bar.hidden = bar.childElementCount === 0;
}

if (isOffline) addEventListener("online", () => location.reload());
addEventListener("kept", render);
addEventListener("storage", render);
render();
send();

// A worker of ours shows the offline page where a browser would show its error.
async function keepOfflinePage() {
  const { active } = await navigator.serviceWorker.register("/sw.js").then(() => navigator.serviceWorker.ready);
  active.postMessage(document.documentElement.lang);
}
if (login && "serviceWorker" in navigator) keepOfflinePage().catch(() => {});
