// Reading stamps with a telephone: from its camera, or from a photo. What goes wrong comes as a
// stable code, so that the page says it in its own language:
// `camera_refused`, `camera_missing`, `insecure_page`, `nothing_read`, `not_a_stamp`.

import { closeCamera, hasLight, openCamera, setLight } from "./camera.js";
import { readSymbolText } from "./stamp-code.js";
import { readFrame, readPicture } from "./symbol.js";

const LEAST_REST_MS = 40; // and never less than a frame took: half of the processor stays free
const PATIENCE_MS = 12_000;

/**
 * Look through the camera until a stamp is read: `onStamp({batch, index, serial})`, once.
 *
 * `onProblem(code)` may come several times; `nothing_read` and `not_a_stamp` are hints, the
 * camera goes on. `onReady({light})` says that it runs and whether it has a light. A hidden page
 * lets the camera go and takes it again when it is seen. Gives `{stop(), light(on)}`.
 */
export function openScanner({ video, onStamp, onProblem, onReady = () => {} }) {
  const scanner = new Scanner(video, { onStamp, onProblem, onReady });
  scanner.start();
  return { stop: () => scanner.stop(), light: (on) => scanner.light(on) };
}

/** The stamp on a photo, or `{problem}`: `nothing_read`, `not_a_stamp`. Needs no camera or TLS. */
export async function readPhoto(file) {
  const text = await readPicture(file);
  return text === null ? { problem: "nothing_read" } : readSymbolText(text);
}

/** Tell the hand that something was read; where a telephone cannot, nothing happens. */
export function tap() {
  navigator.vibrate?.(60);
}

class Scanner {
  #video;
  #on;
  #stream = null;
  #run = 0; // raised by every start and stop, so that what belongs to an earlier one ends
  #timer;
  #refused = new Set(); // texts that are no stamps, told once each
  #watch = () => (document.hidden ? this.#release() : this.#begin());

  constructor(video, on) {
    this.#video = video;
    this.#on = on;
  }

  start() {
    document.addEventListener("visibilitychange", this.#watch);
    this.#begin();
  }

  stop() {
    document.removeEventListener("visibilitychange", this.#watch);
    this.#release();
  }

  light(on) {
    return this.#stream ? setLight(this.#stream, on) : undefined;
  }

  async #begin() {
    this.#release();
    const run = this.#run;
    try {
      const stream = await openCamera();
      // Closed or hidden while the person was asked: the camera is not kept.
      if (run !== this.#run) return closeCamera(stream);
      this.#stream = stream;
      await this.#show(stream);
    } catch (error) {
      if (run === this.#run) this.#fail(error);
      return;
    }
    if (run === this.#run) this.#look(0, performance.now() + PATIENCE_MS);
  }

  async #show(stream) {
    stream.getVideoTracks()[0].addEventListener("ended", () => this.#fail(), { once: true });
    Object.assign(this.#video, { srcObject: stream, muted: true, playsInline: true });
    await this.#video.play();
    this.#on.onReady({ light: hasLight(stream) });
  }

  #fail(error) {
    this.#release();
    const known = ["insecure_page", "camera_refused"].includes(error?.message);
    this.#on.onProblem(known ? error.message : "camera_missing");
  }

  #release() {
    this.#run += 1;
    clearTimeout(this.#timer);
    closeCamera(this.#stream);
    this.#stream = null;
    this.#video.srcObject = null;
  }

  #look(turn, deadline) {
    const began = performance.now();
    const seen = this.#video.videoWidth ? readFrame(this.#video, turn) : null;
    if (seen !== null && this.#tell(seen)) return;
    const now = performance.now();
    if (now > deadline) this.#on.onProblem("nothing_read");
    const next = now > deadline ? Infinity : deadline;
    const rest = Math.max(LEAST_REST_MS, now - began);
    this.#timer = setTimeout(() => this.#look(turn + 1, next), rest);
  }

  /** Whether what was read is a stamp, and so the end of looking. */
  #tell(text) {
    const stamp = readSymbolText(text);
    if (stamp.problem) {
      if (!this.#refused.has(text)) this.#on.onProblem(stamp.problem);
      this.#refused.add(text);
      return false;
    }
    this.stop();
    tap();
    this.#on.onStamp(stamp);
    return true;
  }
}
