/*
 * Stamps of OCOP products, answered at the till with no network. One file, no dependency:
 * browsers with WebCrypto Ed25519 (Chromium 137, Firefox 129, Safari 17) on https or localhost,
 * and Node 20 or newer.
 *
 *   import { openPack } from "./tem-till.js";
 *
 *   const trust = await (await fetch("trust.json")).json(); // kept with the till, not asked for
 *   let pack = await openPack(bytes, { trust, seen });      // ArrayBuffer or Uint8Array
 *   localStorage.seen = pack.sequence;                      // give it back as `seen` next time
 *
 *   const answer = await pack.check(scanned);               // 174 digits or the stamp's address
 *   answer.advice                                           // "allow", "ask" (a person) or "stop"
 *   pack.age()                                              // how old the knowledge is
 *   pack = await pack.update(bytes);                        // a delta, or a whole newer file
 *
 * A pack or a delta that cannot be believed throws PackRefused with a stable `code`; the pack in
 * hand stays as it is. The format, and what every answer says: docs/offline-packs.md.
 */

const DIGITS = /^[0-9]{174}$/;
const CODE_LIMIT = 1n << 576n;
const DAY = 86_400_000;
const VIETNAM = 7 * 3_600_000; // one offset since 1975, and no summer time
const FIRST_TEST_BATCH = 0xf0000000;
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const bytesOfText = (said) => new TextEncoder().encode(said);

/* ---- The code: 174 digits, 72 bytes ------------------------------------------------------- */

/** The 72 bytes that a scanned text stands for, with or without our own `prefix`; null if none. */
function bytesOf(scanned, prefix = "") {
  const own = typeof scanned === "string" && prefix && scanned.startsWith(prefix);
  const digits = own ? scanned.slice(prefix.length) : scanned;
  if (typeof digits !== "string" || !DIGITS.test(digits)) return null;
  const value = BigInt(digits);
  if (value >= CODE_LIMIT) return null;
  const raw = fromHex(value.toString(16).padStart(144, "0"));
  const code = { raw, batch: u32(raw, 1), index: u32(raw, 4) & 0xffffff };
  return raw[0] === 1 && code.batch && code.index ? code : null;
}

function fromHex(hex) {
  const bytes = new Uint8Array(hex.length / 2);
  for (let i = 0; i < bytes.length; i += 1) bytes[i] = parseInt(hex.substr(2 * i, 2), 16);
  return bytes;
}

const fromBase64url = (said) =>
  Uint8Array.from(atob(said.replaceAll("-", "+").replaceAll("_", "/")), (one) => one.charCodeAt(0));

const toHex = (bytes) => Array.from(bytes, (one) => one.toString(16).padStart(2, "0")).join("");

const u32 = (bytes, at) =>
  bytes[at] * 0x1000000 + ((bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]);

/* ---- Dates of labels, in Vietnam ---------------------------------------------------------- */

const startOfDay = (day) => Date.parse(`${day}T00:00:00+07:00`);
const endOfDay = (day) => startOfDay(day) + DAY; // the first instant that is no longer in it
const dayAt = (now) => new Date(now + VIETNAM).toISOString().slice(0, 10);

/* ---- The verdict: docs/life-of-a-stamp.md, "Verdicts" -------------------------------------- */

const OF_CODE = ["signature", "issued"];
const OF_STAMP = [...OF_CODE, "activated"];
const OF_LOT = [...OF_STAMP, "lot", "expiry", "recall"];
const GOODS = ["product", "producer", "lot"];
const SHOWS = {
  OK: [...GOODS, "certificate"],
  PAST_DATE: GOODS,
  RECALLED: [...GOODS, "recall"],
  NOT_ACTIVATED: ["product"],
};
const ADVICE = { OK: "allow", MALFORMED: "ask", UNAVAILABLE: "ask", NOT_ACTIVATED: "ask" };

