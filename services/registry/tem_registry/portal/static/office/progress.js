// An order that is being signed: asked once a second how far it is; the page itself says so without.
const box = document.getElementById("progress");
const bar = box?.querySelector("progress");
const said = document.getElementById("signed");

async function ask() {
  let found;
  try {
    const answer = await fetch(box.dataset.ask, { headers: { Accept: "application/json" } });
    if (answer.status === 401) return location.reload();
    found = answer.ok ? await answer.json() : null;
  } catch {
    found = null; // the network, or the issuer, is away for a moment
  }
  if (found && found.state !== "approved" && found.state !== "issuing") return location.reload();
  if (found) tell(found);
  setTimeout(ask, found ? 1000 : 5000);
}

function tell(found) {
  const written = (value) => new Intl.NumberFormat(box.dataset.locale).format(value);
  bar.value = found.signed;
  const words = box.dataset.words
    .replace("{signed}", written(found.signed))
    .replace("{quantity}", written(found.quantity));
  if (said.textContent !== words) said.textContent = words;
}

if (box) setTimeout(ask, 500);
