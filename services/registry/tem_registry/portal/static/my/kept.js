// Requests that this device keeps until the server has answered them. Nothing secret is kept: the
// fields of a form and its Idempotency-Key, whose it is, when. Each is of one login, and is never
// sent as another. Sent twice it acts once: that is what the key is for.

const STORE = "tem.kept";
const ANSWER_MS = 20_000;
const TOKEN = "csrf_token";

/** All that is kept, oldest first: {id, login, path, fields, what, from, at, state, why, to}. */
export function kept() {
  try {
    return JSON.parse(localStorage.getItem(STORE)) ?? [];
  } catch {
    return [];
  }
}

function write(all) {
  localStorage.setItem(STORE, JSON.stringify(all));
  dispatchEvent(new Event("kept"));
}

/** Keep a form before it is sent. Throws where the browser keeps nothing. */
export function keep(form, login) {
  const fields = [...new FormData(form)].filter(([name]) => name !== TOKEN);
  const id = form.elements.idempotency_key.value;
  const from = location.pathname + location.search;
  const one = { id, login, path: new URL(form.action).pathname, fields, what: form.dataset.keep };
  const rest = kept().filter((other) => other.id !== id);
  write([...rest, { ...one, from, at: new Date().toISOString(), state: "waiting" }]);
  return id;
}

/** Forget one. */
export function drop(id) {
  write(kept().filter((one) => one.id !== id));
}

function note(id, found) {
  write(kept().map((one) => (one.id === id ? { ...one, ...found } : one)));
}

function ask(path, given) {
  return fetch(path, { ...given, signal: AbortSignal.timeout?.(ANSWER_MS) });
}

async function session() {
  const answer = await ask("/session", { headers: { Accept: "application/json" } });
  return answer.ok ? answer.json() : Promise.reject(new Error(String(answer.status)));
}

/**
 * What an answer means: done, refused, signed out, or to be sent again. Only what our server says
 * ends it: a hotel's sign-in page in between is no answer, whatever its status.
 */
export function meaning(status, told) {
  if (status === 200 && told.to) return "done";
  if (status === 401 && told.code) return "signed_out";
  const isOurs = "code" in told || "sentence" in told;
  const isFinal = status >= 400 && status < 500 && ![408, 429].includes(status);
  return isOurs && isFinal && told.code !== "form_not_ours" ? "refused" : "waiting";
}

async function send(one, token) {
  note(one.id, { state: "sending" });
  const answer = await ask(one.path, {
    method: "POST",
    headers: { Accept: "application/json", "X-CSRF-Token": token },
    body: new URLSearchParams(one.fields),
  });
  const told = await answer.json().catch(() => ({}));
  const state = meaning(answer.status, told);
  const why = told.sentence || Object.values(told.faults ?? {}).join(" ");
  note(one.id, { state, why, to: told.to ?? "" });
}

const unsent = (one) => ["waiting", "sending", "signed_out"].includes(one.state);

/** Send what is kept of whoever is signed in. True: nothing is left that another try could send. */
export async function sendAll() {
  if (!kept().some(unsent)) return true;
  try {
    const now = await session();
    for (const one of kept().filter(unsent)) {
      if (one.login === now.login) await send(one, now.csrf_token);
      else note(one.id, { state: "signed_out" });
    }
  } catch {
    for (const one of kept()) if (one.state === "sending") note(one.id, { state: "waiting" });
    return false;
  }
  return !kept().some((one) => one.state === "waiting");
}