const ruled = (verdict, reason, notes = []) => ({ verdict, reason, notes });
const MALFORMED = ruled("MALFORMED", "not_a_stamp_code");
const UNKNOWN = ruled("UNKNOWN", "not_on_record");
const UNAVAILABLE = ruled("UNAVAILABLE", "temporarily_unavailable");

const isRecalled = (recall, now) =>
  startOfDay(recall.ordered_on) <= now && !(recall.lifted_at && Date.parse(recall.lifted_at) <= now);

/** What a stamp on record means at an instant in milliseconds: the first rule that matches. */
function verdict({ state, lot, product, producer }, now) {
  if (lot && !lot.closed && lot.recalls.some((one) => isRecalled(one, now))) {
    return ruled("RECALLED", "lot_recalled");
  }
  if (state === "void") return ruled("VOID", "stamp_void");
  if (state === "revoked") return ruled("STAMP_REVOKED", "stamp_revoked");
  if (state !== "activated" || !lot) return ruled("NOT_ACTIVATED", "not_activated");
  if (lot.closed) return closed(lot.undated);
  if (now >= endOfDay(lot.window_ends_on)) return closed(!lot.best_before);
  if (lot.best_before && now >= endOfDay(lot.best_before)) {
    return ruled("PAST_DATE", "past_best_before");
  }
  return ruled("OK", "activated", notes(lot, product, producer, dayAt(now)));
}

function closed(undated) {
  const reason = undated ? "info_window_closed_no_expiry" : "info_window_closed";
  return ruled("INFO_EXPIRED", reason);
}

/** The remarks beside an OK, in their fixed order. */
function notes(lot, product, producer, today) {
  const found = [];
  if (lot.best_before === today) found.push("EXPIRES_TODAY");
  if (!lot.best_before) found.push("NO_EXPIRY_DECLARED");
  const under = madeUnder(product.certificates, lot.production_date);
  if (under && !isRenewed(under, product.certificates, today)) {
    if (isRevoked(under, today)) found.push("CERT_REVOKED");
    else if (under.valid_until < today) found.push("CERT_EXPIRED_AFTER_PRODUCTION");
  }
  const standing = producer.statuses.filter((one) => one.since <= today).at(-1);
  if (standing && standing.status !== "active") found.push("PRODUCER_SUSPENDED");
  return found;
}

const isRevoked = (card, day) => Boolean(card.revoked_on) && card.revoked_on <= day;
const inTerm = (card, day) => card.valid_from <= day && day <= card.valid_until;
const inForce = (card, day) => inTerm(card, day) && !isRevoked(card, day);
const isRenewed = (under, cards, today) =>
  cards.some((one) => one.valid_from > under.valid_from && inForce(one, today));

/** The newest of some certificates: by its beginning, its end, its withdrawal, then its id. */
function newest(cards) {
  const rank = (card) =>
    [card.valid_from, card.valid_until, card.revoked_on || "9999-12-31", card.certificate_id];
  const isLater = (a, b) => {
    const at = a.findIndex((one, i) => one !== b[i]);
    return at >= 0 && a[at] > b[at];
  };
  return cards.reduce((best, one) => (best && !isLater(rank(one), rank(best)) ? best : one), null);
}

const forceAt = (cards, day) => newest(cards.filter((one) => inForce(one, day)));

/** The one that goods of a day were made under; one withdrawn by then if there is no other. */
const madeUnder = (cards, day) =>
  forceAt(cards, day) || newest(cards.filter((one) => inTerm(one, day)));

function advised({ verdict, reason }, dateKind) {
  if (verdict === "PAST_DATE" && dateKind === "best_before") return "ask";
  if (reason === "info_window_closed_no_expiry") return "ask";
  return ADVICE[verdict] || "stop";
}

function checkedFor(verdict, hasLot) {
  if (verdict === "MALFORMED" || verdict === "UNAVAILABLE") return [];
  if (verdict === "UNKNOWN") return OF_CODE;
  return hasLot ? OF_LOT : OF_STAMP;
}

/* ---- The answer: what a verdict shows ------------------------------------------------------ */

