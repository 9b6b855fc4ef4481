// The list of what is to be done before publishing, as the last save found it.

import { element } from "./lookup.js"

export function showFindings(form, findings) {
  const root = form.querySelector("[data-checks]")
  if (!root) return
  root.querySelector(".checks__list").replaceChildren(...findings.map(({ level, sentence }) =>
    element("li", { class: `check check--${level}` },
      element("strong", { class: "check__level", text: `${root.dataset[level]}:` }), ` ${sentence}`)))
  root.querySelector(".checks__none").hidden = findings.length > 0
}
