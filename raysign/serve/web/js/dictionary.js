/* The page of the dictionary: what it holds, how good that is, and for its owner how to change it. */
import { get } from "./api.js";
import { attempt } from "./announce.js";
import { takeInks } from "./drawing.js";
import { SignMap } from "./map.js";
import { listRemarks } from "./parts.js";
import { tellConfusions, tellQuality } from "./quality.js";
import { SignList } from "./signs.js";
import { fill, say } from "./texts.js";

const find = (id) => document.getElementById(id);

fill(document);
const dictionary = await attempt(() => get("dictionary"));
if (dictionary) await start(dictionary);

async function start({ name, sources, notes, inks, owner, drawing, calibrated, model }) {
  takeInks(inks);
  find("name").textContent = name;
  document.title = say("page.title", { title: name });
  const from = sources.length ? [say("owner.sources", { sources: sources.join(", ") })] : [];
  const facts = [
    ...from,
    say("owner.model", { model: model.name }),
    say(calibrated ? "owner.measured" : "owner.unmeasured"),
  ];
  find("sources").textContent = facts.join(" · ");
  listRemarks(
    find("notes"),
    notes.map((text) => ({ text, level: "note" })),
  );
  tellNumbers(dictionary);
  const signs = new SignList(find("signs"), dictionary, renew);
  await signs.load();
  find("new").hidden = !owner;
  await tellMore(drawing);
  document.documentElement.dataset.ready = "yes";
}

function tellNumbers({ signs, clips, signers, phonology_of }) {
  const facts = [
    [say("owner.signs"), say("number.of", { number: signs })],
    [say("owner.clips"), say("number.of", { number: clips })],
    [say("owner.signers"), say("number.of", { number: signers })],
    [say("owner.phonology"), say("number.of", { number: phonology_of })],
  ];
  find("numbers").replaceChildren(
    ...facts.map(([term, value]) => {
      const [box, dt, dd] = ["div", "dt", "dd"].map((tag) => document.createElement(tag));
      dt.textContent = term;
      dd.textContent = value;
      box.append(dt, dd);
      return box;
    }),
  );
}

/* What takes longer to find out. */
async function tellMore(drawing) {
  const [quality, map] = await Promise.all([attempt(() => get("quality")), attempt(() => get("map"))]);
  document.querySelector(".more").hidden = !quality;
  if (quality) {
    tellQuality(quality);
    tellConfusions(quality.confusions, drawing);
  }
  find("map").hidden = !map?.points.length;
  if (map?.points.length) new SignMap(find("map"), map, drawing);
}

/* After a change: the numbers, and what follows from them. */
async function renew() {
  const now = await attempt(() => get("dictionary"));
  if (now) tellNumbers(now);
  const quality = await attempt(() => get("quality"));
  if (!quality) return;
  tellQuality(quality);
  tellConfusions(quality.confusions, now.drawing);
}