const told = (card, names) =>
  Object.fromEntries(names.filter((name) => card[name] != null).map((name) => [name, card[name]]));

const without = (card, ...names) =>
  Object.fromEntries(Object.entries(card).filter(([name]) => !names.includes(name)));

const TERM = ["decision_no", "decision_date", "issuing_authority", "valid_from", "valid_until"];
const REVOCATION = ["revoked_on", "revocation_decision_no"];
const LOT = ["code", "production_date", "production_date_kind", "best_before", "info_expires_on"];
const withStars = (card) => ({ stars: card.stars, ...told(card, TERM) });

/** The certificate at production and, after a re-evaluation, the one in force today. */
function certificateShown({ product, lot }, now) {
  const today = dayAt(now);
  const under = madeUnder(product.certificates, lot.production_date);
  const current = forceAt(product.certificates, today);
  if (!under) return null;
  if (under === current) return withStars(under);
  const shown = told(under, isRevoked(under, today) ? [...TERM, ...REVOCATION] : TERM);
  return current ? { ...shown, current: withStars(current) } : shown;
}

function recallShown({ lot }, now) {
  const first = lot.recalls
    .filter((one) => isRecalled(one, now))
    .reduce((best, one) => (best && best.ordered_on >= one.ordered_on ? best : one), null);
  return first && without(first, "lifted_at");
}

const PARTS = {
  product: ({ product }) => without(product, "certificates", "producer_id"),
  producer: ({ producer }) => without(producer, "statuses"),
  lot: ({ lot }) => ({
    ...Object.fromEntries(LOT.map((name) => [name, lot[name]])),
    precision: lot.precision ?? "day",
  }),
  certificate: certificateShown,
  recall: recallShown,
};

/** What every answer says. */
function plain(ruling, asOf, dateKind = null, hasLot = false) {
  return {
    verdict: ruling.verdict,
    notes: ruling.notes,
    reason: ruling.reason,
    reasons: [ruling.reason],
    checked: [...checkedFor(ruling.verdict, hasLot)],
    advice: advised(ruling, dateKind),
    as_of: asOf,
  };
}

function answerOf(subject, now, asOf) {
  const { stamp, lot, product } = subject;
  const ruling = verdict(subject, now);
  const out = plain(ruling, asOf, product.date_kind, Boolean(lot));
  out.stamp = stamp;
  for (const part of SHOWS[ruling.verdict] || []) {
    const shown = PARTS[part](subject, now);
    if (shown) out[part] = shown;
  }
  if (ruling.verdict === "STAMP_REVOKED" && subject.revokedOn) out.revoked_on = subject.revokedOn;
  if (ruling.reason === "info_window_closed_no_expiry" && lot) {
    out.info_expires_on = lot.window_ends_on;
  }
  return out;
}

/* ---- Signatures ---------------------------------------------------------------------------- */

// The eight points of small order: no honest signature begins with one, and libraries differ.
const SMALL_ORDER = new Set([
  `01${"00".repeat(31)}`,
  `ec${"ff".repeat(30)}7f`,
  "00".repeat(32),
  `${"00".repeat(31)}80`,
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
]);

async function keyOf(raw) {
  try {
    return await crypto.subtle.importKey("raw", raw, { name: "Ed25519" }, false, ["verify"]);
  } catch (error) {
    if (error.name === "NotSupportedError") throw error; // not a word about the pack
    return null; // no point of the curve
  }
}

async function verifies(key, message, signature) {
  if (!key || SMALL_ORDER.has(toHex(signature.subarray(0, 32)))) return false;
  return crypto.subtle.verify("Ed25519", key, signature, message);
}

const sha256 = async (bytes) => toHex(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));

const STAMP_CONTEXT = bytesOfText("tem-stamp-v1\0");
const HEADER_CONTEXT = bytesOfText("tem-pack-v1\0");
const CERTIFICATE_CONTEXT = bytesOfText("tem-pack-key-v1\0");

