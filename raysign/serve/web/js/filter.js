/* Which signs may be answers: by handshape, location and hands, where the dictionary knows them. */
import { plain, say } from "./texts.js";

const HANDS = ["one", "two"];

export class Filter {
  /* `onChange()` when a choice was made. */
  constructor(root, dictionary, onChange) {
    this.root = root;
    this.form = root.querySelector("form");
    const lists = { hands: HANDS, handshape: dictionary.handshapes, location: dictionary.locations };
    this.names = Object.keys(lists).filter((name) => lists[name].length);
    root.hidden = !dictionary.phonology_of;
    if (root.hidden) return;
    for (const name of this.names) this.form.append(this.group(name, lists[name]));
    const clear = document.createElement("button");
    Object.assign(clear, { type: "button", className: "link", textContent: say("filter.clear") });
    clear.addEventListener("click", () => {
      this.clear();
      onChange();
    });
    const known = document.createElement("p");
    Object.assign(known, {
      className: "soft",
      textContent: say("filter.known", { known: dictionary.phonology_of, count: dictionary.signs }),
    });
    this.form.append(clear, known);
    this.form.addEventListener("submit", (event) => event.preventDefault());
    this.form.addEventListener("change", () => {
      this.tell();
      onChange();
    });
    this.tell();
  }

  group(name, values) {
    const group = document.createElement("fieldset");
    const legend = document.createElement("legend");
    legend.textContent = say(`filter.${name}`);
    group.append(legend);
    const list = document.createElement("div");
    for (const value of values) {
      const [label, input, words] = ["label", "input", "span"].map((tag) => document.createElement(tag));
      Object.assign(input, { type: "checkbox", name, value });
      words.textContent = name === "hands" ? say(`hands.${value}`) : plain(value);
      label.append(input, words);
      list.append(label);
    }
    group.append(list);
    return group;
  }

  chosen(name) {
    return [...this.form.querySelectorAll(`input[name="${name}"]:checked`)].map(({ value }) => value);
  }

  /* As POST /search takes it. */
  value() {
    return Object.fromEntries(this.names.map((name) => [name, this.chosen(name)]));
  }

  get count() {
    return this.form.querySelectorAll("input:checked").length;
  }

  tell() {
    document.getElementById("filter-now").textContent = this.count
      ? say("filter.now", { count: this.count })
      : "";
  }

  clear() {
    for (const input of this.form.querySelectorAll("input")) input.checked = false;
    this.tell();
  }
}
