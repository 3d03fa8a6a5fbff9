/* The camera: opened when it is asked for, and closed as soon as a recording is over. */
import { say } from "./texts.js";

const LONGEST_SIDE = 640; // pixels sent: hands are looked at in crops of 224
const QUALITY = 0.85;

export class NoCamera extends Error {
  constructor(kind) {
    super(say(`camera.${kind}`));
    this.kind = kind;
  }
}

const WHY = {
  NotAllowedError: "refused",
  SecurityError: "refused",
  NotFoundError: "none",
  OverconstrainedError: "none",
  NotReadableError: "taken",
  AbortError: "taken",
};

export class Camera {
  constructor(video) {
    this.video = video;
    this.stream = null;
    this.canvas = document.createElement("canvas");
    this.device = null;
  }

  /* Ask for the camera and show it. Throws NoCamera. */
  async open() {
    if (!navigator.mediaDevices?.getUserMedia) throw new NoCamera("insecure");
    // Not cut to that size: what the camera sees at its edges may be a hand.
    const size = {
      width: { ideal: 640 },
      height: { ideal: 480 },
      frameRate: { ideal: 30 },
      resizeMode: "none",
    };
    const which = this.device ? { deviceId: { exact: this.device } } : { facingMode: "user" };
    try {
      this.stream = await navigator.mediaDevices.getUserMedia({ video: { ...size, ...which }, audio: false });
    } catch (error) {
      throw new NoCamera(WHY[error.name] ?? "taken");
    }
    this.video.srcObject = this.stream;
    await this.video.play();
  }

  close() {
    for (const track of this.stream?.getTracks() ?? []) track.stop();
    this.stream = null;
    this.video.srcObject = null;
  }

  /* Call `act(width / height)` now and whenever the picture changes its shape. */
  onShape(act) {
    const tell = () => this.video.videoWidth && act(this.video.videoWidth / this.video.videoHeight);
    this.video.addEventListener("resize", tell);
    tell();
  }

  /* A person expects a mirror, but not of a camera that looks away from them. */
  get mirrored() {
    return this.stream?.getVideoTracks()[0].getSettings().facingMode !== "environment";
  }

  /* Call `act(milliseconds)` at each new picture, until it is told to stop. */
  eachPicture(act) {
    let going = true;
    const next = () => {
      if (this.video.requestVideoFrameCallback) this.video.requestVideoFrameCallback(step);
      else requestAnimationFrame(step);
    };
    const step = (now) => {
      if (!going) return;
      act(now);
      next();
    };
    next();
    return () => {
      going = false;
    };
  }

  /* The picture as it is now, not mirrored; a promise of JPEG. */
  take() {
    const { videoWidth: width, videoHeight: height } = this.video;
    const scale = Math.min(1, LONGEST_SIDE / Math.max(width, height));
    const { canvas } = this;
    if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) {
      canvas.width = Math.round(width * scale);
      canvas.height = Math.round(height * scale);
    }
    canvas.getContext("2d", { alpha: false }).drawImage(this.video, 0, 0, canvas.width, canvas.height);
    return new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", QUALITY));
  }

  /* All cameras there are; they have names once one was allowed. */
  async others() {
    const devices = await navigator.mediaDevices.enumerateDevices();
    return devices.filter(({ kind }) => kind === "videoinput");
  }
}
