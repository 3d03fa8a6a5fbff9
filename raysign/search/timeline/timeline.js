/* Starts the skeleton of each sentence, at rest where its first mark is; marks play their piece. */
(() => {
  const data = JSON.parse(document.getElementById("scenes").textContent);
  const speed = () => document.querySelector("[data-pace]:checked").value;
  const stages = data.films.map((film, n) => {
    const card = document.querySelector(`[data-scene="${n}"]`);
    const own = { drawing: data.drawing, films: [film], warps: [null], at: data.at[n], speed };
    const stage = raysign.stage(card, own);
    /* Two skeletons that move at once cannot be read. */
    const alone = () => stages.forEach((other) => other !== stage && other.pause());
    card.querySelector("[data-play]").addEventListener("click", alone);
    for (const mark of card.querySelectorAll("button[data-from]")) {
      mark.addEventListener("click", () => {
        alone();
        stage.run(Number(mark.dataset.from), Number(mark.dataset.to));
      });
    }
    /* A label that its mark is too narrow for is not read from its half: the words stand below. */
    const fit = () => {
      const labels = [...card.querySelectorAll(".mark text")];
      for (const label of labels) {
        const room = label.parentNode.getBoundingClientRect().width;
        label.classList.toggle("cut", label.getComputedTextLength() + 5 > room);
      }
      const known = card.querySelector("details");
      if (known && !known.dataset.seen && card.querySelector(".mark.true .cut")) {
        known.dataset.seen = known.open = true;
      }
    };
    new ResizeObserver(fit).observe(card.querySelector(".lanes"));
    return stage;
  });
})();
