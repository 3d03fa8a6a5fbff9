/* The one way to player.js, which the package's other pages play skeletons with too. */
/* global raysign */
import { say, seconds } from "./texts.js";

const WORDS = {
  play: say("play.play"),
  pause: say("play.pause"),
  clock: (now, length) => say("play.clock", { now: seconds(now), length: seconds(length) }),
  spoken: (now, length) => say("play.spoken", { now: seconds(now), length: seconds(length) }),
};
const night = matchMedia("(prefers-color-scheme: dark)");

/* Play films in step; close() it before the next. */
export const stage = (root, data) => raysign.stage(root, data, WORDS);

/* A film that can be shown again and again. */
export const decoded = (film, drawing) => raysign.decoded(film, drawing);

/* One moment of a decoded film, as sharp as the screen is. */
export function still(canvas, film, drawing, second) {
  const [width, height] = [canvas.clientWidth, canvas.clientHeight].map((px) =>
    Math.round(px * devicePixelRatio),
  );
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const position = Math.min(Math.max(second * film.fps, 0), film.frames - 1);
  raysign.draw(canvas, drawing, film, position, Number(night.matches));
}

/* The colours of hands, for the page's own lines and keys. */
export function takeInks(inks) {
  const write = () => {
    for (const side of ["left", "right"]) {
      document.documentElement.style.setProperty(`--${side}`, inks[side][Number(night.matches)]);
    }
  };
  night.addEventListener("change", write);
  write();
}

export const onNight = (act) => night.addEventListener("change", act);

const TIES = 13;

/* Lines that tie moments of one film (above) to those of another (below), where `warp` says. */
export function tie(svg, warp, frames, n) {
  svg.replaceChildren();
  if (!warp) return;
  const line = (name, [above, below]) => {
    const made = document.createElementNS(svg.namespaceURI, "line");
    for (const [key, value] of Object.entries({ class: name, x1: above, x2: below, y1: 0, y2: 10 })) {
      made.setAttribute(key, value);
    }
    svg.append(made);
    return made;
  };
  for (let place = 0; place < TIES; place++) {
    const frame = Math.round(((warp.length - 1) * place) / (TIES - 1));
    line("tie", [
      (100 * frame) / Math.max(warp.length - 1, 1),
      (100 * warp[frame]) / Math.max(frames - 1, 1),
    ]);
  }
  line("now", [0, 0]).dataset.film = n;
}
