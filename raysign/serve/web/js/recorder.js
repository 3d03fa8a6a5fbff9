/* Recording with the camera: permission, count-down, pictures with what is seen in them, the end.

   States of the section, for its looks: off, opening, counting, recording, finishing, problem. */
import { post, remove } from "./api.js";
import { announce } from "./announce.js";
import { Camera } from "./camera.js";
import { Hints, drawLive } from "./live.js";
import { Pace } from "./pace.js";
import { Sender } from "./sender.js";
import { say, seconds } from "./texts.js";

const COUNT_FROM = 3;
const STOP_KEYS = ["Escape", " ", "Enter"];

export class Recorder {
  /* `onTake(take, when)` with the recording: when it ended and when all its pictures had been looked
     at (performance.now). */
  constructor(root, skeleton, onTake) {
    const find = (selector) => root.querySelector(selector);
    this.root = root;
    this.skeleton = skeleton;
    this.onTake = onTake;
    this.camera = new Camera(find("video"));
    this.live = find("canvas.live");
    this.picture = find(".picture");
    this.hints = new Hints(find(".hint"));
    [this.count, this.clock, this.lasts] = [".count", ".clock", ".lasts"].map(find);
    [this.button, this.keys, this.which] = [".record", ".keys", ".which"].map(find);
    this.camera.onShape((shape) => this.picture.style.setProperty("--shape", shape));
    this.button.addEventListener("click", () => this.press());
    this.which.querySelector("select").addEventListener("change", (event) => {
      this.camera.device = event.target.value;
    });
    document.addEventListener("keydown", (event) => this.key(event), true);
    addEventListener("pagehide", () => this.drop());
    this.enter("off");
  }

  get busy() {
    return ["opening", "counting", "recording", "finishing"].includes(this.state);
  }

  /* A state, and the words that go with it. */
  enter(state, words) {
    this.state = state;
    this.root.dataset.state = state;
    const label =
      { counting: "cancel", recording: "stop", opening: "opening", finishing: "finishing" }[state] ??
      "record";
    this.button.querySelector("span").textContent = say(`camera.${label}`);
    this.button.setAttribute("aria-disabled", String(state === "opening" || state === "finishing"));
    this.keys.textContent = words ?? say(state === "recording" ? "camera.keys" : "camera.how");
    this.clock.hidden = this.lasts.hidden = state !== "recording";
    if (state !== "counting") this.count.textContent = "";
  }

  /* Not `disabled` while it waits: that would lose the focus. */
  press() {
    if (this.state === "counting") this.drop();
    else if (this.state === "recording") this.stop();
    else if (!this.busy) this.start();
  }

  key(event) {
    const stops = this.state === "recording" && STOP_KEYS.includes(event.key);
    if (!stops && !(this.state === "counting" && event.key === "Escape")) return;
    event.preventDefault();
    event.stopPropagation();
    this.press();
  }

  async start() {
    const own = (this.own = new AbortController()); // of this recording alone
    this.enter("opening");
    try {
      await this.camera.open();
      this.picture.classList.toggle("mirror", this.camera.mirrored);
      await this.nameCameras();
      this.recording = await post("recordings", undefined, own.signal);
      await this.countDown(own.signal);
      this.record();
    } catch (error) {
      this.fail(error);
    }
  }

  async nameCameras() {
    const devices = await this.camera.others();
    const select = this.which.querySelector("select");
    this.which.hidden = devices.length < 2;
    const now = this.camera.stream.getVideoTracks()[0].getSettings().deviceId;
    select.replaceChildren(
      ...devices.map(({ deviceId, label }, place) => {
        const name = label || say("camera.number", { number: place + 1 });
        return new Option(name, deviceId, false, deviceId === now);
      }),
    );
  }

  async countDown(signal) {
    this.enter("counting");
    announce(say("camera.starts", { count: COUNT_FROM }));
    for (let left = COUNT_FROM; left > 0; left--) {
      this.count.textContent = String(left);
      await new Promise((resolve, reject) => {
        const timer = setTimeout(resolve, 1000);
        signal.addEventListener("abort", () => {
          clearTimeout(timer);
          reject(signal.reason);
        });
      });
    }
  }

  record() {
    const pace = new Pace();
    const { id, longest_s } = this.recording;
    let begun = null;
    this.sender = new Sender(id, (live, count) => {
      pace.looked(count, performance.now());
      if (this.state === "recording") this.show(live);
      this.root.dataset.behind = live.behind;
    });
    this.enter("recording");
    announce(say("camera.started"));
    this.halt = this.camera.eachPicture((now) => {
      begun ??= now;
      const lasted_s = (now - begun) / 1000;
      this.clock.querySelector("span").textContent = say("camera.clock", {
        now: seconds(lasted_s),
        length: longest_s,
      });
      this.lasts.style.setProperty("--share", lasted_s / longest_s);
      if (this.sender.failed) this.fail(this.sender.failed);
      else if (lasted_s >= longest_s) this.stop();
      else if (pace.due(now)) {
        pace.took(now);
        this.sender.add(this.camera.take(), Math.round(now - begun));
      }
    });
  }

  show(live) {
    drawLive(this.live, this.skeleton, live.frames.at(-1)?.points);
    this.hints.show(live.hints, performance.now());
  }

  /* The recording's end: what is under way is looked at, then the server closes it. */
  async stop() {
    const ended = performance.now();
    this.halt();
    this.enter("finishing");
    this.picture.classList.add("frozen");
    this.camera.video.pause();
    try {
      await this.sender.done();
      const looked = performance.now();
      const take = await post(`recordings/${this.recording.id}/end`);
      this.recording = null;
      this.close();
      this.enter("off");
      await this.onTake(take, { ended, looked, what: "recorded" });
    } catch (error) {
      this.fail(error);
    }
  }

  /* Everything off; what the server holds of the recording is forgotten. */
  close() {
    this.halt?.();
    this.camera.close();
    this.hints.clear();
    drawLive(this.live, this.skeleton, null);
    this.picture.classList.remove("frozen");
    if (this.recording) remove(`recordings/${this.recording.id}`).catch(() => {});
    this.recording = null;
  }

  /* Call it off. */
  drop() {
    this.own?.abort(new DOMException("", "AbortError"));
    this.sender?.drop();
    if (this.state !== "off") this.close();
    this.enter("off");
  }

  fail(error) {
    this.close();
    if (error.name === "AbortError") return this.enter("off");
    if (!error.kind) console.error(error);
    const words = error.kind ? error.message : say("problem.page");
    this.enter("problem", words);
    announce(words);
  }
}
