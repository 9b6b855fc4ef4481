// The article form: brings its parts to life and keeps words from being lost by accident.

import { createEditor } from "./editor.js"
import { element } from "./lookup.js"
import { makePicker } from "./picker.js"
import { choosePicture } from "./pictures.js"
import { makeSuggestions } from "./suggestions.js"

const form = document.querySelector("[data-article-form]")
let isDirty = false

for (const root of form.querySelectorAll("[data-picker]")) makePicker(root)

makeSuggestions(form)
const body = form.querySelector("textarea[data-library]")
createEditor(body).then(
  () => { isDirty = form.hasAttribute("data-unsaved") },
  (error) => {
    body.hidden = false
    console.error(error)
  },
)

// The lead picture.
const lead = form.querySelector("[data-lead-picture]")
if (lead) {
  const store = lead.querySelector("input[type=hidden]")
  const shown = lead.querySelector("[data-shown]")
  const remove = lead.querySelector("[data-remove]")
  lead.querySelector("[data-choose]").addEventListener("click", async () => {
    const picture = await choosePicture({
      url: body.dataset.picturesUrl, uploadUrl: body.dataset.uploadUrl,
      token: form.elements.csrfmiddlewaretoken.value,
    })
    if (!picture) return
    store.value = picture.value
    shown.replaceChildren(element("img", { src: picture.src, alt: picture.alt }))
    remove.hidden = false
    isDirty = true
  })
  remove.addEventListener("click", () => {
    store.value = ""
    shown.replaceChildren()
    remove.hidden = true
    isDirty = true
  })
}

// Leaving with unsaved words asks first.
form.addEventListener("input", () => { isDirty = true })
form.addEventListener("submit", (event) => {
  const button = event.submitter
  if (button?.dataset.confirm && !window.confirm(button.dataset.confirm)) return event.preventDefault()
  isDirty = false
  return undefined
})
window.addEventListener("beforeunload", (event) => { if (isDirty) event.preventDefault() })

// Ctrl+S saves the draft.
document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "s") {
    event.preventDefault()
    form.requestSubmit(form.querySelector("[name=_save]"))
  }
})

// The standfirst says how long it is.
const standfirst = form.querySelector("#id_standfirst")
const counter = form.querySelector("[data-counter-for=id_standfirst]")
if (standfirst && counter) {
  const count = () => { counter.textContent = `${standfirst.value.length} characters; about 160 fit search results.` }
  standfirst.addEventListener("input", count)
  count()
}
