/* The parts that pages are put together from: copies of templates, bars, lists. */
import { fill, say } from "./texts.js";

/* How full a bar is, 0–1, and what it says. */
export function setBar(bar, share, words) {
  bar.style.setProperty("--share", share);
  bar.setAttribute("aria-valuenow", Math.round(100 * share));
  if (words !== undefined) bar.setAttribute("aria-valuetext", words);
}

/* A new copy of a template's one element, with its texts. */
export function copy(id) {
  const made = document.getElementById(id).content.firstElementChild.cloneNode(true);
  fill(made);
  return made;
}

/* A list of remarks, problems first as the server gives them. */
export function listRemarks(list, remarks) {
  list.replaceChildren(
    ...remarks.map(({ text, level }) => {
      const item = document.createElement("li");
      item.className = level;
      item.textContent = text;
      return item;
    }),
  );
}

/* Remarks that need not be read first: closed, saying how many there are. */
export function foldRemarks(details, remarks) {
  const doubtful = remarks.some(({ level }) => level === "problem");
  details.open = false;
  details.hidden = !remarks.length;
  details.classList.toggle("problem", doubtful);
  details.querySelector("summary").textContent = say(doubtful ? "remarks.doubtful" : "remarks.count", {
    count: remarks.length,
  });
  listRemarks(details.querySelector("ul"), remarks);
}

/* Terms and what they are; what is empty is left out. */
export function listFacts(list, facts) {
  list.replaceChildren();
  for (const [term, value] of facts) {
    if (value === null || value === undefined || value === "") continue;
    const [dt, dd] = ["dt", "dd"].map((name) => document.createElement(name));
    dt.textContent = term;
    dd.textContent = value;
    list.append(dt, dd);
  }
}
