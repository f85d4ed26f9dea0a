// The last step of an activation: kept on the device first, then sent, so that a lost connection
// loses nothing. Where nothing can be kept the browser sends the form itself.

import { drop, keep, kept } from "./kept.js";
import { send } from "./sender.js";

const form = document.querySelector("form[data-keep]");
const bar = document.getElementById("kept");

form?.addEventListener("submit", (event) => {
  let id;
  try {
    id = keep(form, bar.dataset.login);
  } catch {
    return;
  }
  event.preventDefault();
  form.hidden = true;
  bar.scrollIntoView({ block: "center" });
  bar.focus();
  addEventListener("kept", () => follow(id));
  send();
});

function follow(id) {
  const one = kept().find((other) => other.id === id);
  if (one?.state === "done" && one.to) {
    drop(id);
    location.assign(one.to);
  }
  if (one === undefined || one.state === "refused") form.hidden = false;
}
