/* The span of a take that asks: two handles over a picture of where hands move. */
import { say, seconds } from "./texts.js";

const SHORTEST_S = 0.2;
const SVG_HEIGHT = 100;
const LEAST = 6; // what rest with a hand in the picture looks like

/* Where hands move, as an area: its height is the motion. */
function area(activity, length_s, hands) {
  const step = activity.step_s;
  let path = "";
  activity.motion.forEach((motion, place) => {
    if (activity.hands[place] < hands) return;
    const [x, width] = [place * step, Math.min(step, Math.max(length_s - place * step, 0))];
    const height = LEAST + (SVG_HEIGHT - LEAST) * motion;
    path += `M${x} ${SVG_HEIGHT}v${-height}h${width}v${height}z`;
  });
  return path;
}

export class Timeline {
  /* `onChange(second)` while a handle moves, with the moment that it stands at. */
  constructor(root, take, onChange) {
    this.take = take;
    this.onChange = onChange;
    this.svg = root.querySelector("svg");
    [this.start, this.end] = ["start", "end"].map((name) => root.querySelector(`input.${name}`));
    this.svg.setAttribute("viewBox", `0 0 ${take.seconds} ${SVG_HEIGHT}`);
    this.svg.querySelector(".one").setAttribute("d", area(take.activity, take.seconds, 1));
    this.svg.querySelector(".two").setAttribute("d", area(take.activity, take.seconds, 2));
    for (const input of [this.start, this.end]) {
      input.min = 0;
      input.max = take.seconds;
      input.addEventListener("input", () => this.moved(input));
    }
    this.span = take.signing[1] - take.signing[0] >= SHORTEST_S ? [...take.signing] : [0, take.seconds];
    root.setAttribute("aria-label", say("take.timeline"));
    this.start.setAttribute("aria-label", say("take.start"));
    this.end.setAttribute("aria-label", say("take.end"));
    this.drag(root);
    this.show();
  }

  /* One handle was moved by itself; the other one gives way. */
  moved(input) {
    const value = Number(input.value);
    const shortest = Math.min(SHORTEST_S, this.take.seconds);
    if (input === this.start) {
      const start = Math.min(value, this.take.seconds - shortest);
      this.set([start, Math.max(this.span[1], start + shortest)], start);
    } else {
      const end = Math.max(value, shortest);
      this.set([Math.min(this.span[0], end - shortest), end], end);
    }
  }

  set(span, moment) {
    this.span = span;
    this.show();
    this.onChange(moment);
  }

  show() {
    const [start, end] = this.span;
    this.start.value = start;
    this.end.value = end;
    for (const input of [this.start, this.end]) {
      input.setAttribute("aria-valuetext", say("take.at", { seconds: seconds(Number(input.value)) }));
    }
    const [before, after] = [".before", ".after"].map((name) => this.svg.querySelector(name));
    const place = { y: 0, height: SVG_HEIGHT };
    for (const [rect, x, width] of [
      [before, 0, start],
      [after, end, this.take.seconds - end],
    ]) {
      for (const [key, value] of Object.entries({ ...place, x, width: Math.max(width, 0) }))
        rect.setAttribute(key, value);
    }
  }

  /* Dragging from a free place draws a new span; the handles drag by themselves. */
  drag(root) {
    const at = (event) => {
      const { left, width } = this.svg.getBoundingClientRect();
      return Math.min(Math.max((event.clientX - left) / width, 0), 1) * this.take.seconds;
    };
    let from = null;
    this.svg.addEventListener("pointerdown", (event) => {
      from = at(event);
      this.svg.setPointerCapture(event.pointerId);
    });
    this.svg.addEventListener("pointermove", (event) => {
      if (from === null) return;
      const to = at(event);
      if (Math.abs(to - from) < SHORTEST_S) return;
      this.set([Math.min(from, to), Math.max(from, to)], to);
    });
    for (const name of ["pointerup", "pointercancel"]) this.svg.addEventListener(name, () => (from = null));
  }
}
