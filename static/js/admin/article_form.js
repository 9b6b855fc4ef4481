// The article form: brings its parts to life and keeps words from being lost by accident.

import { makeAutosave } from "./autosave.js"
import { makeComments } from "./comments.js"
import { createEditor } from "./editor.js"
import { makeLivePreview } from "./live_preview.js"
import { element } from "./lookup.js"
import { makePicker } from "./picker.js"
import { choosePicture } from "./pictures.js"
import { whenSaved } from "./saved_parts.js"
import { makeSharing } from "./sharing.js"
import { makeSuggestions } from "./suggestions.js"

const form = document.querySelector("[data-article-form]")

for (const root of form.querySelectorAll("[data-picker]")) makePicker(root)

makeSuggestions(form)
makeAutosave(form)
makeLivePreview(form)
let editor = null
form.addEventListener("editor:ready", (event) => { editor = event.detail.editor }, { once: true })
whenSaved(form, () => {
  makeComments(form, editor)
  makeSharing(form)
})
const body = form.querySelector("textarea[data-library]")
createEditor(body).catch((error) => {
  body.hidden = false
  console.error(error)
})

// What stays in sight below the bar stands lower when its words make it higher.
const bar = form.querySelector(".article-form__bar")
new ResizeObserver(() => form.style.setProperty("--bar-height", `${bar.offsetHeight}px`)).observe(bar)

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
    if (picture) choose(picture.value, picture)
  })
  remove.addEventListener("click", () => choose("", null))
  store.addEventListener("words:set", (event) => draw(event.detail))

  function choose(value, picture) {
    store.value = value
    draw(picture)
    store.dispatchEvent(new Event("input", { bubbles: true }))
  }

  function draw(picture) {
    shown.replaceChildren(...(picture ? [element("img", { src: picture.src, alt: picture.alt })] : []))
    remove.hidden = !picture
  }
}

// The standfirst says how long it is.
const standfirst = form.querySelector("#id_standfirst")
const counter = form.querySelector("[data-counter-for=id_standfirst]")
if (standfirst && counter) {
  const count = () => { counter.textContent = `${standfirst.value.length} characters; about 160 fit search results.` }
  standfirst.addEventListener("input", count)
  count()
}
