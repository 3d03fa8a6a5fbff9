/* What the server sees, drawn over the camera's picture, and what the person can do better. */
import { known, say } from "./texts.js";

const HINT_MS = 700; // a hint that flickers is not read, and one that stays too long is wrong
const THICK = { body: 0.009, hand: 0.006, edge: 0.004 }; // of lines, by the picture's height; the edge
// is around each, so that it is seen on any picture

const shown = (name) => getComputedStyle(document.documentElement).getPropertyValue(name);

/* Draw the joints of one picture over it. */
export function drawLive(canvas, skeleton, points) {
  const pen = canvas.getContext("2d");
  const [width, height] = [canvas.clientWidth, canvas.clientHeight].map((px) =>
    Math.round(px * devicePixelRatio),
  );
  if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
  pen.clearRect(0, 0, width, height);
  if (!points) return;
  const inks = Object.fromEntries(
    ["left", "right", "body", "edge"].map((part) => [part, shown(`--live-${part}`)]),
  );
  const at = (joint) => points[joint] && [points[joint][0] * width, points[joint][1] * height];
  pen.lineCap = "round";
  for (const edge of [true, false]) {
    for (const [a, b] of skeleton.bones) {
      if (!at(a) || !at(b)) continue;
      const side = skeleton.sides[a] === skeleton.sides[b] ? skeleton.sides[a] : "body";
      const thick = Math.max(2, height * (side === "body" ? THICK.body : THICK.hand));
      pen.strokeStyle = edge ? inks.edge : inks[side];
      pen.lineWidth = thick + (edge ? Math.max(2, height * THICK.edge) : 0);
      pen.beginPath();
      pen.moveTo(...at(a));
      pen.lineTo(...at(b));
      pen.stroke();
    }
  }
}

/* The first hint of each reply, in large letters; it stays long enough to be read. */
export class Hints {
  constructor(place) {
    this.place = place;
    this.since = -Infinity;
    this.kind = null;
  }

  show(hints, now) {
    const [first] = hints;
    if (first?.kind === this.kind) {
      if (first) this.since = now;
      return;
    }
    if (this.kind && now - this.since < HINT_MS) return;
    this.kind = first?.kind ?? null;
    this.since = now;
    this.place.hidden = !first;
    this.place.textContent = first ? this.words(first) : "";
  }

  words({ kind, text }) {
    return known(`hint.${kind}`) ? say(`hint.${kind}`) : text;
  }

  clear() {
    this.kind = null;
    this.since = -Infinity;
    this.place.hidden = true;
    this.place.textContent = "";
  }
}
