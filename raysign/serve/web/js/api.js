/* The one way to the server: every request with the tab's session and, where there is one, the
   token. A refusal is thrown as the server's own sentence. */
import { say } from "./texts.js";

const ROOT = "/api/v1/";

export class Refused extends Error {
  constructor(status, problem, retryAfter) {
    super(problem.text);
    this.status = status;
    this.kind = problem.kind;
    this.retryAfter = retryAfter;
  }
}

/* A replica keeps the takes of a tab, so all its requests go to the same one. */
function session() {
  const [name, bytes] = ["raysign.session", new Uint8Array(16)];
  if (!sessionStorage.getItem(name)) {
    crypto.getRandomValues(bytes);
    sessionStorage.setItem(name, Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(""));
  }
  return sessionStorage.getItem(name);
}

/* The token comes after the address' #, which no server is told, and goes out of sight at once. */
function token() {
  const given = new URLSearchParams(location.hash.slice(1));
  if (given.has("token")) {
    sessionStorage.setItem("raysign.token", given.get("token"));
    given.delete("token");
    const rest = given.toString();
    history.replaceState(history.state, "", location.pathname + location.search + (rest && `#${rest}`));
  }
  return sessionStorage.getItem("raysign.token");
}

const own = { "X-Session-Id": session() };
const secret = token();
if (secret) own.Authorization = `Bearer ${secret}`;

function refusal(status, text, retryAfter) {
  try {
    const problem = JSON.parse(text);
    if (typeof problem.text === "string") return new Refused(status, problem, retryAfter);
  } catch {
    // not the server's own words: a proxy's, or none
  }
  return new Refused(status, { kind: "broken", text: say("problem.broken") }, retryAfter);
}

async function ask(method, path, { body, headers, signal } = {}) {
  let response;
  try {
    response = await fetch(ROOT + path, { method, body, signal, headers: { ...own, ...headers } });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused(0, { kind: "unreachable", text: say("problem.unreachable") });
  }
  if (!response.ok) {
    throw refusal(response.status, await response.text(), Number(response.headers.get("Retry-After")));
  }
  return response;
}

const read = async (response) => (response.status === 204 ? null : response.json());

const path = (name, query = {}) => {
  const pairs = Object.entries(query).filter(([, value]) => value !== undefined && value !== "");
  return pairs.length ? `${name}?${new URLSearchParams(pairs)}` : name;
};

export const get = async (name, query, signal) => read(await ask("GET", path(name, query), { signal }));
export const remove = async (name, query) => read(await ask("DELETE", path(name, query)));
export const getBlob = async (name, query, signal) =>
  (await ask("GET", path(name, query), { signal })).blob();
export const post = async (name, body, signal) => {
  const form = body instanceof FormData;
  const headers = form || body === undefined ? {} : { "Content-Type": "application/json" };
  return read(
    await ask("POST", name, {
      body: form || body === undefined ? body : JSON.stringify(body),
      headers,
      signal,
    }),
  );
};

/* Send a file as it is; `fetch` does not tell how far that went. */
export function upload(name, file, { progress, signal }) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", ROOT + name);
    const headers = {
      ...own,
      "Content-Type": file.type || "application/octet-stream",
      "X-File-Name": encodeURIComponent(file.name),
    };
    for (const [header, value] of Object.entries(headers)) request.setRequestHeader(header, value);
    request.upload.onprogress = (event) => progress(event.loaded / event.total);
    request.onload = () => {
      if (request.status === 201) resolve(JSON.parse(request.responseText));
      else
        reject(
          refusal(request.status, request.responseText, Number(request.getResponseHeader("Retry-After"))),
        );
    };
    request.onerror = () => reject(new Refused(0, { kind: "unreachable", text: say("problem.cut_off") }));
    request.onabort = () => reject(new DOMException("", "AbortError"));
    signal.addEventListener("abort", () => request.abort());
    request.send(file);
  });
}
