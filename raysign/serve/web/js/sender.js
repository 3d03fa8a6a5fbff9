/* Sends the pictures of one recording, a few at a time, and tells what the server saw in them. */
import { post } from "./api.js";

const AT_ONCE = 2; // requests; the server must never wait for the way there and back
const PICTURES = 4; // in one request: more would make what is drawn live come late
const APART_MS = 80; // between two requests, so that each has a few pictures

export class Sender {
  /* `onLive(live, count)` after each reply. */
  constructor(recording, onLive) {
    this.recording = recording;
    this.onLive = onLive;
    this.queue = [];
    this.underway = 0;
    this.stopped = new AbortController();
    this.failed = null;
    this.waiters = [];
    this.sent = 0; // requests; their numbers tell the server which comes first
    this.sentAt = -Infinity;
    this.later = null;
  }

  /* A picture, which may still be in the making, taken so many milliseconds after the first. */
  add(picture, time_ms) {
    this.queue.push({ picture, time_ms });
    this.pump();
  }

  pump() {
    while (!this.failed && this.underway < AT_ONCE && this.queue.length) {
      const early_ms = this.sentAt + APART_MS - performance.now();
      if (this.underway && early_ms > 0) {
        this.later ??= setTimeout(() => {
          this.later = null;
          this.pump();
        }, early_ms);
        break;
      }
      this.sentAt = performance.now();
      this.underway += 1;
      this.send(this.queue.splice(0, PICTURES), this.sent++);
    }
    if (this.failed || (!this.underway && !this.queue.length)) {
      for (const settle of this.waiters.splice(0)) settle();
    }
  }

  async send(batch, number) {
    try {
      const form = new FormData();
      form.append("number", number);
      form.append("times_ms", JSON.stringify(batch.map(({ time_ms }) => time_ms)));
      for (const { picture } of batch) form.append("frames", await picture, "frame.jpg");
      const live = await post(`recordings/${this.recording}/frames`, form, this.stopped.signal);
      this.onLive(live, batch.length);
    } catch (error) {
      this.failed ??= error;
    }
    this.underway -= 1;
    this.pump();
  }

  /* When all that was added has been looked at. Throws what went wrong. */
  async done() {
    if (!this.failed && (this.underway || this.queue.length)) {
      await new Promise((settle) => this.waiters.push(settle));
    }
    if (this.failed) throw this.failed;
  }

  drop() {
    this.failed ??= new DOMException("", "AbortError");
    this.queue = [];
    this.stopped.abort();
  }
}
