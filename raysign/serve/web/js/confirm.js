/* Ask before something cannot be undone. */
const dialog = document.getElementById("remove");

/* Whether the person says yes; Esc is no. */
export function confirmed(title) {
  dialog.querySelector("h2").textContent = title;
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}

for (const button of dialog.querySelectorAll("button"))
  button.addEventListener("click", () => dialog.close(button.value));