function joined(...parts) {
  const out = new Uint8Array(parts.reduce((length, one) => length + one.length, 0));
  let at = 0;
  for (const one of parts) {
    out.set(one, at);
    at += one.length;
  }
  return out;
}

/* ---- Frames: docs/offline-packs.md, "The file" --------------------------------------------- */

/** A pack or delta that must not be used; `code` is stable, the message says what to do. */
export class PackRefused extends Error {
  constructor(code, message) {
    super(message);
    this.name = "PackRefused";
    this.code = code;
  }
}

const damaged = (what) => new PackRefused("pack_damaged", `Fetch the pack again: ${what}.`);

const MAGIC = bytesOfText("TEMPACK1");
const MOST_JSON = 4096;
const MOST_PAYLOAD = 268_435_456;
const MOST_UNPACKED = 1_073_741_824;
const isWhole = (value) => Number.isSafeInteger(value) && value >= 0;
const isHex = (value) => typeof value === "string" && /^[0-9a-f]{64}$/.test(value);
const isText = (value) => typeof value === "string";
const isEnvironment = (value) => value === "production" || value === "sandbox";
const isTime = (value) =>
  isText(value) &&
  /^[0-9]{4}(-[0-9]{2}){2}T[0-9]{2}(:[0-9]{2}){2}Z$/.test(value) &&
  new Date(value).toJSON() === value.replace("Z", ".000Z");

const HEADER = {
  as_of: isTime,
  base: (value) => value === null || isWhole(value),
  change: isWhole,
  environment: isEnvironment,
  epoch: isText,
  event: isWhole,
  format: (value) => value === "tem-pack-v1",
  pack_key_id: isHex,
  payload_bytes: (value) => isWhole(value) && value <= MOST_UNPACKED,
  payload_sha256: isHex,
  prefix: (value) => isText(value) && /^[ -~]*\/s\/$/.test(value),
  sequence: isWhole,
  valid_until: isTime,
};
const CERTIFICATE = {
  environment: isEnvironment,
  format: (value) => value === "tem-pack-key-v1",
  office_key_id: isHex,
  public_key: isHex,
  valid_from: isTime,
  valid_until: isTime,
};

