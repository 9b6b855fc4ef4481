// The link-health desk: a picker in each row, brought to life when its part is opened.

import { makePicker } from "./picker.js"

for (const part of document.querySelectorAll("[data-choose]")) {
  part.addEventListener("toggle", () => {
    const chooser = part.querySelector("[data-needs-script]")
    if (!part.open || !chooser.hidden) return
    chooser.hidden = false
    makePicker(chooser.querySelector("[data-picker]"))
  })
}
