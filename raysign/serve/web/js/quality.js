/* How good the exemplars are, and which signs are taken for each other. */
import { get } from "./api.js";
import { attempt } from "./announce.js";
import { setBar } from "./parts.js";
import { play } from "./player.js";
import { percent, say } from "./texts.js";

const find = (id) => document.getElementById(id);
const TENTHS = 10;

/* A table of bars: what, how many, against the most. */
function bars(body, rows) {
  const most = Math.max(...rows.map(([, count]) => count), 1);
  body.replaceChildren(
    ...rows.map(([name, count]) => {
      const [line, head, value, cell, bar, full] = ["tr", "th", "td", "td", "div", "i"].map((tag) =>
        document.createElement(tag),
      );
      head.scope = "row";
      head.textContent = name;
      value.textContent = say("number.of", { number: count });
      bar.className = "bar";
      bar.setAttribute("aria-hidden", "true");
      bar.append(full);
      setBar(bar, count / most);
      cell.append(bar);
      line.append(head, value, cell);
      return line;
    }),
  );
}

export function tellQuality(quality) {
  const { clips_a_sign, hands_seen, one_signer, found, learned, measured } = quality;
  const sentences = [];
  if (found !== null) sentences.push(say("quality.found", { share: percent(found) }), taught(learned));
  if (one_signer) sentences.push(say("quality.one_signer", { count: one_signer }));
  find("found").textContent = sentences.filter(Boolean).join(" ");
  find("measured").textContent = measured ?? say("quality.unmeasured");
  bars(
    find("clips-a-sign"),
    Object.entries(clips_a_sign).filter(([, count]) => count),
  );
  const tenth = (n) => say("quality.tenth", { from: (100 / TENTHS) * n, to: (100 / TENTHS) * (n + 1) });
  const first = hands_seen.findIndex((count) => count > 0);
  bars(find("hands-seen"), hands_seen.map((count, n) => [tenth(n), count]).slice(Math.max(first, 0)));
  find("hands-seen").parentElement.hidden = !hands_seen.length;
}

/* An encoder knows the clips that it learned from better than any stranger's. */
function taught(learned) {
  if (learned === null) return say("quality.perhaps_learned");
  return learned ? say("quality.learned", { count: learned }) : "";
}

/* The pairs that are most often confused; both can be looked at side by side. */
export function tellConfusions(confusions, drawing) {
  const list = find("confusions").querySelector("ol");
  if (!confusions.length) {
    list.replaceChildren(document.createElement("li"));
    list.firstChild.textContent = say("confused.none");
    return;
  }
  list.replaceChildren(
    ...confusions.map(({ sign, other, times, of }) => {
      const [item, words, button] = ["li", "span", "button"].map((tag) => document.createElement(tag));
      words.textContent = say("confused.pair", { sign, other, times, of });
      Object.assign(button, { type: "button", className: "link", textContent: say("confused.look") });
      button.setAttribute("aria-label", say("confused.look_at", { sign, other }));
      button.addEventListener("click", () => look(sign, other, drawing));
      item.append(words, button);
      return item;
    }),
  );
}

async function look(sign, other, drawing) {
  const dialog = find("both");
  const first = await attempt(() =>
    Promise.all([sign, other].map(async (name) => (await get("clips", { sign: name })).clips[0])),
  );
  const clips = first
    ?.filter(Boolean)
    .map((clip) => ({ ...clip, title: clip.signer ? say("confused.named", clip) : clip.sign }));
  if (!clips?.length) return;
  find("both-title").textContent = say("confused.both", { sign, other });
  dialog.showModal();
  find("both-title").focus();
  const player = await play(dialog.querySelector(".player"), clips, drawing);
  dialog.addEventListener("close", () => player.close(), { once: true });
  dialog.querySelector('[value="close"]').addEventListener("click", () => dialog.close(), { once: true });
}
