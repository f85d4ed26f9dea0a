// Adds to a field for a stamp's serial what a telephone can do: a button that opens the camera.
// The page gives all words: the button's in `data-label` of `<div data-scan-for="ID">`, the
// dialog's in `<template id="scan-dialog">` (templates/scan_dialog.html). Without script both are
// invisible and the serial is typed.

import { openScanner, readPhoto, tap } from "./scan.js";
import { readField } from "./stamp-code.js";

const FIELDS = "input:not([type=hidden]), select, textarea, button:not([type=button])";

class ScanDialog {
  #dialog;
  #video;
  #photo;
  #light;
  #input; // the field that is being filled
  #scanner = null;

  constructor(template) {
    const [dialog] = template.content.cloneNode(true).children;
    document.body.append(dialog);
    this.#dialog = dialog;
    this.#video = dialog.querySelector("video");
    this.#photo = dialog.querySelector("input[type=file]");
    this.#light = dialog.querySelector("[data-scan-light]");
    dialog.addEventListener("close", () => this.#end());
    dialog.querySelector("[data-scan-close]").addEventListener("click", () => dialog.close());
    this.#light.addEventListener("click", () => this.#switchLight());
    this.#photo.addEventListener("change", () => this.#readPhoto());
  }

  open(input) {
    this.#input = input;
    this.#say("starting");
    this.#light.hidden = true;
    this.#dialog.showModal();
    this.#scanner = openScanner({
      video: this.#video,
      onStamp: (stamp) => this.#fill(stamp),
      onProblem: (code) => this.#say(code),
      onReady: ({ light }) => this.#ready(light),
    });
  }

  #ready(light) {
    this.#light.hidden = !light;
    this.#light.setAttribute("aria-pressed", "false");
    this.#say("aim");
  }

  /** Show the one sentence of this code; the others stay hidden. */
  #say(code) {
    for (const line of this.#dialog.querySelectorAll("[data-said]")) {
      line.hidden = line.dataset.said !== code;
    }
  }

  /** The words of a problem with what was typed. */
  words(code) {
    return this.#dialog.querySelector(`[data-said="${code}"]`)?.textContent.trim() ?? code;
  }

  #switchLight() {
    const on = this.#light.getAttribute("aria-pressed") !== "true";
    this.#light.setAttribute("aria-pressed", String(on));
    this.#scanner?.light(on);
  }

  async #readPhoto() {
    const [file] = this.#photo.files;
    if (!file) return;
    const input = this.#input;
    this.#say("reading");
    const stamp = await readPhoto(file);
    this.#photo.value = ""; // the same photo may be chosen again
    if (!this.#dialog.open || input !== this.#input) return;
    if (stamp.problem) return this.#say(stamp.problem);
    tap();
    this.#fill(stamp);
  }

  #fill(stamp) {
    const input = this.#input;
    this.#dialog.close();
    input.value = stamp.serial;
    for (const event of ["input", "change"]) {
      input.dispatchEvent(new Event(event, { bubbles: true }));
    }
    next(input).focus();
  }

  #end() {
    this.#scanner?.stop();
    this.#scanner = null;
  }
}

/** The field after this one in its form, or this one if it is the last. */
function next(input) {
  const fields = [...(input.form ?? document).querySelectorAll(FIELDS)];
  return fields.slice(fields.indexOf(input) + 1).find((field) => !field.disabled) ?? input;
}

/** Write what was typed as it is printed; a serial that cannot be right is told before sending. */
function mend(input, dialog) {
  if (input.value.trim() === "") return;
  const stamp = readField(input.value);
  if (stamp.serial) input.value = stamp.serial;
  else input.setCustomValidity(dialog.words(stamp.problem));
}

function enhance(place, dialog) {
  const input = document.getElementById(place.dataset.scanFor);
  const button = document.createElement("button");
  Object.assign(button, { type: "button", className: "scan-open", textContent: place.dataset.label });
  button.addEventListener("click", () => dialog.open(input));
  place.append(button);
  input.addEventListener("input", () => input.setCustomValidity(""));
  input.addEventListener("change", () => mend(input, dialog));
}

const template = document.getElementById("scan-dialog");
const places = document.querySelectorAll("[data-scan-for]");
if (template && places.length > 0) {
  const dialog = new ScanDialog(template);
  for (const place of places) enhance(place, dialog);
}
