/*
 * Stamps of OCOP products, answered at the till with no network. One file, no dependency:
 * browsers with WebCrypto Ed25519 (Chromium 137, Firefox 129, Safari 17) on https or localhost,
 * and Node 20 or newer.
 *
 *   import { openPack } from "./tem-till.js";
 *
 *   const trust = await (await fetch("trust.json")).json(); // kept with the till, not asked for
 *   const seen = Number(localStorage.getItem("seen"));      // 0 the first time
 *   let pack = await openPack(bytes, { trust, seen });      // ArrayBuffer or Uint8Array
 *   localStorage.setItem("seen", pack.sequence);            // give it back the next time
 *
 *   const answer = await pack.check(scanned);               // 174 digits or the stamp's address
 *   answer.advice                                           // "allow", "ask" (a person) or "stop"
 *   pack.age()                                              // how old the knowledge is, and
 *                                                           // whether the clock can be right
 *   pack = await pack.update(bytes);                        // a delta, or a whole newer file
 *
 * A pack or a delta that cannot be believed throws PackRefused with a stable `code`; the pack in
 * hand stays as it is. The format, and what every answer says: docs/offline-packs.md.
 */

const DIGITS = /^[0-9]{174}$/;
const CODE_LIMIT = 1n << 576n;
const [HOUR, DAY] = [3_600_000, 86_400_000];
const VIETNAM = 7 * HOUR; // one offset since 1975, and no summer time
const [FIRST_TEST_BATCH, MOST_BATCH, MOST_INDEX] = [0xf0000000, 0xffffffff, 0xffffff];
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

/** A text whose order is that of its code points: of itself it would be that of UTF-16. */
const points = (said) =>
  Array.from(said, (one) => one.codePointAt(0).toString(16).padStart(6, "0")).join("");

