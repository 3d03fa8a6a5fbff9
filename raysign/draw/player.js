"use strict";
/* Plays clips as skeletons on canvases, several in step, each with the same clock.

   raysign.stage(root, data, words) takes over the page below `root`, until its close() is called:
     canvas[data-film="2"]      shows data.films[2]
     line[data-film="2"]        an alignment's moment: from the first film's time, at its upper end,
                                to the time of film 2 at its lower; units: hundredths of each film
     [data-play]                a button that plays and pauses
     [data-speed]               radio buttons; the value is how fast, 1 = as signed
     [data-step]                radio buttons; "step" = the films follow the first one, each by
                                data.warps; "signed" = each runs at its own speed
     input[data-time]           a slider over the time, in milliseconds
     output[data-clock]         the time in words
   `data` is made by raysign/draw/player.py and raysign/search/page.py: `drawing` says how a frame
   is drawn, `films` are the clips, and warps[n] gives, for each frame of the first film, the frame
   of film n that it stands beside (null: film n cannot follow). `words` is what is written on the
   page, as ENGLISH. Where the page has no choice of speed or tempo, films run as signed.
   With data.at, the second to begin at, they stand still there until somebody plays them; a page
   whose choice of speed is not below `root` gives data.speed, a function. data.moved, a function, is
   called whenever something else is shown, with one that says which second of film n is. Of what stage returns,
   pause() stops them and run(from, to) plays from one second to the other, once. */
