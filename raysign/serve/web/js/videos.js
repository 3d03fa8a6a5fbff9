/* The owner's videos of the clips, in place of skeletons: fetched when they come into sight, since a
   <video> cannot send the token. They are muted, and stand still where somebody asked for less motion.
   What the browser cannot play, or the server does not give, is a skeleton as before. */
import { getBlob } from "./api.js";

const calm = matchMedia("(prefers-reduced-motion: reduce)");

function fail(place) {
  place.hidden = true;
  place.dataset.failed = "yes";
  place.replaceChildren();
  if (place.skeleton) place.skeleton.hidden = false;
}

async function fill(place) {
  const video = document.createElement("video");
  Object.assign(video, {
    muted: true,
    loop: true,
    playsInline: true,
    controls: calm.matches,
    autoplay: !calm.matches,
  });
  video.setAttribute("aria-label", place.dataset.label);
  video.addEventListener("error", () => fail(place));
  video.addEventListener("loadeddata", () => URL.revokeObjectURL(video.src), { once: true });
  try {
    video.src = URL.createObjectURL(await getBlob("video", { clip_id: place.dataset.clip }));
    place.replaceChildren(video);
  } catch {
    fail(place);
  }
}

const seen = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    if (!isIntersecting) continue;
    seen.unobserve(target);
    fill(target);
  }
});

/* Show a clip's video in a place, once that is on the screen, and not `skeleton`, which may be null. */
export function showVideo(place, skeleton, clip_id, label) {
  Object.assign(place.dataset, { clip: clip_id, label });
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
  place.replaceChildren();
  if (place.skeleton) place.skeleton.hidden = false;
}

/* All videos below `root` as fast as is chosen there. */
export function setPace(root, speed) {
  for (const video of root.querySelectorAll("video")) video.playbackRate = speed;
}
