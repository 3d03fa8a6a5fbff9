/* How sure the search is of a sign, in words and as a bar. */
import { setBar } from "./parts.js";
import { hundredth, percent, say } from "./texts.js";

/* Confidence where the dictionary was calibrated, and nearness where not. */
export function tellSure(place, found) {
  const sure = found.confidence !== null;
  const words = sure
    ? say("sure.words", { words: found.words, share: percent(found.confidence) })
    : say("sure.near", { cosine: hundredth(found.cosine) });
  place.querySelector("span").textContent = words;
  const bar = place.querySelector(".bar");
  if (bar) setBar(bar, sure ? found.confidence : Math.max(found.cosine, 0), words);
}

export const nameOf = (sign) => sign || say("answer.unnamed");
