/* A video from a file: chosen or dropped, sent with its progress shown, and looked at. */
import { upload } from "./api.js";
import { announce, attempt, complain } from "./announce.js";
import { setBar } from "./parts.js";
import { percent, say } from "./texts.js";

export class Upload {
  /* `onTake(take, when)` with what the server saw, and when the file was there. */
  constructor(root, limits, onTake) {
    const find = (selector) => root.querySelector(selector);
    [this.drop, this.input, this.sending] = [".drop", "input", ".sending"].map(find);
    this.limits = limits;
    this.onTake = onTake;
    this.calling = null;
    this.input.addEventListener("change", () => {
      const [file] = this.input.files;
      this.input.value = ""; // the same file may be chosen again
      if (file) this.take(file);
    });
    find(".sending button").addEventListener("click", () => this.calling?.abort());
    this.dropping();
  }

  /* Files may be dropped anywhere on the page: a near miss must not leave it. */
  dropping() {
    const carries = (event) => event.dataTransfer?.types.includes("Files");
    const over = (event) => {
      if (!carries(event)) return;
      event.preventDefault();
      this.drop.classList.add("over");
    };
    for (const name of ["dragenter", "dragover"]) document.addEventListener(name, over);
    document.addEventListener("dragleave", (event) => {
      if (!event.relatedTarget) this.drop.classList.remove("over");
    });
    document.addEventListener("drop", (event) => {
      if (!carries(event)) return;
      event.preventDefault();
      this.drop.classList.remove("over");
      const [file] = event.dataTransfer.files;
      if (file) this.take(file);
    });
  }

  async take(file) {
    if (this.calling) return;
    if (file.size > this.limits.upload_bytes) {
      complain(
        say("file.too_large", {
          name: file.name,
          size: megabytes(file.size),
          most: megabytes(this.limits.upload_bytes),
        }),
      );
      return;
    }
    this.calling = new AbortController();
    this.sending.hidden = false;
    this.drop.classList.add("busy");
    this.input.disabled = true;
    announce(say("file.sending", { name: file.name }));
    let sentAt = performance.now();
    this.tell(0, file.name);
    const take = await attempt(() =>
      upload("videos", file, {
        signal: this.calling.signal,
        progress: (share) => {
          if (share === 1) sentAt = performance.now();
          this.tell(share, file.name);
        },
      }),
    );
    this.calling = null;
    this.sending.hidden = true;
    this.drop.classList.remove("busy");
    this.input.disabled = false;
    if (take) await this.onTake(take, { ended: sentAt, looked: sentAt, what: "sent" });
  }

  tell(share, name) {
    const words = share < 1 ? say("file.sending", { name }) : say("file.looking", { name });
    this.sending.querySelector("p").textContent = words;
    this.sending.classList.toggle("looking", share === 1);
    setBar(this.sending.querySelector(".bar"), share, share < 1 ? percent(share) : words);
    if (share === 1) announce(words);
  }
}

/* A size in whole millions of bytes. */
export const megabytes = (bytes) => Math.max(1, Math.round(bytes / 1e6));
