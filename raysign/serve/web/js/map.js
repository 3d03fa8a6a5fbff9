/* The map of the signs: those that look alike lie near each other. A picture for the eye; what it
   tells can also be had by name, from the field beside it. */
import { get } from "./api.js";
import { attempt } from "./announce.js";
import { play } from "./player.js";
import { say } from "./texts.js";

const [WIDTH, HEIGHT, MARGIN] = [900, 560, 46];
const NEAREST = 5;
const CLOSEST = 40; // times
const MOST_NAMES = 150;
const LETTER = 0.6; // a letter's width by its height

export class SignMap {
  constructor(root, map, drawing) {
    this.root = root;
    this.drawing = drawing;
    this.svg = root.querySelector("svg");
    this.points = placed(map.points);
    this.view = { x: WIDTH / 2, y: HEIGHT / 2, zoom: 1 };
    this.player = null;
    document.getElementById("map-how").textContent = say("map.how", {
      count: map.points.length,
      how: map.how,
    });
    this.draw();
    for (const button of root.querySelectorAll("[data-zoom]")) {
      button.addEventListener("click", () => this.zoom(Number(button.dataset.zoom)));
    }
    this.drag();
    this.field = root.querySelector("input");
    document.getElementById("on-map").replaceChildren(...map.points.map(({ sign }) => new Option("", sign)));
    this.field.addEventListener("input", () => {
      const point = this.points.find(({ sign }) => sign === this.field.value.trim());
      if (point) this.pick(point, true);
    });
    new ResizeObserver(() => this.place()).observe(this.svg);
  }

  draw() {
    const make = (name) => document.createElementNS(this.svg.namespaceURI, name);
    for (const point of this.points) {
      const [group, dot, words] = ["g", "circle", "text"].map(make);
      words.textContent = point.sign;
      dot.addEventListener("click", () => this.pick(point));
      group.append(dot, words);
      Object.assign(point, { group, dot, words });
      this.svg.append(group);
    }
    this.place();
  }

  /* Every dot where the view has it, and as many names as do not cover each other. */
  place() {
    const { x, y, zoom } = this.view;
    const size = parseFloat(getComputedStyle(this.points[0].words).fontSize);
    const dots = new Map(); // of what is in view; no name covers a dot
    for (const point of this.points) {
      const [cx, cy] = [(point.x - x) * zoom + WIDTH / 2, (point.y - y) * zoom + HEIGHT / 2];
      const r = size * (0.28 + 0.06 * Math.min(Math.sqrt(point.clips), 5));
      for (const [key, value] of Object.entries({ cx, cy, r })) point.dot.setAttribute(key, value);
      const inside = cx > -r && cx < WIDTH + r && cy > -r && cy < HEIGHT + r;
      point.group.toggleAttribute("hidden", !inside);
      if (inside) dots.set(point, [cx - r, cy - r, cx + r, cy + r]);
    }
    const taken = [];
    const apart = (box, other) =>
      box[0] > other[2] || box[2] < other[0] || box[1] > other[3] || box[3] < other[1];
    const first = (point) => (point === this.now ? 2 : this.near?.includes(point) ? 1 : 0);
    const boxes = [...dots];
    for (const point of [...dots.keys()].sort((a, b) => first(b) - first(a) || b.clips - a.clips)) {
      const [left, top, right] = dots.get(point);
      const [cx, half] = [(left + right) / 2, (point.sign.length * size * LETTER) / 2];
      point.words.setAttribute("x", cx);
      point.words.setAttribute("y", top - size * 0.2);
      const box = [cx - half, top - size * 1.2, cx + half, top];
      const free =
        taken.length < MOST_NAMES &&
        taken.every((other) => apart(box, other)) &&
        boxes.every(([other, dot]) => other === point || apart(box, dot));
      point.words.toggleAttribute("hidden", !(free || point === this.now));
      if (free) taken.push(box);
    }
  }

  /* Closer or farther by a factor; 0 shows all. */
  zoom(factor) {
    const zoom = Math.min(Math.max(this.view.zoom * factor, 1), CLOSEST);
    this.look(zoom === 1 ? { x: WIDTH / 2, y: HEIGHT / 2, zoom } : { ...this.view, zoom });
  }

  /* The view never leaves the map. */
  look({ x, y, zoom }) {
    const inside = (at, size) => Math.min(Math.max(at, size / (2 * zoom)), size - size / (2 * zoom));
    this.view = { x: inside(x, WIDTH), y: inside(y, HEIGHT), zoom };
    this.place();
  }

  drag() {
    let last = null;
    this.svg.addEventListener("pointerdown", (event) => {
      if (event.target === this.svg) {
        last = event;
        this.svg.setPointerCapture(event.pointerId);
      }
    });
    this.svg.addEventListener("pointermove", (event) => {
      if (!last) return;
      const scale = WIDTH / this.svg.clientWidth / this.view.zoom;
      const { x, y, zoom } = this.view;
      this.look({
        x: x - (event.clientX - last.clientX) * scale,
        y: y - (event.clientY - last.clientY) * scale,
        zoom,
      });
      last = event;
    });
    for (const name of ["pointerup", "pointercancel"]) this.svg.addEventListener(name, () => (last = null));
  }

  /* A sign: its film, and what lies near it. */
  async pick(point, centred) {
    this.now = point;
    const far = (other) => Math.hypot(other.x - point.x, other.y - point.y);
    this.near = this.points
      .filter((other) => other !== point)
      .sort((a, b) => far(a) - far(b))
      .slice(0, NEAREST);
    for (const other of this.points) {
      other.group.setAttribute("class", other === point ? "now" : this.near.includes(other) ? "near" : "");
    }
    this.svg.append(point.group);
    this.field.value = point.sign;
    if (centred) this.look({ x: point.x, y: point.y, zoom: Math.max(this.view.zoom, 2) });
    else this.place();
    await this.show(point);
  }

  async show(point) {
    const shown = this.root.querySelector(".shown");
    shown.hidden = false;
    shown.querySelector("h3").textContent = point.sign;
    shown.querySelector(".near").replaceChildren(
      ...this.near.map((other) => {
        const [item, button] = ["li", "button"].map((tag) => document.createElement(tag));
        Object.assign(button, { type: "button", className: "link", textContent: other.sign });
        button.addEventListener("click", () => {
          this.pick(other, true);
          this.field.focus();
        });
        item.append(button);
        return item;
      }),
    );
    const found = await attempt(() => get("clips", { sign: point.sign }));
    if (!found || this.now !== point) return;
    this.player?.close();
    this.player = await play(shown.querySelector(".player"), found.clips.slice(0, 1), this.drawing);
  }
}

/* In the picture's units, with the shape that the map has. */
function placed(points) {
  const ends = (axis) => [Math.min, Math.max].map((end) => end(...points.map((point) => point[axis])));
  const [[left, right], [top, bottom]] = [ends("x"), ends("y")];
  const scale = Math.min(
    (WIDTH - 2 * MARGIN) / (right - left || 1),
    (HEIGHT - 2 * MARGIN) / (bottom - top || 1),
  );
  return points.map((point) => ({
    ...point,
    x: WIDTH / 2 + (point.x - (left + right) / 2) * scale,
    y: HEIGHT / 2 - (point.y - (top + bottom) / 2) * scale,
  }));
}
