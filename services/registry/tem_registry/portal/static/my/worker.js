// The service worker: keeps the look of the pages and the one page for the time without a signal.
// Every page and every call goes to the server; nothing that was recorded is kept or served here.
/* global ASSETS, SCANNER: the address of this version's static files, and those that scan; from /sw.js */

const STORE = `tem ${ASSETS}`;
const OFFLINE = "/offline";
const FILES = ["portal.css", "portal.js", "stamp.svg", "my/kept.js", "my/kept-bar.js", "my/sender.js"];

/** The offline page in a language, asked for without cookies: it is nobody's. */
async function keepPage(lang) {
  const store = await caches.open(STORE);
  const held = await store.match(OFFLINE);
  if (held?.headers.get("Content-Language") === lang) return;
  const answer = await fetch(OFFLINE, { credentials: "omit", headers: { "Accept-Language": lang } });
  if (answer.ok) await store.put(OFFLINE, answer);
}

async function keepAll() {
  const store = await caches.open(STORE);
  await store.addAll(FILES.map((name) => ASSETS + name));
  await keepPage("vi");
}

async function dropOthers() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name !== STORE).map((name) => caches.delete(name)));
}

/** The scanner is many small files: with them at hand it opens at once however weak the signal. */
async function keepScanner() {
  const store = await caches.open(STORE);
  await store.addAll(SCANNER.map((name) => ASSETS + name)).catch(() => {});
}

self.addEventListener("install", (event) => {
  self.skipWaiting();
  event.waitUntil(keepAll());
});
self.addEventListener("activate", (event) => event.waitUntil(dropOthers().then(keepScanner)));
self.addEventListener("message", (event) => event.waitUntil(keepPage(event.data === "en" ? "en" : "vi").catch(() => {})));

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin) return;
  if (request.mode === "navigate") {
    event.respondWith(fetch(request).catch(async () => (await caches.match(OFFLINE)) ?? Response.error()));
  } else if (url.pathname.startsWith(ASSETS)) {
    event.respondWith(caches.match(request).then((found) => found ?? fetch(request)));
  }
});