/** The newest of some certificates: by its beginning, its end, its withdrawal, then its id. */
function newest(cards) {
  const rank = (card) => [
    ...[card.valid_from, card.valid_until, card.revoked_on || "9999-12-31"],
    points(card.certificate_id),
  ];
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

/* ---- Cards: whether they say what an answer needs ------------------------------------------- */

const isText = (value) => typeof value === "string";
const isCard = (one) => one !== null && typeof one === "object" && !Array.isArray(one);
const isDay = (value) =>
  isText(value) &&
  /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/.test(value) &&
  value >= "0001" &&
  !Number.isNaN(Date.parse(value)) &&
  new Date(value).toJSON().startsWith(value);
const isInstant = (value) =>
  isText(value) &&
  /T[0-9]{2}(:[0-9]{2}){2}([.][0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})$/.test(value) &&
  isDay(value.split("T")[0]) &&
  !Number.isNaN(Date.parse(value));
const orNone = (isKind) => (value) => value === null || isKind(value);
const isAnything = () => true; // but there
const isListOf = (kinds) => (value) =>
  Array.isArray(value) && value.every((one) => has(one, kinds));
const has = (card, kinds) =>
  isCard(card) &&
  Object.keys(kinds).every((name) => Object.hasOwn(card, name) && kinds[name](card[name]));

const CERTIFICATE_CARD = {
  ...Object.fromEntries([...TERM, ...REVOCATION, "stars"].map((name) => [name, isAnything])),
  certificate_id: isText,
  valid_from: isDay,
  valid_until: isDay,
  revoked_on: orNone(isDay),
};
const STATUSES = ["active", "suspended", "ceased"];
const STATUS_CARD = { status: (value) => STATUSES.includes(value), since: isDay };
const RECALL_CARD = { ordered_on: isDay, lifted_at: orNone(isInstant) };
const LOT_CARD = {
  ...Object.fromEntries(LOT.map((name) => [name, isAnything])),
  production_date: isDay,
  best_before: orNone(isDay),
  window_ends_on: isDay,
  recalls: isListOf(RECALL_CARD),
};

const FORGOTTEN_CARD = { undated: (value) => value === true, window_ends_on: isDay };

/** Whether nothing is missing or of another kind; else dates would compare as if they were fine. */
function isWhollyTold({ lot, product, producer }) {
  if (!lot) return true;
  if (lot.closed) return lot.undated === false || has(lot, FORGOTTEN_CARD);
  return (
    has(lot, LOT_CARD) &&
    has(product, { certificates: isListOf(CERTIFICATE_CARD) }) &&
    has(producer, { statuses: isListOf(STATUS_CARD) })
  );
}

/* ---- Points of the curve: docs/stamp-format.md, "A good signature" -------------------------- */

const P = 2n ** 255n - 19n;
const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;
const mod = (value) => ((value % P) + P) % P;

function power(base, exponent) {
  let out = 1n;
  for (let rest = exponent; rest; rest >>= 1n) {
    if (rest & 1n) out = mod(out * base);
    base = mod(base * base);
  }
  return out;
}

const D = mod(-121665n * power(121666n, P - 2n));
const ROOT_OF_MINUS_ONE = power(2n, (P - 1n) / 4n);
const heightOf = (raw) => BigInt(`0x${toHex(raw.slice().reverse())}`) & (2n ** 255n - 1n);

// The heights (y) of the eight points of small order, for either sign of x.
const SMALL_ORDER = new Set([
  ...[0n, 1n, P - 1n],
  heightOf(fromHex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")),
  heightOf(fromHex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a")),
]);

/** Whether 32 bytes are the one spelling of a point that is not of small order: libraries differ. */
function isSound(raw) {
  const y = heightOf(raw);
  return y < P && !SMALL_ORDER.has(y);
}

/** The sum of two points in extended coordinates (RFC 8032, section 5.1.4); it doubles too. */
function sum(one, other) {
  const a = mod((one[1] - one[0]) * (other[1] - other[0]));
  const b = mod((one[1] + one[0]) * (other[1] + other[0]));
  const [c, d] = [mod(2n * D * one[3] * other[3]), mod(2n * one[2] * other[2])];
  const [e, f, g, h] = [b - a, d - c, d + c, b + a];
  return [mod(e * f), mod(g * h), mod(f * g), mod(e * h)];
}

/** Whether a sound point is on the curve and of no mixed order; the sign of x changes neither. */
function isOfPrimeOrder(raw) {
  const y = heightOf(raw);
  const square = mod((y * y - 1n) * power(D * y * y + 1n, P - 2n));
  let x = power(square, (P + 3n) / 8n);
  if (mod(x * x) !== square) x = mod(x * ROOT_OF_MINUS_ONE);
  if (mod(x * x) !== square) return false;
  let [point, total] = [[x, y, 1n, mod(x * y)], [0n, 1n, 1n, 0n]];
  for (let rest = ORDER; rest; rest >>= 1n) {
    if (rest & 1n) total = sum(total, point);
    point = sum(point, point);
  }
  return total[0] === 0n && total[1] === total[2];
}

/* ---- Signatures ---------------------------------------------------------------------------- */

async function keyOf(raw) {
  if (!isSound(raw)) return null;
  try {
    return await crypto.subtle.importKey("raw", raw, { name: "Ed25519" }, false, ["verify"]);
  } catch (error) {
    if (error.name === "NotSupportedError") throw error; // not a word about the pack
    return null; // no point of the curve
  }
}

async function verifies(key, message, signature) {
  if (!key || signature.length !== 64 || !isSound(signature.subarray(0, 32))) return false;
  return crypto.subtle.verify("Ed25519", key, signature, message);
}

const sha256 = async (bytes) => toHex(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));

const STAMP_CONTEXT = bytesOfText("tem-stamp-v1\0");
const HEADER_CONTEXT = bytesOfText("tem-pack-v1\0");
const MANIFEST_CONTEXT = bytesOfText("tem-manifest-v1\0");
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
const LONGEST = 60 * DAY; // that a pack may answer
const isWhole = (value) => Number.isSafeInteger(value) && value >= 0;
const isBatch = (value) => isWhole(value) && value >= 1 && value <= MOST_BATCH;
const isIndex = (value) => isWhole(value) && value >= 1 && value <= MOST_INDEX;
const isHex = (value) => typeof value === "string" && /^[0-9a-f]{64}$/.test(value);
const isEnvironment = (value) => value === "production" || value === "sandbox";
const isTime = (value) =>
  isText(value) &&
  /^[0-9]{4}(-[0-9]{2}){2}T[0-9]{2}(:[0-9]{2}){2}Z$/.test(value) &&
  value >= "0001" &&
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

const isPrintable = (value) => isText(value) && /^[!-~]{1,200}$/.test(value);
const MANIFEST = {
  batch: isBatch,
  code_file_sha256: isHex,
  fingerprints_sha256: isHex,
  format: (value) => value === "tem-manifest-v1",
  hashes_sha256: isHex,
  host: isPrintable,
  issued_at: isTime,
  last_index: isIndex,
  office_key_id: isHex,
  producer: isPrintable,
  product: isPrintable,
  public_key: isHex,
  quantity: isIndex,
};

/** Canonical JSON with exactly these fields; null for any other. */
function canonical(bytes, kinds) {
  try {
    const said = utf8.decode(bytes);
    const fields = JSON.parse(said);
    const again = JSON.stringify(fields, Object.keys(kinds)).replace(
      /[^ -~]/g,
      (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`,
    );
    return again === said && has(fields, kinds) ? fields : null;
  } catch {
    return null;
  }
}

function headerOf(bytes) {
  const header = canonical(bytes, HEADER);
  if (!header) throw damaged("its header is not in its one spelling");
  const [asOf, until] = [Date.parse(header.as_of), Date.parse(header.valid_until)];
  // No far number and no far end: a stolen pack key must not blind tills for good.
  if (asOf > until || until - asOf > LONGEST || header.sequence * 1000 > asOf + DAY) {
    throw damaged("its header says what none may say");
  }
  return header;
}

function certificateOf(bytes) {
  const certificate = canonical(bytes, CERTIFICATE);
  if (!certificate || certificate.valid_from > certificate.valid_until) {
    throw damaged("its certificate is not in its one spelling");
  }
  return certificate;
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
    frame.header = headerOf(frame.headerBytes);
    frame.certificate = certificateOf(frame.certificateBytes);
    frames.push(frame);
  } while (at < bytes.length && frames.length < 2);
  if (at < bytes.length) throw damaged("bytes are left over");
  return frames;
}

/* ---- Trust: which keys, and what they vouch for --------------------------------------------- */

const OFFICE_KEY = {
  public_key: isHex,
  purpose: (value) => value === "manifest",
  state: (value) => value === "active" || value === "frozen",
  first_batch: isBatch,
  last_batch: isBatch,
};
const isOfficeKey = (one) =>
  has(one, OFFICE_KEY) &&
  one.first_batch <= one.last_batch &&
  (one.accepted === undefined || (Array.isArray(one.accepted) && one.accepted.every(isHex)));

/** A trust list (`trust.json`) as readers need it. Throws PackRefused `trust_unreadable`. */
async function trusted(list) {
  const keys = new Map();
  let fits = isCard(list) && list.format === "tem-trust-v1" && isEnvironment(list.environment);
  fits &&= Array.isArray(list.office_keys) && list.office_keys.every(isOfficeKey);
  for (const one of fits ? list.office_keys : []) {
    const raw = fromHex(one.public_key);
    const [id, key] = [await sha256(raw), await keyOf(raw)];
    fits &&= key !== null && !keys.has(id); // of one that stands twice, which would count?
    keys.set(id, { accepted: [], ...one, id, key });
  }
  if (!fits) {
    throw new PackRefused(
      "trust_unreadable",
      "This is no trust list: fetch it once over a way you trust (GET /v1/trust).",
    );
  }
  return { environment: list.environment, keys };
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
  const office = trust.keys.get(certificate.office_key_id);
  if (!office || office.state !== "active") return false; // a thief of a frozen one writes any date
  const last = trust.environment === "sandbox" ? MOST_BATCH : FIRST_TEST_BATCH - 1;
  const message = joined(CERTIFICATE_CONTEXT, frame.certificateBytes);
  return (
    office.first_batch <= last &&
    last <= office.last_batch && // a retired one vouches for no pack
    (await verifies(office.key, message, frame.certificateSignature)) &&
    (await sha256(packKey)) === header.pack_key_id &&
    certificate.valid_from <= header.as_of &&
    header.valid_until <= certificate.valid_until
  );
}

/** The manifest that an office key vouches for; null if none does. */
async function accepted(said, signature, trust) {
  const bytes = bytesOfText(said);
  const signer = await signerOf(joined(MANIFEST_CONTEXT, bytes), signature, trust);
  const manifest = signer && canonical(bytes, MANIFEST);
  if (!manifest || manifest.office_key_id !== signer.id) return null;
  const { batch, quantity, last_index } = manifest;
  const mayBe =
    quantity < last_index &&
    signer.first_batch <= batch &&
    batch <= signer.last_batch &&
    batch >= FIRST_TEST_BATCH === (trust.environment === "sandbox") &&
    (signer.state === "active" || signer.accepted.includes(await sha256(bytes)));
  return mayBe && (await mayMakeStamps(fromHex(manifest.public_key), trust)) ? manifest : null;
}

async function signerOf(message, signature, trust) {
  for (const office of trust.keys.values()) {
    if (await verifies(office.key, message, signature)) return office;
  }
  return null;
}

const mayMakeStamps = async (raw, trust) =>
  isSound(raw) && isOfPrimeOrder(raw) && !trust.keys.has(await sha256(raw));

/* ---- Payloads ------------------------------------------------------------------------------ */

/** What `read` makes of a payload whose digest was signed. */
async function unpacked(frame, read) {
  if ((await sha256(frame.payload)) !== frame.header.payload_sha256) {
    throw damaged("its digest differs");
  }
  try {
    const payload = JSON.parse(utf8.decode(await gunzipped(frame)));
    if (!areWhole(payload)) throw damaged("a number in it is not whole");
    return read(payload);
  } catch (error) {
    throw error instanceof PackRefused ? error : damaged("its content cannot be read");
  }
}

function areWhole(value) {
  if (typeof value === "number") return Number.isSafeInteger(value);
  return value === null || typeof value !== "object" || Object.values(value).every(areWhole);
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
  for (const one of payload.batches) batches.set(one?.[0], one);
  const whole = { ...record, batches, unavailable: new Set(payload.unavailable) };
  const fits =
    new Set(payload.batches.map((one) => one?.[0])).size === payload.batches.length &&
    [...payload.unavailable, ...(payload.removed ?? [])].every(isBatch) &&
    [...whole.products, ...whole.producers, ...whole.lots].every(isCard) &&
    whole.bindings.every((one) => bindingFits(one, whole)) &&
    [...batches.values()].every((one) => batchFits(one, whole));
  if (!fits) throw damaged("its content does not fit");
  return whole;
}

const STATES = new Set(["issued", "delivered", "activated", "void", "revoked"]);
const isPlace = (place, list, least = 0) =>
  Number.isInteger(place) && place >= least && place < list.length;
const isListOfLength = (value, length) => Array.isArray(value) && value.length === length;

function bindingFits(binding, { lots }) {
  if (!isListOfLength(binding, 3)) return false;
  const [state, lot, revokedOn] = binding;
  return STATES.has(state) && isPlace(lot, lots, -1) && (revokedOn === null || isText(revokedOn));
}

function batchFits(batch, { products, producers, bindings }) {
  if (!isListOfLength(batch, 6)) return false;
  const [number, manifest, signature, product, producer, runs] = batch;
  return (
    isBatch(number) &&
    isText(manifest) &&
    isText(signature) &&
    /^[A-Za-z0-9_-]{85}[AQgw]$/.test(signature) && // of 64 bytes the one spelling
    isPlace(product, products) &&
    isPlace(producer, producers) &&
    runsFit(runs, bindings)
  );
}

const runsFit = (runs, bindings) =>
  Array.isArray(runs) &&
  runs.length % 2 === 0 &&
  runs.every((one, i) => (i % 2 ? isPlace(one, bindings, -1) : isIndex(one))) &&
  isIndex(runs.reduce((total, one, i) => (i % 2 ? total : total + one), 0));

/** A batch as look-ups need it, once its manifest is believed; null if it is not. */
async function laidOut([number, said, signature, product, producer, runs], record, trust) {
  const manifest = await accepted(said, fromBase64url(signature), trust);
  const lasts = new Uint32Array(runs.length / 2); // for bisecting: the last index of each run
  let last = 0;
  for (let i = 0; i < lasts.length; i += 1) lasts[i] = last += runs[2 * i];
  const fits =
    manifest?.batch === number &&
    manifest.product === record.products[product].product_id &&
    manifest.producer === record.producers[producer].producer_id &&
    manifest.quantity === last;
  if (!fits) return null;
  const key = await keyOf(fromHex(manifest.public_key));
  return { key, quantity: last, product, producer, runs, lasts };
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
 * the highest `sequence` this till has ever accepted, `clock` the `pack.clock` kept with it.
 * Throws PackRefused.
 */
export async function openPack(bytes, { trust, seen = 0, clock = null }) {
  if (!isWhole(seen) || !(clock === null || Number.isFinite(clock))) {
    throw new PackRefused(
      "pack_seen_damaged",
      "`seen` is a whole number (0 the first time), `clock` milliseconds: give back what was kept.",
    );
  }
  return opened(bytes, { trust: await trusted(trust), seen, clock });
}

async function opened(bytes, known) {
  const [first, delta] = framesOf(new Uint8Array(bytes));
  if (first.header.base !== null || delta?.header.base === null) {
    throw damaged("it has to be a full frame, and at most one delta");
  }
  await believe(first, known.trust);
  if (delta) await believe(delta, known.trust);
  const full = { ...first, record: await unpacked(first, recordOf) };
  return made(full, delta, known);
}

/** A pack of a full frame and, if there is one, a delta, both believed. */
async function made(full, delta, { trust, seen, clock }) {
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
  return new Pack(full, delta, record, trust, header.sequence === seen ? clock : null);
}

/** What is known of all stamps as of one time. Made by `openPack`; never altered. */
class Pack {
  #full;
  #record;
  #trust;
  #clock;
  #batches = new Map();

  constructor(full, delta, record, trust, clock) {
    const { header } = delta ?? full;
    this.#clock = Math.max(clock ?? -Infinity, Date.parse(header.as_of));
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

  /** The latest clock it was asked by, in milliseconds: keep it with `sequence`. */
  get clock() {
    return this.#clock;
  }

  /**
   * How old the knowledge is at a time (a Date, milliseconds or a text; now, if none). A clock more
   * than an hour behind `as_of`, or one that it was asked by, is wrong: nobody knows then.
   */
  age(at) {
    const { clock, latest } = this.#timeAt(at);
    const isWrong = clock < latest - HOUR;
    return {
      as_of: this.as_of,
      valid_until: this.valid_until,
      seconds: isWrong ? null : Math.floor((latest - Date.parse(this.as_of)) / 1000),
      clock_is_wrong: isWrong,
      is_too_old: latest > Date.parse(this.valid_until),
    };
  }

  /** What the clock says, and the latest that is known: time does not go back. */
  #timeAt(at) {
    if (at === undefined) {
      const clock = Date.now();
      this.#clock = Math.max(this.#clock, clock);
      return { clock, latest: this.#clock };
    }
    const clock = instantOf(at); // moved: it is not remembered, nor held against another
    return { clock, latest: Math.max(clock, Date.parse(this.as_of)) };
  }

  /** The pack with a newer delta or file; this one stays as it is. Throws PackRefused. */
  async update(bytes) {
    const known = { trust: this.#trust, seen: this.sequence, clock: this.#clock };
    const [delta, more] = framesOf(new Uint8Array(bytes));
    if (delta.header.base === null) return opened(bytes, known);
    if (more) throw damaged("it has to be one delta, or a whole file");
    await believe(delta, this.#trust);
    return made(this.#full, delta, known);
  }

  /**
   * The answer to what was scanned, as a look-up online gives it (docs/http.md).
   * `at`: a Date, milliseconds or a text; now, if none. Throws PackRefused `pack_too_old`.
   */
  async check(scanned, { at } = {}) {
    const now = this.#timeAt(at).latest;
    if (now > Date.parse(this.valid_until)) {
      throw new PackRefused("pack_too_old", "The pack is past its limit: fetch a newer one.");
    }
    const code = bytesOf(scanned, this.prefix);
    if (!code) return plain(MALFORMED, this.as_of);
    if (this.#record.unavailable.has(code.batch)) return plain(UNAVAILABLE, this.as_of);
    const row = this.#record.batches.get(code.batch);
    if (!row) return this.#notInPack(code.batch);
    const batch = await this.#batch(code.batch, row);
    if (!batch) return plain(UNAVAILABLE, this.as_of);
    if (!(await isIssued(code, batch))) return plain(UNKNOWN, this.as_of);
    const subject = this.#subject(code, batch);
    if (!subject || !isWhollyTold(subject)) return plain(UNAVAILABLE, this.as_of);
    return answerOf(subject, now, this.as_of);
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

  /** Looked at with its first code, and remembered. */
  #batch(number, row) {
    if (!this.#batches.has(number)) {
      this.#batches.set(number, laidOut(row, this.#record, this.#trust));
    }
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
  const instant = at === null ? NaN : new Date(at).getTime();
  if (Number.isNaN(instant)) throw new RangeError("not a time: a Date, milliseconds or RFC 3339");
  return instant;
}
