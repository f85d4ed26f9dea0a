// The till file driven from Python: one JSON request a line in, one JSON answer a line out.
//   {"open": base64, "trust": {…}, "seen": n}   {"update": base64}   {"check": [[code, at], …]}
// An instant of null is the clock of this machine.
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const { openPack, PackRefused } = await import(pathToFileURL(process.argv[2]));
const bytesOf = (base64) => Buffer.from(base64, "base64");
let pack = null;

const ACTS = {
  open: async (file, known) => (pack = await openPack(bytesOf(file), known)),
  update: async (file) => (pack = await pack.update(bytesOf(file))),
  check: (asked) =>
    Promise.all(asked.map(([code, at]) => pack.check(code, { at: at ?? undefined }))),
  age: (at) => pack.age(at ?? undefined),
  clock: () => pack.clock,
  time: timed,
};

async function timed([file, code, rounds], { trust, at }) {
  const begun = performance.now();
  const opened = await openPack(bytesOf(file), { trust });
  const open = performance.now() - begun;
  const checking = performance.now();
  for (let i = 0; i < rounds; i += 1) await opened.check(code, { at });
  const check = (performance.now() - checking) / rounds;
  return { open_ms: open, check_ms: check, memory_mb: process.memoryUsage().rss / 2 ** 20 };
}

async function told(request) {
  const [[act, what]] = Object.entries(request);
  try {
    return await ACTS[act](what, request);
  } catch (error) {
    if (error instanceof PackRefused) return { refused: error.code };
    return { failed: String(error.stack) };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await told(JSON.parse(line)))}\n`);
}