const raysign = (() => {
  const ENGLISH = {
    play: "Play",
    pause: "Pause",
    clock: (seconds, length) => `${seconds.toFixed(1)} / ${length.toFixed(1)} s`,
    spoken: (seconds, length) => `${seconds.toFixed(1)} of ${length.toFixed(1)} seconds`,
  };

  /* A film's places as numbers [frame point axis], NaN where a point is missing. */
  function decoded(film, drawing) {
    const bytes = Uint8Array.from(atob(film.places), (letter) => letter.charCodeAt(0));
    const span = (drawing.highest - drawing.lowest) / (drawing.missing - 1);
    const places = new Float32Array(bytes.length / 2);
    for (let i = 0; i < places.length; i++) {
      const whole = bytes[2 * i] + 256 * bytes[2 * i + 1];
      places[i] = whole === drawing.missing ? NaN : drawing.lowest + whole * span;
    }
    return { ...film, places, width: 2 * drawing.points };
  }

  /* One frame, or what lies between two: where only one of them shows a point, the nearer counts. */
  function frameAt(film, position) {
    const before = Math.floor(position);
    const after = Math.min(before + 1, film.frames - 1);
    const share = position - before;
    const a = film.places.subarray(before * film.width, (before + 1) * film.width);
    const b = film.places.subarray(after * film.width, (after + 1) * film.width);
    return a.map((value, i) => {
      const mixed = value + share * (b[i] - value);
      return Number.isNaN(mixed) ? (share < 0.5 ? value : b[i]) : mixed;
    });
  }

  /* Which frame of film `n` is shown after so many seconds; fractional. */
  function positionAt(data, n, seconds, inStep) {
    const film = data.films[n];
    const warp = inStep ? data.warps[n] : null;
    if (!warp) return Math.min(seconds * film.fps, film.frames - 1);
    const lead = Math.min(seconds * data.films[0].fps, warp.length - 1);
    const before = Math.floor(lead);
    const after = Math.min(before + 1, warp.length - 1);
    return warp[before] + (lead - before) * (warp[after] - warp[before]);
  }

  /* How long the films last together, in seconds: the first, or the longest. */
  function lengthOf(data, inStep) {
    const lengths = data.films.map((film) => film.frames / film.fps);
    return inStep ? lengths[0] : Math.max(...lengths);
  }

  /* The way of a point that ends at a position: a place a frame, as far back as it is unbroken. */
  function wayOf(film, point, position, trail) {
    const way = [];
    for (let frame = Math.floor(position); frame >= 0 && way.length < trail.frames; frame--) {
      const at = film.places.subarray(frame * film.width + 2 * point, frame * film.width + 2 * point + 2);
      const last = way[way.length - 1];
      if (Number.isNaN(at[0]) || (last && Math.hypot(at[0] - last[0], at[1] - last[1]) > trail.leap)) break;
      way.push(at);
    }
    return way.reverse();
  }

  function draw(canvas, drawing, film, position, dark) {
    const pen = canvas.getContext("2d");
    const height = canvas.height;
    const dense = height / Math.max(canvas.clientHeight, 1);
    const weight = (canvas.clientHeight / drawing.pen.reference) ** drawing.pen.growth * dense;
    const frame = frameAt(film, position);
    const at = (point) => [frame[2 * point] * height, frame[2 * point + 1] * height];
    pen.clearRect(0, 0, canvas.width, height);
    pen.lineCap = pen.lineJoin = "round";
    const disc = ([x, y], thick) => {
      pen.beginPath();
      pen.arc(x, y, (thick * weight) / 2, 0, 2 * Math.PI);
      pen.fill();
    };
    for (const shape of drawing.shapes) {
      const points = shape.points.map(at);
      if (points.some(([x, y]) => Number.isNaN(x + y))) continue;
      pen.strokeStyle = pen.fillStyle = shape.ink[dark];
      pen.lineWidth = Math.max(shape.thick * weight, drawing.pen.thinnest * dense);
      pen.beginPath();
      if (shape.kind === "dot") {
        disc(points[0], shape.thick);
      } else if (shape.kind === "ring") {
        const half = Math.abs(points[1][0] - points[0][0]);
        pen.ellipse(...points[0], half, drawing.headHeight * half, 0, 0, 2 * Math.PI);
        pen.fillStyle = shape.fill[dark];
        pen.fill();
        pen.stroke();
      } else if (shape.kind === "trail") {
        const way = wayOf(film, shape.points[0], position, drawing.trail);
        way.forEach(([x, y], place) => {
          const share = way.length > 1 ? place / (way.length - 1) : 0;
          const [thick, strength] = [0, 1].map(
            (i) => drawing.trail.far[i] + share * (drawing.trail.near[i] - drawing.trail.far[i])
          );
          pen.globalAlpha = strength;
          disc([x * height, y * height], thick);
        });
        pen.globalAlpha = 1;
      } else {
        points.forEach(([x, y]) => pen.lineTo(x, y));
        if (shape.kind === "area") pen.fill();
        else pen.stroke();
      }
    }
  }

  function stage(root, given, words = ENGLISH) {
    const drawing = given.drawing;
    const data = { ...given, films: given.films.map((film) => decoded(film, drawing)) };
    const all = (selector) => [...root.querySelectorAll(selector)];
    const canvases = all("canvas[data-film]");
    const moments = all("line[data-film]");
    const [play] = all("[data-play]");
    const [slider] = all("input[data-time]");
    const [clock] = all("output[data-clock]");
    const night = matchMedia("(prefers-color-scheme: dark)");
    const chosen = (name) => all(`[data-${name}]`).find((choice) => choice.checked)?.value;
    const visible = new Set();
    const closing = new AbortController();
    const until = { signal: closing.signal };
    let [seconds, playing, last, end] = [given.at ?? 0, false, null, null];

    const inStep = () => chosen("step") === "step";
    const speed = () => Number(chosen("speed") ?? given.speed?.() ?? 1);

    function show() {
      const [step, length] = [inStep(), lengthOf(data, inStep())];
      for (const canvas of canvases) {
        if (!visible.has(canvas)) continue;
        const n = Number(canvas.dataset.film);
        const position = positionAt(data, n, seconds, step);
        draw(canvas, drawing, data.films[n], position, Number(night.matches));
      }
      for (const moment of moments) {
        const n = Number(moment.dataset.film);
        const ends = [0, n].map((film) => {
          const most = Math.max(data.films[film].frames - 1, 1);
          return (100 * positionAt(data, film, seconds, step)) / most;
        });
        moment.setAttribute("x1", ends[0]);
        moment.setAttribute("x2", ends[1]);
      }
      given.moved?.((n) => positionAt(data, n, seconds, step) / data.films[n].fps);
      slider.max = Math.round(1000 * length);
      slider.value = Math.round(1000 * seconds);
      slider.setAttribute("aria-valuetext", words.spoken(seconds, length));
      clock.textContent = words.clock(seconds, length);
    }

    function tick(now) {
      if (!playing) return;
      if (last !== null) {
        seconds += ((now - last) / 1000) * speed();
        if (end !== null && seconds >= end) {
          seconds = end;
          setPlaying(false);
        }
        seconds %= lengthOf(data, inStep());
      }
      last = now;
      show();
      requestAnimationFrame(tick);
    }

    function setPlaying(value) {
      playing = value;
      last = end = null;
      play.textContent = playing ? words.pause : words.play;
      if (playing) requestAnimationFrame(tick);
    }

    /* As many pixels as the screen has for it; only what is on the screen is drawn. */
    const resized = new ResizeObserver((entries) => {
      for (const { target } of entries) {
        target.width = Math.round(target.clientWidth * devicePixelRatio);
        target.height = Math.round(target.clientHeight * devicePixelRatio);
      }
      show();
    });
    const seen = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) {
        if (isIntersecting) visible.add(target);
        else visible.delete(target);
      }
      show();
    });
    for (const canvas of canvases) {
      resized.observe(canvas);
      seen.observe(canvas);
    }
    play.addEventListener("click", () => setPlaying(!playing), until);
    slider.addEventListener("input", () => {
      setPlaying(false);
      seconds = Number(slider.value) / 1000;
      show();
    }, until);
    for (const choice of all("[data-step]")) {
      choice.addEventListener("change", () => {
        seconds = Math.min(seconds, lengthOf(data, inStep()));
        show();
      }, until);
    }
    night.addEventListener("change", show, until);
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const waits = given.at !== undefined;
    if (still && !waits) seconds = lengthOf(data, inStep()) / 2; // in the midst of the sign
    show();
    setPlaying(!still && !waits);

    function run(from, to) {
      if (!playing) setPlaying(true);
      [seconds, last] = [from, null];
      end = Math.min(to, lengthOf(data, inStep()) - 1e-3);
    }

    function close() {
      playing = false;
      closing.abort();
      resized.disconnect();
      seen.disconnect();
    }
    return { close, pause: () => setPlaying(false), run };
  }

  return { decoded, draw, frameAt, lengthOf, positionAt, stage, wayOf };
})();
