/* The owner's videos of the clips, in place of skeletons: fetched when they come into sight, since a
   <video> cannot send the token. They are muted, and stand still where somebody asked for less motion.
   What the browser cannot play, or the server does not give, is a skeleton as before; of the first, the
   place is told by an event `unplayed`. */
import { getBlob } from "./api.js";

const SAME_S = 0.02; // half a frame
const calm = matchMedia("(prefers-reduced-motion: reduce)");

function empty(place) {
  if (place.url) URL.revokeObjectURL(place.url);
  place.url = null;
  place.replaceChildren();
}

function fail(place) {
  place.hidden = true;
  place.dataset.failed = "yes";
  empty(place);
  if (place.skeleton) place.skeleton.hidden = false;
}

async function fill(place) {
  const video = document.createElement("video");
  const { clip, led } = place.dataset;
  Object.assign(video, {
    muted: true,
    loop: !led,
    playsInline: true,
    controls: calm.matches && !led,
    autoplay: !calm.matches && !led,
  });
  video.setAttribute("aria-label", place.dataset.label);
  video.addEventListener("error", () => {
    if (!place.contains(video)) return; // taken away meanwhile
    fail(place);
    place.dispatchEvent(new CustomEvent("unplayed", { bubbles: true }));
  });
  const stillWanted = () => !place.hidden && place.dataset.clip === clip;
  try {
    const content = await getBlob("video", { clip_id: clip });
    if (!stillWanted()) return;
    place.replaceChildren(video);
    place.url = video.src = URL.createObjectURL(content);
  } catch {
    if (stillWanted()) fail(place);
  }
  if (!led) video.addEventListener("loadeddata", () => URL.revokeObjectURL(video.src), { once: true });
}

const seen = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    if (!isIntersecting) continue;
    seen.unobserve(target);
    fill(target);
  }
});

/* Show a clip's video in a place, once that is on the screen, and not `skeleton`, which may be null.
   One that is `led` does not play by itself: `lead` says what it shows. */
export function showVideo(place, skeleton, clip_id, label, { led = false, mirrored = false } = {}) {
  Object.assign(place.dataset, { clip: clip_id, label });
  if (led) place.dataset.led = "yes";
  place.classList.toggle("mirrored", mirrored);
  place.skeleton = skeleton;
  if (place.dataset.failed) return;
  place.hidden = false;
  if (skeleton) skeleton.hidden = true;
  if (!place.firstElementChild) seen.observe(place);
}

/* The skeleton again. */
export function hideVideo(place) {
  seen.unobserve(place);
  place.hidden = true;
  delete place.dataset.failed;
  delete place.dataset.led;
  empty(place);
  if (place.skeleton) place.skeleton.hidden = false;
}

/* Let the video of a place, once it is there, show that second. While it seeks one, others pass; at the
   last one it stands still. */
export function lead(place, second) {
  const [video] = place.getElementsByTagName("video");
  place.second = second;
  if (!video || video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA || video.seeking) return;
  if (Math.abs(video.currentTime - second) < SAME_S) return;
  video.addEventListener("seeked", () => lead(place, place.second), { once: true });
  video.currentTime = second;
}

/* All videos below `root` as fast as is chosen there. */
export function setPace(root, speed) {
  for (const video of root.querySelectorAll("video")) video.playbackRate = speed;
}
