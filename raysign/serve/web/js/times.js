/* What took how long: the server's stages, and the ways there and back as the page measures them. */
import { setBar } from "./parts.js";
import { hundredth, known, say } from "./texts.js";

const LANDMARKS = "landmarks";
const nameOf = (stage) => (known(`stage.${stage}`) ? say(`stage.${stage}`) : stage);

/* `times`: milliseconds since the page loaded: `from` (the recording's end, or the question),
   `looked` (when the last of its pictures had been looked at; undefined of a question), `answered`,
   `shown`; and what counts from `from`: `recorded`, `sent` or `asked`. */
export function tellTimes(answer, { from, looked, answered, shown, what }) {
  const recorded = looked !== undefined;
  const late = recorded ? looked - from : 0; // pictures under way when it ended
  const stages = Object.entries(answer.stages_ms)
    .filter(([name]) => recorded || name !== LANDMARKS)
    .map(([name, ms]) => [name, name === LANDMARKS ? ms + late : ms]);
  const server = stages.reduce((sum, [, ms]) => sum + ms, 0);
  const rest = Math.max(answered - from - server, 0);
  const total = shown - from;
  const listed = [
    ...stages.map(([name, ms]) => [nameOf(name), ms]),
    [say("times.way"), rest],
    [say("times.drawing"), shown - answered],
    [say("times.total"), total],
  ];
  const body = document.querySelector("#times tbody");
  body.replaceChildren(...listed.map(([name, ms]) => row(name, ms, total)));
  const took = hundredth(total / 1000);
  const words = say(`times.${what}`, { seconds: took });
  document.getElementById("times-words").textContent = words;
  document.getElementById("took").textContent = words;
  document.getElementById("times").dataset.ms = Math.round(total);
}

function row(name, ms, most) {
  const [line, head, value, cell, bar, full] = ["tr", "th", "td", "td", "div", "i"].map((tag) =>
    document.createElement(tag),
  );
  head.scope = "row";
  head.textContent = name;
  value.textContent = say("times.value", { ms: Math.round(ms) });
  bar.className = "bar";
  bar.setAttribute("aria-hidden", "true");
  bar.append(full);
  setBar(bar, Math.min(ms / most, 1));
  cell.append(bar);
  line.append(head, value, cell);
  return line;
}
