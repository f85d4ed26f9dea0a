// What every page does beyond HTML; all of it works without.

// After a refusal the reader is taken to what is wrong; the list of faults names their fields.
for (const link of document.querySelectorAll("#refusal a[href^='#']")) {
  const field = document.getElementById(link.hash.slice(1));
  const label = field?.labels?.[0] ?? field?.querySelector("legend");
  const name = label?.firstChild?.textContent.trim();
  if (name) link.prepend(`${name}: `);
}
document.getElementById("refusal")?.focus();

// A button pressed twice is one act: the second press waits. (The server would answer it once too.)
document.addEventListener("submit", (event) => {
  // Where each press is an act of its own (another part of a file), nothing waits.
  if (event.defaultPrevented || event.target.hasAttribute("data-again")) return;
  for (const button of event.target.querySelectorAll("button")) {
    setTimeout(() => { button.disabled = true; });
    setTimeout(() => { button.disabled = false; }, 10_000);
  }
});
// A page that the browser brings back from its memory can be sent again.
window.addEventListener("pageshow", (event) => {
  if (event.persisted) for (const button of document.querySelectorAll("button")) button.disabled = false;
});

// An invitation's link carries login and code behind #, which no server ever sees.
if (location.pathname === "/invitation" && location.hash.length > 1) {
  const sent = new URLSearchParams(location.hash.slice(1));
  for (const name of ["login", "code"]) {
    const field = document.getElementById(name);
    if (field && !field.value) field.value = sent.get(name) ?? "";
  }
  history.replaceState(null, "", location.pathname + location.search);
}

// Who is filling in a long form is still there: the session is kept while something is typed.
const FIVE_MINUTES = 5 * 60 * 1000;
let asked = Date.now();
document.addEventListener("input", () => {
  if (Date.now() - asked < FIVE_MINUTES || !document.querySelector("form[action='/sign-out']")) return;
  asked = Date.now();
  fetch("/session", { headers: { Accept: "application/json" } }).catch(() => {});
});

// On a phone the menu is a row that moves: the present page is in view.
const here = document.querySelector(".menu [aria-current]");
if (here) here.closest("ul").scrollLeft = here.offsetLeft - 24;
