/* The page's texts, by key: one file a language. Values stand in braces; a text that depends on a
   number has a form for each plural of its language, chosen by `count`. */
const LANGUAGES = ["en"];
const [wanted] = navigator.languages
  .map((name) => name.split("-")[0])
  .filter((name) => LANGUAGES.includes(name));
export const language = wanted ?? LANGUAGES[0];

const answer = await fetch(`/web/texts/${language}.json`);
const texts = await answer.json();
const plurals = new Intl.PluralRules(language);
const whole = new Intl.NumberFormat(language);

document.documentElement.lang = language;
document.documentElement.dataset.texts = "ready";

/* Is there a text of that key? */
export const known = (key) => key in texts;

/* The text of a key, with its values; numbers as the language writes them. */
export function say(key, values = {}) {
  if (!known(key)) throw new Error(`no text ${key}`);
  const found = texts[key];
  const text = typeof found === "string" ? found : (found[plurals.select(values.count)] ?? found.other);
  return text.replace(/\{(\w+)\}/g, (_, name) => {
    const value = values[name];
    return typeof value === "number" ? whole.format(value) : value;
  });
}

/* Seconds with one digit, as the language writes them. */
const tenths = new Intl.NumberFormat(language, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
export const seconds = (value) => tenths.format(value);

const hundredths = new Intl.NumberFormat(language, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
export const hundredth = (value) => hundredths.format(value);

/* A word of a list of codes, such as open_b. */
export const plain = (code) => code.replaceAll("_", " ");

/* Whole per cent; neither 0 nor 100, which no search can know. */
export function percent(share) {
  if (share < 0.01) return say("share.under");
  if (share > 0.99) return say("share.over");
  return say("share.of", { share: Math.round(100 * share) });
}

/* Write the texts that the page's elements ask for. */
export function fill(root) {
  for (const element of root.querySelectorAll("[data-text]")) element.textContent = say(element.dataset.text);
  for (const element of root.querySelectorAll("[data-label]")) {
    element.setAttribute("aria-label", say(element.dataset.label));
  }
  for (const element of root.querySelectorAll("[data-hint]")) element.placeholder = say(element.dataset.hint);
}
