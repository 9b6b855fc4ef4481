// The dialog in which a picture is chosen from what is there, or uploaded.

import { element, fetchJson } from "./lookup.js"

// Resolves to {value, src, alt, caption}, or null when the dialog is closed.
export function choosePicture({ url, uploadUrl, token }) {
  return new Promise((resolve) => {
    let chosen = null
    const search = element("input", { type: "search", class: "vTextField", "aria-label": "Search pictures", placeholder: "Search pictures by their words" })
    const grid = element("div", { class: "pictures__grid", role: "group", "aria-label": "Pictures" })
    const message = element("p", { class: "pictures__message", role: "status" })
    const file = element("input", { type: "file", accept: "image/jpeg,image/png,image/webp,image/gif", id: "pictures-file" })
    const alt = element("input", { type: "text", class: "vTextField", id: "pictures-alt", maxlength: 300 })
    const caption = element("input", { type: "text", class: "vTextField", id: "pictures-caption", maxlength: 400 })
    const credit = element("input", { type: "text", class: "vTextField", id: "pictures-credit", maxlength: 200 })
    const upload = element("button", { type: "button", class: "button", text: "Upload and use" })
    const close = element("button", { type: "button", class: "button button--quiet", text: "Cancel" })
    const labelled = (field, words) =>
      element("p", { class: "pictures__field" }, element("label", { for: field.id, text: words }), field)
    const dialog = element(
      "dialog",
      { class: "pictures", "aria-label": "Choose a picture" },
      element("h2", { text: "Choose a picture" }),
      search, grid,
      element("h3", { text: "Or upload one" }),
      labelled(file, "Picture file (JPEG, PNG, WebP or GIF, up to 25 MB)"),
      labelled(alt, "What it shows, for people who can't see it (needed)"),
      labelled(caption, "Caption"),
      labelled(credit, "Credit"),
      message,
      element("p", { class: "pictures__buttons" }, upload, close),
    )

    async function show() {
      try {
        const answer = await fetchJson(url, { q: search.value })
        grid.replaceChildren(
          ...answer.results.map((item) =>
            element(
              "button",
              { type: "button", class: "pictures__item", title: item.alt, onclick: () => finish(item) },
              element("img", { src: item.src, alt: item.alt, width: 160, height: 90, loading: "lazy" }),
            ),
          ),
        )
        if (!answer.results.length) grid.replaceChildren(element("p", { text: "No picture found." }))
      } catch {
        message.textContent = "The pictures can't be loaded just now."
      }
    }

    function finish(item) {
      chosen = item
      dialog.close()
    }

    upload.addEventListener("click", async () => {
      if (!file.files.length) return void (message.textContent = "Choose a file first.")
      if (!alt.value.trim()) {
        message.textContent = "Say what the picture shows, for people who can't see it."
        return void alt.focus()
      }
      const data = new FormData()
      data.append("file", file.files[0])
      for (const [name, field] of Object.entries({ alt, caption, credit })) data.append(name, field.value)
      upload.disabled = true
      message.textContent = "Uploading …"
      try {
        const response = await fetch(uploadUrl, {
          method: "POST", body: data, credentials: "same-origin",
          headers: { "X-CSRFToken": token, Accept: "application/json" },
        })
        const answer = await response.json()
        if (response.ok) return finish(answer)
        message.textContent = answer.error
      } catch {
        message.textContent = "The upload didn't work. Try again."
      } finally {
        upload.disabled = false
      }
    })
    close.addEventListener("click", () => dialog.close())
    let timer
    search.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(show, 200) })
    dialog.addEventListener("close", () => { dialog.remove(); resolve(chosen) })
    document.body.append(dialog)
    dialog.showModal()
    show()
  })
}
