/* The signs of an answer: six above the fold, the others on demand. */
import { tie } from "./drawing.js";
import { copy } from "./parts.js";
import { nameOf, tellSure } from "./sure.js";
import { say } from "./texts.js";
import { hideVideo, showVideo } from "./videos.js";

export const FIRST = 6;

/* A sign's card; `film` is its place among the films that play, null where it has none. */
export function card(found, rank, film, open) {
  const item = copy("card");
  const find = (selector) => item.querySelector(selector);
  const name = nameOf(found.sign);
  const [canvas, button] = [find("canvas"), find("button")];
  find(".rank").textContent = rank;
  button.textContent = name;
  button.setAttribute("aria-label", say("answer.open", { sign: name }));
  button.addEventListener("click", open);
  find(".sure .bar").setAttribute("aria-label", say("sure.label", { sign: name }));
  tellSure(find(".sure"), found);
  if (film === null) {
    canvas.remove();
    find(".warp").remove();
    find(".nothing").hidden = false;
  } else {
    canvas.dataset.film = film;
    canvas.setAttribute("aria-label", filmLabel(found));
    tie(find(".warp"), found.warp, found.film.frames, film);
  }
  item.hidden = rank > FIRST;
  return item;
}

export const filmLabel = (found) =>
  found.signer
    ? say("answer.film_by", { sign: nameOf(found.sign), signer: found.signer })
    : say("answer.film", { sign: nameOf(found.sign) });

/* The owner's video in place of the skeleton, where there is one. */
export function showAs(item, found, video) {
  const [canvas, place] = [item.querySelector("canvas"), item.querySelector(".clip")];
  if (video && found.video) {
    showVideo(place, canvas, found.clip_id, filmLabel(found), { mirrored: found.mirrored });
  } else hideVideo(place);
}
