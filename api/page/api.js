// The API over HTTP. A refusal becomes a `Problem`, in the API's own words.
export class Problem extends Error {
  constructor(status, body) {
    super(body.errors?.[0] ? `${body.detail}: ${body.errors[0].pointer} ${body.errors[0].reason}` : body.detail ?? body.title);
    this.status = status;
    this.code = body.code;
  }
}

export const JOBS = "/api/enrichment/jobs";

export async function call(method, path, body) {
  const headers = body === undefined ? {} : { "Content-Type": "application/json" };
  const answer = await fetch(path, { method, headers, body: body && JSON.stringify(body), signal: AbortSignal.timeout(20_000) });
  const content = answer.status === 204 ? {} : await answer.json().catch(() => ({ title: `${answer.status}` }));
  if (answer.ok) return content;
  if (answer.status === 401) dispatchEvent(new Event("signed-out"));
  throw new Problem(answer.status, content);
}

export const get = (path) => call("GET", path);
export const post = (path, body) => call("POST", path, body);
export const jobPath = (id, rest = "") => `${JOBS}/${encodeURIComponent(id)}${rest}`;
