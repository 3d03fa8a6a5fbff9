/* Films of the dictionary's clips, playing together as they were signed. */
import { get } from "./api.js";
import { stage } from "./drawing.js";
import { copy } from "./parts.js";
import { percent, say, seconds } from "./texts.js";
import { showVideo } from "./videos.js";

const FIRST = 12; // of a sign's exemplars; more on demand

/* Play clips below `place`; close() what comes back before the next. A clip may have a `title` of its
   own. `onRemove(clip, item)` where they may be removed. */
export async function play(place, clips, drawing, onRemove, most = FIRST) {
  const now = clips.slice(0, most);
  const films = await Promise.all(
    now.map((clip) => get("film", { clip_id: clip.clip_id }).catch(() => null)),
  );
  const root = copy("player");
  const shown = [];
  root
    .querySelector("ul")
    .append(...now.map((clip, n) => exemplar(clip, films[n] && shown.push(films[n]) - 1, onRemove)));
  root.addEventListener("unplayed", () => (root.querySelector(".unplayed").hidden = false));
  place.replaceChildren(root);
  root.querySelector(".controls").hidden = !shown.length;
  let player = shown.length ? stage(root, { drawing, films: shown, warps: shown.map(() => null) }) : null;
  const more = root.querySelector(".rest");
  more.hidden = clips.length <= most;
  more.textContent = say("clip.more", { count: clips.length - most });
  more.addEventListener("click", async () => {
    player?.close();
    player = await play(place, clips, drawing, onRemove, clips.length);
    place.querySelectorAll("li")[most].querySelector("button")?.focus();
  });
  return { close: () => player?.close() };
}

function exemplar(clip, film, onRemove) {
  const item = copy("exemplar");
  const find = (selector) => item.querySelector(selector);
  const label = say("answer.film_by", { sign: clip.sign, signer: clip.signer || say("clip.somebody") });
  const canvas = find("canvas");
  canvas.setAttribute("aria-label", label);
  if (film === null) canvas.remove();
  else canvas.dataset.film = film;
  const shown = film === null ? find(".nothing") : canvas;
  shown.hidden = false;
  if (clip.video) showVideo(find(".clip"), shown, clip.clip_id, label);
  find("b").textContent =
    clip.title ?? (clip.signer ? say("compare.by", { signer: clip.signer }) : say("clip.somebody"));
  const facts = [clip.clip_id, clip.source];
  if (clip.seconds !== null) facts.push(say("clip.seconds", { seconds: seconds(clip.seconds) }));
  if (clip.hands_seen !== null) facts.push(say("clip.hands", { share: percent(clip.hands_seen) }));
  find("figcaption span").textContent = facts.filter(Boolean).join(" · ");
  const button = find("button");
  button.hidden = !onRemove;
  button.textContent = say("clip.remove");
  button.setAttribute("aria-label", say("clip.remove_named", { clip: clip.clip_id }));
  button.addEventListener("click", () => onRemove(clip, item));
  return item;
}
