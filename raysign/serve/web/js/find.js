/* The page that finds a sign: it ties asking, the recordings and the answer together. */
import { get, post, remove } from "./api.js";
import { announce, attempt, calm, complain } from "./announce.js";
import { AddForm } from "./add.js";
import { AnswerView } from "./answer.js";
import { takeInks } from "./drawing.js";
import { Filter } from "./filter.js";
import { Recorder } from "./recorder.js";
import { Takes } from "./takes.js";
import { fill, say } from "./texts.js";
import { Upload, megabytes } from "./upload.js";

const COUNT = 12;
const MOST = 100;
const MORE_THAN_ONE = "long"; // a recording of more than one sign: which part asks, the person says
const find = (id) => document.getElementById(id);

fill(document);
const dictionary = await attempt(() => get("dictionary"));
if (dictionary) start();

function start() {
  const wanted = new URLSearchParams(location.hash.slice(1)).get("add");
  const adding = wanted !== null && dictionary.owner;
  let asking = null; // the question under way
  let count = COUNT;

  takeInks(dictionary.inks);
  tellDictionary();
  const takes = new Takes(find("takes"), dictionary, { span: spanChanged, removed: takeRemoved });
  const filter = new Filter(find("filter"), dictionary, () => ask());
  const view = new AnswerView(dictionary, MOST, () => {
    count = Math.min(count + COUNT, MOST);
    return ask(null, true);
  });
  const recorder = new Recorder(find("camera"), dictionary.skeleton, taken);
  new Upload(find("file"), dictionary.limits, taken);
  const form = new AddForm(find("add"), takes, wanted ?? "", () => showView("ask"));

  find("find").addEventListener("click", () => ask());
  find("again").addEventListener("click", () => askAgain());
  find("anew").addEventListener("click", () => {
    takes.clear();
    filter.clear();
    showView("ask");
  });
  addEventListener("popstate", (event) => {
    if (event.state?.view === "answer" && takes.all.length) ask();
    else showView("ask", false);
  });
  history.replaceState({ view: "ask" }, "");
  showView("ask", false);
  document.documentElement.dataset.ready = "yes";

  function tellDictionary() {
    const { name, signs, signers, limits } = dictionary;
    find("searched").textContent = say(dictionary.synthetic ? "page.searched_synthetic" : "page.searched", {
      name,
      count: signs,
      signers,
    });
    find("made-up").hidden = !dictionary.synthetic;
    find("made-up").textContent = say("page.made_up");
    find("file-limits").textContent = say("file.limits", {
      size: megabytes(limits.upload_bytes),
      minutes: Math.round(limits.seconds / 60),
    });
    find("private").textContent = say("ask.private");
    find("bear").textContent = say("page.bear", { name: dictionary.model.name });
    find("consent").hidden = !dictionary.keeps_queries;
  }

  /* A recording came in; `when` it ended, and had been looked at. */
  async function taken(take, when) {
    if (takes.full) {
      remove(`takes/${take.id}`).catch(() => {});
      complain(say("take.full", { count: dictionary.limits.takes }));
      return;
    }
    const entry = takes.add(take);
    const several = take.remarks.find(({ kind }) => kind === MORE_THAN_ONE);
    if (adding || several) {
      showView("ask");
      announce(several ? several.text : say("take.ready"));
      entry.item.querySelector(".timeline .start").focus();
      return;
    }
    await ask(when);
  }

  /* Ask with all recordings; the time counts from the end of the newest where it is new (`when`), and
     else from now. */
  async function ask(when, more) {
    if (!takes.all.length) return;
    asking?.abort();
    const own = (asking = new AbortController());
    if (!more) count = COUNT;
    document.body.classList.add("asking");
    const from = when?.ended ?? performance.now();
    const question = {
      takes: takes.parts(),
      count,
      filter: filter.value(),
      keep: find("consent").querySelector("input").checked,
    };
    const answer = await attempt(() => post("search", question, own.signal).catch(gone));
    if (asking !== own) return;
    document.body.classList.remove("asking");
    if (!answer) {
      if (document.body.dataset.view === "ask" && takes.all.length) find("find").focus();
      return;
    }
    const answered = performance.now();
    const fresh = document.body.dataset.view === "ask";
    showView("answer");
    await view.show(
      answer,
      takes,
      { from, answered, looked: when?.looked, what: when?.what ?? "asked" },
      more,
    );
    if (fresh) find("verdict").focus();
  }

  /* The server keeps recordings for a while only. */
  function gone(error) {
    if (error.kind === "gone") {
      for (const entry of [...takes.all]) takes.forget(entry);
      showView("ask");
    }
    throw error;
  }

  function spanChanged() {
    view.pause();
    find("find").hidden = false;
  }

  function takeRemoved(left) {
    if (!left) {
      showView("ask");
      find("ask-title").focus();
      return;
    }
    find("takes-title").focus();
    if (document.body.dataset.view === "answer") ask();
  }

  function askAgain() {
    if (takes.full) return complain(say("take.full", { count: dictionary.limits.takes }));
    showView("ask");
    find("camera").scrollIntoView({ block: "nearest" });
    recorder.press();
    find("camera").querySelector(".record").focus();
  }

  /* `ask` or `answer`; the browser's way back leads from the second to the first. */
  function showView(name, remember = true) {
    const from = document.body.dataset.view;
    document.body.dataset.view = name;
    if (name === "ask") {
      view.close();
      takes.rest();
      document.body.classList.remove("unknown");
      tellAsk();
    }
    find("find").hidden = name === "answer" || adding;
    form.show(dictionary.owner && (adding || name === "answer"), adding);
    calm();
    if (remember && name !== from) history.pushState({ view: name }, "");
    if (name !== from) scrollTo(0, 0);
  }

  function tellAsk() {
    const again = takes.all.length > 0;
    const title = adding ? "add.page" : again ? "ask.another" : "ask.title";
    find("ask-title").textContent = say(title);
    find("ask-lead").textContent = say(adding ? "add.lead" : again ? "ask.another_lead" : "ask.lead");
    document.title = say("page.title", { title: say(title) });
  }
}
