/* What happened, in words: for everybody on the page, and for a screen reader without being asked. */
import { say } from "./texts.js";

const find = (id) => document.getElementById(id);

/* Said aloud by a screen reader and not shown: the page shows it already. */
export function announce(text) {
  find("said").textContent = text;
}

/* Shown and said: something worked. */
export function tell(text) {
  find("news").textContent = text;
}

/* Shown and said: something did not work. It stands until something else does. */
export function complain(text, action) {
  const place = find("alarm");
  place.replaceChildren();
  const words = document.createElement("p");
  words.textContent = text;
  place.append(words);
  if (!action) return;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "plain";
  button.textContent = action.text;
  button.addEventListener("click", () => {
    calm();
    action.act();
  });
  place.append(button);
}

/* What was told before is over. */
export function calm() {
  find("alarm").replaceChildren();
  find("news").textContent = "";
}

/* Do something, and say why where it does not work; null then. What was called off is no problem. */
export async function attempt(work) {
  try {
    const done = await work();
    find("alarm").replaceChildren();
    return done;
  } catch (error) {
    if (error.name === "AbortError") return null;
    complain(error.kind ? error.message : say("problem.page"));
    if (!error.kind) console.error(error);
    return null;
  }
}
