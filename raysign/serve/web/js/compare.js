/* Your recording and a match side by side, large, in step. */
import { filmLabel } from "./cards.js";
import { stage, tie } from "./drawing.js";
import { listFacts } from "./parts.js";
import { nameOf, tellSure } from "./sure.js";
import { hundredth, plain, say, seconds } from "./texts.js";
import { hideVideo, lead, showVideo } from "./videos.js";

const dialog = document.getElementById("compare");
const find = (selector) => dialog.querySelector(selector);
const [[mine, yours], [myWords, yourWords]] = ["canvas", "figcaption"].map((name) =>
  dialog.querySelectorAll(`.pair ${name}`),
);

export class Compare {
  constructor(drawing) {
    this.drawing = drawing;
    this.playing = null;
    dialog.addEventListener("close", () => this.closed());
    find('button[value="close"]').addEventListener("click", () => dialog.close());
    for (const button of dialog.querySelectorAll("[data-by]")) {
      button.addEventListener("click", () => this.show(this.rank + Number(button.dataset.by)));
    }
    dialog.addEventListener("unplayed", () => (find(".unplayed").hidden = false));
  }

  /* Of an answer, the sign in that place; `onClose(rank)` with the last that was looked at. */
  open(answer, rank, asVideo, onClose) {
    Object.assign(this, { answer, asVideo, onClose });
    this.show(rank);
    dialog.showModal();
    find("h2").focus();
  }

  show(rank) {
    this.rank = rank;
    const found = this.answer.signs[rank];
    const [asked] = this.answer.asked;
    this.playing?.close();
    find("h2").textContent = say("compare.title", { sign: nameOf(found.sign) });
    myWords.textContent = say("compare.mine", { seconds: seconds(asked.seconds) });
    mine.setAttribute("aria-label", say("take.film"));
    yourWords.textContent = found.film ? this.caption(found) : say("answer.no_film");
    yours.setAttribute("aria-label", filmLabel(found));
    const place = find(".clip");
    hideVideo(place);
    yours.hidden = !found.film;
    find(".unplayed").hidden = true;
    const inStep = found.film_from_s !== null; // the video shows the moment that the skeleton would
    if (this.asVideo && found.video) {
      const how = { led: inStep, mirrored: found.mirrored };
      showVideo(place, found.film && yours, found.clip_id, filmLabel(found), how);
    }
    tie(find(".warp"), found.film && found.warp, found.film?.frames, 1);
    find(".ties").hidden = !found.warp;
    this.playing = stage(dialog, {
      drawing: this.drawing,
      films: [asked.film, found.film ?? asked.film],
      warps: [null, found.film ? found.warp : null],
      moved: (secondOf) => inStep && lead(place, found.film_from_s + secondOf(1)),
    });
    tellSure(find(".sure"), found);
    listFacts(find(".facts"), facts(found));
    const [before, after] = dialog.querySelectorAll("[data-by]");
    this.limit(before, rank === 0, after);
    this.limit(after, rank === this.answer.signs.length - 1, before);
  }

  /* At an end of the list the focus goes to the way back. */
  limit(button, ended, other) {
    const focused = document.activeElement === button;
    button.disabled = ended;
    if (ended && focused) other.focus();
  }

  caption(found) {
    const text = found.signer ? say("compare.by", { signer: found.signer }) : say("compare.theirs");
    return found.mirrored ? say("compare.mirrored", { text }) : text;
  }

  closed() {
    this.playing?.close();
    this.playing = null;
    hideVideo(find(".clip"));
    this.onClose?.(this.rank);
  }
}

/* What is known of a found sign. */
function facts(found) {
  const { phonology } = found;
  const hands = phonology?.hands;
  return [
    [say("fact.handshape"), phonology && plain(phonology.handshape)],
    [say("fact.location"), phonology?.location],
    [say("fact.movement"), phonology?.movement],
    [say("fact.hands"), hands && say(`hands.${hands}`)],
    [say("fact.clips"), say("fact.of_clips", { count: found.clips })],
    [say("fact.clip"), found.clip_id],
    [say("fact.cosine"), hundredth(found.cosine)],
    [
      say("fact.distance"),
      found.distance === null ? null : say("fact.apart", { distance: hundredth(found.distance) }),
    ],
  ];
}
