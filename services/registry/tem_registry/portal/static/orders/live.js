// An order's page asks for itself again while something is going on, and takes over what changed.
// Without script the page has a link that does the same.

const PARTS = "[data-live]";
const SLOWEST = 60;
// Whoever has gone away is signed out in time: nothing is asked for somebody who does nothing.
const LONGEST_REST = 10 * 60 * 1000;
let wait = seconds(document);
let seen = Date.now();
for (const sign of ["pointerdown", "keydown", "scroll"]) {
  addEventListener(sign, () => { seen = Date.now(); }, { passive: true });
}

function seconds(page) {
  return Number(page.querySelector("[data-again]")?.dataset.again ?? 0);
}

function takeOver(page) {
  for (const part of document.querySelectorAll(PARTS)) {
    const found = page.getElementById(part.id);
    if (found && found.innerHTML !== part.innerHTML) part.replaceChildren(...found.childNodes);
  }
}

async function ask() {
  if (document.hidden || Date.now() - seen > LONGEST_REST) return later(wait);
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (answer.redirected) return; // signed out: whoever reads it stays where it is
    if (!answer.ok) throw new Error(answer.status);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    takeOver(page);
    wait = seconds(page);
  } catch {
    wait = Math.min(wait * 2, SLOWEST); // no signal, or the service is away for a moment
  }
  later(wait);
}

function later(after) {
  if (after > 0) setTimeout(ask, after * 1000);
}

later(wait);
