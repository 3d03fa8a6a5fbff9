/* How often a picture of the camera is taken: 25 times a second, or as often as the server can look
   at them, so that only few are left when the recording ends. Never so seldom that quick movements
   are lost, though: then the answer comes later. */
const FASTEST_FPS = 25;
const SLOWEST_FPS = 12; // below, raysign/search/feedback.py calls a recording slow
const LEFT_S = 0.4; // of work that may wait at the server
const FEWEST = 4; // that may wait however slow it is: two requests under way
const EARLY_MS = 4; // pictures come when the camera has them
const MEMORY = 0.3; // of the newest reply, in what the server is thought to do

export class Pace {
  constructor() {
    this.taken = 0;
    this.seen = 0;
    this.rate = FASTEST_FPS; // pictures a second that the server looks at
    this.next = -Infinity; // when the next picture is due
    this.busySince = null;
  }

  get waiting() {
    return this.taken - this.seen;
  }

  /* Pictures a second, by how many wait. */
  get fps() {
    const room = Math.max(FEWEST, LEFT_S * this.rate);
    if (this.waiting <= room / 2) return FASTEST_FPS;
    if (this.waiting > room) return SLOWEST_FPS;
    return Math.min(FASTEST_FPS, Math.max(SLOWEST_FPS, this.rate));
  }

  /* Whether to take a picture now (milliseconds). */
  due(now) {
    return now >= this.next - EARLY_MS;
  }

  took(now) {
    if (!this.waiting) this.busySince = now;
    this.taken += 1;
    const gap_ms = 1000 / this.fps;
    this.next = Math.max(this.next, now - gap_ms) + gap_ms;
  }

  /* The server looked at so many more. */
  looked(count, now) {
    const busy_s = (now - this.busySince) / 1000;
    if (busy_s > 0) this.rate += MEMORY * (Math.min(count / busy_s, 2 * FASTEST_FPS) - this.rate);
    this.seen += count;
    this.busySince = now;
  }
}