/** Canonical JSON with exactly these fields. */
function fieldsOf(bytes, kinds) {
  let fields;
  try {
    const said = utf8.decode(bytes);
    fields = JSON.parse(said);
    const again = JSON.stringify(fields, Object.keys(kinds)).replace(
      /[^ -~]/g,
      (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`,
    );
    if (again !== said) throw new TypeError();
  } catch {
    throw damaged("a header is not in its one spelling");
  }
  const fits = (name) => Object.hasOwn(Object(fields), name) && kinds[name](fields[name]);
  const begins = fields?.as_of ?? fields?.valid_from;
  if (!Object.keys(kinds).every(fits) || begins > fields.valid_until) {
    throw damaged("a field of a header is missing or of the wrong kind");
  }
  return fields;
}

/** The frames of a file, taken apart and not yet believed. */
function framesOf(bytes) {
  const frames = [];
  let at = 0;
  const take = (length) => {
    if (length > bytes.length - at) throw damaged("it ends too early");
    at += length;
    return bytes.subarray(at - length, at);
  };
  const block = (most) => {
    const length = u32(take(4), 0);
    if (length > most) throw damaged("a part is longer than allowed");
    return take(length);
  };
  do {
    const begin = at;
    if (toHex(take(MAGIC.length)) !== toHex(MAGIC)) throw damaged("it is no pack");
    const frame = { headerBytes: block(MOST_JSON), headerSignature: take(64) };
    frame.certificateBytes = block(MOST_JSON);
    frame.certificateSignature = take(64);
    frame.payload = block(MOST_PAYLOAD);
    frame.bytes = bytes.subarray(begin, at);
    frame.header = fieldsOf(frame.headerBytes, HEADER);
    frame.certificate = fieldsOf(frame.certificateBytes, CERTIFICATE);
    frames.push(frame);
  } while (at < bytes.length && frames.length < 2);
  if (at < bytes.length) throw damaged("bytes are left over");
  return frames;
}

/** Whether office key, pack key and header vouch for one another; throws PackRefused. */
async function believe(frame, trust) {
  const { header, certificate } = frame;
  if ([header, certificate].some((one) => one.environment !== trust.environment)) {
    throw new PackRefused(
      "pack_of_another_environment",
      `This till trusts the keys of ${trust.environment}: fetch its pack, or its trust list.`,
    );
  }
  const packKey = fromHex(certificate.public_key);
  if (!(await isCertified(frame, trust, packKey))) {
    throw new PackRefused(
      "pack_key_not_certified",
      "No office key of the trust list vouches for the key of this pack: ask the Office.",
    );
  }
  const message = joined(HEADER_CONTEXT, frame.headerBytes);
  if (!(await verifies(await keyOf(packKey), message, frame.headerSignature))) {
    throw new PackRefused("pack_signature_wrong", "The pack was altered: fetch it again.");
  }
}

async function isCertified({ header, certificate, ...frame }, trust, packKey) {
  for (const office of trust.office_keys) {
    const raw = fromHex(office.public_key);
    if ((await sha256(raw)) !== certificate.office_key_id) continue;
    const message = joined(CERTIFICATE_CONTEXT, frame.certificateBytes);
    return (
      office.state === "active" && // a frozen one vouches for nothing: a thief writes any date
      (await verifies(await keyOf(raw), message, frame.certificateSignature)) &&
      (await sha256(packKey)) === header.pack_key_id &&
      certificate.valid_from <= header.as_of &&
      header.valid_until <= certificate.valid_until
    );
  }
  return false;
}

/* ---- Payloads ------------------------------------------------------------------------------ */

/** What `read` makes of a payload whose digest was signed. */
async function unpacked(frame, read) {
  if ((await sha256(frame.payload)) !== frame.header.payload_sha256) {
    throw damaged("its digest differs");
  }
  try {
    return read(JSON.parse(utf8.decode(await gunzipped(frame))));
  } catch (error) {
    throw error instanceof PackRefused ? error : damaged("its content cannot be read");
  }
}

/** The payload's bytes, never more of them than the header says. */
async function gunzipped({ header, payload }) {
  const stream = new Blob([payload]).stream().pipeThrough(new DecompressionStream("gzip"));
  const [out, reader] = [new Uint8Array(header.payload_bytes), stream.getReader()];
  let at = 0;
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    if (part.value.length > out.length - at) {
      await reader.cancel();
      throw damaged("its content is longer than signed");
    }
    out.set(part.value, at);
    at += part.value.length;
  }
  if (at !== out.length) throw damaged("its content is shorter than signed");
  return out;
}

const LISTS = ["products", "producers", "lots", "bindings"];

/** The record of a full payload: cards by place, batches by number. */
function recordOf(payload) {
  const names = [...LISTS, "batches", "unavailable"];
  if (!hasLists(payload, names)) throw damaged("its content has other names");
  const record = Object.fromEntries(LISTS.map((name) => [name, payload[name]]));
  return withBatches(record, new Map(), payload);
}

/** The record of a full frame with what a delta changes; the one before stays as it was. */
function changed(full, payload) {
  const names = [...LISTS, "batches", "unavailable", "removed"];
  if (!hasLists(payload, names)) throw damaged("its changes have other names");
  const record = Object.fromEntries(LISTS.map((name) => [name, full[name].slice()]));
  for (const name of LISTS) {
    let last = -1;
    for (const [place, card] of payload[name]) {
      if (!isWhole(place) || place <= last || place > record[name].length) {
        throw damaged("its changes do not fit");
      }
      record[name][place] = card;
      last = place;
    }
  }
  const batches = new Map(full.batches);
  for (const number of payload.removed) batches.delete(number);
  return withBatches(record, batches, payload);
}

const hasLists = (payload, names) =>
  payload !== null &&
  typeof payload === "object" &&
  Object.keys(payload).length === names.length &&
  names.every((name) => Array.isArray(payload[name]));

function withBatches(record, batches, payload) {
  for (const one of payload.batches) batches.set(one[0], one);
  const whole = { ...record, batches, unavailable: new Set(payload.unavailable) };
  const fits =
    [...whole.products, ...whole.producers, ...whole.lots].every((one) => isCard(one)) &&
    whole.bindings.every(([state, lot]) => STATES.has(state) && isPlace(lot, whole.lots, -1)) &&
    [...batches.values()].every((one) => batchFits(one, whole));
  if (!fits) throw damaged("its content does not fit");
  return whole;
}

const STATES = new Set(["issued", "delivered", "activated", "void", "revoked"]);
const isCard = (one) => one !== null && typeof one === "object" && !Array.isArray(one);
const isPlace = (place, list, least = 0) =>
  Number.isInteger(place) && place >= least && place < list.length;

const batchFits = ([number, key, quantity, product, producer, runs], record) =>
  isWhole(number) &&
  /^[A-Za-z0-9_-]{43}$/.test(key) &&
  isPlace(product, record.products) &&
  isPlace(producer, record.producers) &&
  runsFit(runs, quantity, record.bindings);

function runsFit(runs, quantity, bindings) {
  let covered = 0;
  for (let i = 0; i < runs.length; i += 2) {
    if (!(isWhole(runs[i]) && runs[i] > 0 && isPlace(runs[i + 1], bindings, -1))) return false;
    covered += runs[i];
  }
  return covered === quantity;
}

/** A batch as look-ups need it: the last index of each run, for bisecting. */
async function laidOut([, key, quantity, product, producer, runs]) {
  const lasts = new Uint32Array(runs.length / 2);
  let last = 0;
  for (let i = 0; i < lasts.length; i += 1) lasts[i] = last += runs[2 * i];
  return { key: await keyOf(fromBase64url(key)), quantity, product, producer, runs, lasts };
}

function bindingAt({ lasts, runs }, index) {
  let [low, high] = [0, lasts.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (lasts[middle] < index) low = middle + 1;
    else high = middle;
  }
  return runs[2 * low + 1];
}

/* ---- The pack ------------------------------------------------------------------------------ */

/**
 * Open a pack. `bytes` are the whole file, `trust` the parsed trust list (`GET /v1/trust`), `seen`
 * the highest `sequence` this till has ever accepted. Throws PackRefused.
 */
export async function openPack(bytes, { trust, seen = 0 }) {
  const [first, delta] = framesOf(new Uint8Array(bytes));
  if (first.header.base !== null || delta?.header.base === null) {
    throw damaged("it has to be a full frame, and at most one delta");
  }
  await believe(first, trust);
  if (delta) await believe(delta, trust);
  const full = { ...first, record: await unpacked(first, recordOf) };
  return made(full, delta, { trust, seen });
}

/** A pack of a full frame and, if there is one, a delta, both believed. */
async function made(full, delta, { trust, seen }) {
  const { header } = delta ?? full;
  let record = full.record;
  if (delta) {
    const fits = header.base === full.header.sequence && header.sequence > header.base;
    if (!fits || header.epoch !== full.header.epoch || header.prefix !== full.header.prefix) {
      throw damaged("its changes are of another pack");
    }
    record = await unpacked(delta, (payload) => changed(full.record, payload));
  }
  if (header.sequence < seen) {
    throw new PackRefused("pack_older_than_seen", "This till has had a newer one: keep that.");
  }
  return new Pack(full, delta, record, trust);
}

/** What is known of all stamps as of one time. Made by `openPack`; never altered. */
class Pack {
  #full;
  #record;
  #trust;
  #batches = new Map();

  constructor(full, delta, record, trust) {
    const { header } = delta ?? full;
    this.#full = full;
    this.#record = record;
    this.#trust = trust;
    /** Number of the pack: keep the highest one, and give it to `openPack` as `seen`. */
    this.sequence = header.sequence;
    this.as_of = header.as_of;
    this.valid_until = header.valid_until;
    this.prefix = header.prefix;
    this.environment = header.environment;
    /** Number of the last event in it: the feed of changes goes on `after` it. */
    this.event = header.event;
    /** Sequence of the full frame: ask for a delta with `?have=`. */
    this.base = full.header.sequence;
    /** The whole file, to be kept. */
    this.bytes = delta ? joined(full.bytes, delta.bytes) : full.bytes;
  }

  /** How old the knowledge is at a time (a Date, milliseconds or a text; now, if none). */
  age(at = Date.now()) {
    const now = instantOf(at);
    return {
      as_of: this.as_of,
      valid_until: this.valid_until,
      seconds: Math.max(0, Math.floor((now - Date.parse(this.as_of)) / 1000)),
      is_too_old: now > Date.parse(this.valid_until),
    };
  }

  /** The pack with a newer delta or file; this one stays as it is. Throws PackRefused. */
  async update(bytes) {
    const known = { trust: this.#trust, seen: this.sequence };
    const [delta, more] = framesOf(new Uint8Array(bytes));
    if (delta.header.base === null) return openPack(bytes, known);
    if (more) throw damaged("it has to be one delta, or a whole file");
    await believe(delta, this.#trust);
    return made(this.#full, delta, known);
  }

  /**
   * The answer to what was scanned, as a look-up online gives it (docs/http.md).
   * `at`: a Date, milliseconds or a text; now, if none. Throws PackRefused `pack_too_old`.
   */
  async check(scanned, { at = Date.now() } = {}) {
    const clock = instantOf(at);
    if (clock > Date.parse(this.valid_until)) {
      throw new PackRefused("pack_too_old", "The pack is past its limit: fetch a newer one.");
    }
    const now = Math.max(clock, Date.parse(this.as_of)); // a clock before it is wrong
    const code = bytesOf(scanned, this.prefix);
    if (!code) return plain(MALFORMED, this.as_of);
    if (this.#record.unavailable.has(code.batch)) return plain(UNAVAILABLE, this.as_of);
    const row = this.#record.batches.get(code.batch);
    if (!row) return this.#notInPack(code.batch);
    const batch = await this.#batch(code.batch, row);
    if (!(await isIssued(code, batch))) return plain(UNKNOWN, this.as_of);
    const subject = this.#subject(code, batch);
    return subject ? answerOf(subject, now, this.as_of) : plain(UNAVAILABLE, this.as_of);
  }

  /** It may have been issued since, unless its number is of the other environment. */
  #notInPack(number) {
    const answer = plain(UNKNOWN, this.as_of);
    if (number >= FIRST_TEST_BATCH === (this.environment === "sandbox")) {
      answer.reasons.push("newer_than_pack");
      answer.advice = "ask";
    }
    return answer;
  }

  async #batch(number, row) {
    if (!this.#batches.has(number)) this.#batches.set(number, await laidOut(row));
    return this.#batches.get(number);
  }

  #subject(code, batch) {
    const place = bindingAt(batch, code.index);
    if (place < 0) return null;
    const { products, producers, lots, bindings } = this.#record;
    const [state, lot, revokedOn] = bindings[place];
    return {
      stamp: { batch: code.batch, index: code.index },
      state,
      revokedOn,
      lot: lot < 0 ? null : lots[lot],
      product: products[batch.product],
      producer: producers[batch.producer],
    };
  }
}

const isIssued = async ({ raw, index }, { key, quantity }) =>
  index <= quantity &&
  verifies(key, joined(STAMP_CONTEXT, raw.subarray(0, 8)), raw.subarray(8));

function instantOf(at) {
  const instant = new Date(at).getTime();
  if (Number.isNaN(instant)) throw new RangeError("not a time: a Date, milliseconds or RFC 3339");
  return instant;
}
