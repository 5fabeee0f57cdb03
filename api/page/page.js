// Shows the dashboard, anew every two seconds. All of it is text: nothing that a candidate wrote can become markup.
const EVERY_MS = 2000;
const place = (id) => document.getElementById(id);

function element(tag, { text, className, ...attributes } = {}, ...children) {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

const UNITS = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];

function age(since, now) {
  if (!since) return "–";
  const seconds = Math.max(0, Math.round((now - new Date(since)) / 1000));
  const [size, unit] = UNITS.find(([size]) => seconds >= size) ?? [1, "s"];
  return `${Math.floor(seconds / size)} ${unit}`;
}

function fill(body, rows, columns, otherwise) {
  const none = element("tr", {}, element("td", { text: otherwise, className: "empty", colspan: columns }));
  body.replaceChildren(...(rows?.length ? rows : [none]));
}

const row = (...cells) => element("tr", {}, ...cells);
const text = (value, className) => element("td", { text: value, className });
const number = (value) => text(value, "n");

function queueRow([band, queue], now) {
  return row(text(band), number(queue.pending), number(`${queue.running} / ${queue.slots}`), number(queue.workers),
    number(age(queue.oldestPendingAt, now)));
}

function jobRow(job, now) {
  const link = element("a", { text: `…${job.jobId.slice(-12)}`, href: job.links.self, title: job.jobId });
  const bar = element("progress", { max: 100, value: job.progress.percentage, "aria-label": "progress" });
  const stage = job.errorCode ?? job.progress.stage.replaceAll("_", " ");
  return row(element("td", {}, link), text(job.type.replaceAll("_", " ")), number(job.priority),
    text(job.status.replaceAll("_", " "), job.status),
    element("td", { title: job.progress.message }, bar, ` ${job.progress.percentage} % ${stage}`),
    number(`${age(job.createdAt, now)} ago`));
}

// Temporal's Web UI shows the runs behind the jobs; where it is known, the word leads there.
function component([text, className, url]) {
  const words = url ? element("a", { text, href: url, rel: "noreferrer" }) : text;
  return element("li", { className }, words);
}

function show(facts) {
  const now = new Date(facts.at);
  const { health, queues, jobs } = facts;
  const parts = ["database", "temporal", "redis"].map((name) =>
    health[name] === "up" ? [name, "", name === "temporal" && facts.temporalUi] : [`${name} is down`, "bad"]);
  parts.push([health.workers === 1 ? "1 worker" : `${health.workers} workers`, health.workers ? "" : "bad"]);
  place("health").replaceChildren(...parts.map(component));
  fill(place("queues"), Object.entries(queues ?? {}).map((queue) => queueRow(queue, now)), 5, "not known now");
  fill(place("jobs"), jobs?.map((job) => jobRow(job, now)), 6, jobs ? "no job yet" : "not known now");
  place("live").textContent = `${health.status}, as of ${now.toLocaleTimeString()}`;
}

async function refresh() {
  try {
    if (!document.hidden) {
      const answer = await fetch("/api/queue/dashboard", { signal: AbortSignal.timeout(10_000) });
      if (!answer.ok) throw new Error(answer.status);
      show(await answer.json());
    }
  } catch {
    place("live").textContent = "reconnecting";
  }
  setTimeout(refresh, EVERY_MS);
}

refresh();
