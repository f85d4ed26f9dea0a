// The stamp code, version 1, as a browser reads it (docs/stamp-format.md). Pure: no page, no
// network, so a roll can be scanned where there is no signal. Who the stamp belongs to, and
// whether it was ever issued, is the registry's to say.
//
// Readers answer {batch, index, serial} or {problem: code}.

const CODE = /^(?:https?:\/\/[^\s/?#@]+\/s\/)?([0-9]{174})$/;
const LIMIT = 1n << 576n;
const MAX_BATCH = 2 ** 32 - 1;
const MAX_INDEX = 2 ** 24 - 1;
const DASHES = /[\p{Dash_Punctuation}\u2212]+/u;
const BLANKS = /[\s\u200B\u2060\uFEFF]+/gu;

/** The two digits after a printed serial: ISO/IEC 7064, MOD 97-10. */
export function checkDigits(batch, index) {
  const number = String(batch).padStart(10, "0") + String(index).padStart(8, "0");
  return String(98n - (BigInt(number) * 100n) % 97n).padStart(2, "0");
}

/** The serial printed on a stamp: `<batch>-<index>-<check digits>`. */
export function serialOf(batch, index) {
  return `${batch}-${index}-${checkDigits(batch, index)}`;
}

/** What a QR symbol says: the address of a stamp at any host, or its bare digits. */
export function readSymbolText(text) {
  const digits = CODE.exec(text)?.[1];
  const value = digits === undefined ? LIMIT : BigInt(digits);
  if (value >= LIMIT) return { problem: "not_a_stamp" };
  const body = value >> 512n; // the signature, 64 bytes, stays behind
  const version = body >> 56n;
  const batch = Number((body >> 24n) & 0xffffffffn);
  const index = Number(body & 0xffffffn);
  if (version !== 1n || batch === 0 || index === 0) return { problem: "not_a_stamp" };
  return { batch, index, serial: serialOf(batch, index) };
}

/**
 * A serial as people type it: blanks, any dash, full-width digits and leading zeros are forgiven;
 * where a keyboard has no dash, blanks or full stops stand between the numbers.
 */
export function readSerial(text) {
  const typed = text.normalize("NFKC").trim();
  const parts = DASHES.test(typed) ? typed.split(DASHES) : typed.split(/[\s.]+/u);
  const [batch, index, check] = parts.map((part) => part.replace(BLANKS, ""));
  const isWhole = parts.length === 3 && /^[0-9]+$/.test(batch + index) && batch && index;
  if (!isWhole || !/^[0-9]{2}$/.test(check)) return { problem: "serial_incomplete" };
  return checked(Number(batch), Number(index), check);
}

function checked(batch, index, check) {
  const exists = batch >= 1 && batch <= MAX_BATCH && index >= 1 && index <= MAX_INDEX;
  if (!exists || checkDigits(batch, index) !== check) return { problem: "check_digits_wrong" };
  return { batch, index, serial: serialOf(batch, index) };
}

/** What stands in a field: a serial, or the address that a hand-held scanner types. */
export function readField(text) {
  const stamp = readSymbolText(text.trim());
  return stamp.problem ? readSerial(text) : stamp;
}
