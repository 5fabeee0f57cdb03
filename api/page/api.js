// The API over HTTP. A refusal becomes a `Problem`, in the API's own words.
class Problem extends Error {
  constructor(status, { errors, detail, title }) {
    super(errors?.[0] ? `${detail}: ${errors[0].pointer} ${errors[0].reason}` : detail ?? title);
    this.status = status;
  }
}

export const JOBS = "/api/enrichment/jobs";
export const jobPath = (id, rest = "") => `${JOBS}/${encodeURIComponent(id)}${rest}`;

export async function call(method, path, body) {
  const headers = body === undefined ? {} : { "Content-Type": "application/json" };
  const answer = await fetch(path, { method, headers, body: body && JSON.stringify(body), signal: AbortSignal.timeout(20_000) });
  const content = answer.status === 204 ? {} : await answer.json().catch(() => ({ title: answer.status }));
  if (answer.ok) return content;
  if (answer.status === 401 && method !== "POST") dispatchEvent(new Event("signed-out"));
  throw new Problem(answer.status, content);
}

export const get = (path) => call("GET", path);
export const post = (path, body) => call("POST", path, body);
