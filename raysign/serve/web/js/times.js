/* What took how long: the server's stages, and the ways there and back as the page measures them. */
import { setBar } from "./parts.js";
import { hundredth, known, say } from "./texts.js";

const LANDMARKS = "landmarks";
const nameOf = (stage) => (known(`stage.${stage}`) ? say(`stage.${stage}`) : stage);

/* `times`: milliseconds since the page loaded: `from` (the recording's end, or the question),
   `looked` (when the last of its pictures had been looked at, or its file was sent; undefined of a
   question), `answered`, `shown`; and what counts from `from`: `recorded`, `sent` or `asked`.

   The stages follow each other and leave nothing out. Of a camera's recording the page itself knows how
   long its last pictures took: the server's own time for them began before the recording's end. */
export function tellTimes(answer, { from, looked, answered, shown, what }) {
  const { [LANDMARKS]: landmarks, ...others } = answer.stages_ms;
  const stages = Object.entries(others);
  const sum = (parts) => parts.reduce((before, [, ms]) => before + ms, 0);
  // The browser may hear late that a file is sent: then it was being looked at already.
  const most = Math.max(answered - from - sum(stages), 0);
  if (what === "recorded") stages.unshift([LANDMARKS, looked - from]);
  else if (what === "sent" && landmarks !== undefined) stages.unshift([LANDMARKS, Math.min(landmarks, most)]);
  const listed = inWhole([
    ...stages.map(([name, ms]) => [nameOf(name), ms]),
    [say("times.way"), Math.max(answered - from - sum(stages), 0)],
    [say("times.drawing"), shown - answered],
  ]);
  const total = sum(listed);
  listed.push([say("times.total"), total]);
  const body = document.querySelector("#times tbody");
  body.replaceChildren(...listed.map(([name, ms]) => row(name, ms, total)));
  const took = { seconds: hundredth(total / 1000) };
  const button = document.getElementById("took");
  button.textContent = document.getElementById("times-words").textContent = say(`times.${what}`, took);
  button.dataset.short = say("times.short", took);
  document.getElementById("times").dataset.ms = total;
}

/* In whole milliseconds that add up: each ends where, rounded, its end lies. */
function inWhole(parts) {
  let [exact, told] = [0, 0];
  return parts.map(([name, ms]) => {
    exact += ms;
    const whole = Math.round(exact) - told;
    told += whole;
    return [name, whole];
  });
}

function row(name, ms, most) {
  const [line, head, value, cell, bar, full] = ["tr", "th", "td", "td", "div", "i"].map((tag) =>
    document.createElement(tag),
  );
  head.scope = "row";
  head.textContent = name;
  value.textContent = say("times.value", { ms });
  bar.className = "bar";
  bar.setAttribute("aria-hidden", "true");
  bar.append(full);
  setBar(bar, Math.min(ms / most, 1));
  cell.append(bar);
  line.append(head, value, cell);
  return line;
}
