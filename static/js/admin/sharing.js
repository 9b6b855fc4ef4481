// Links under which people without an account see the draft: made, copied and revoked without
// leaving the form, so that nothing that is being written is lost.

export function makeSharing(form) {
  const part = form.querySelector("[data-sharing]")
  if (!part) return
  const list = part.querySelector("[data-share-links]")
  const status = part.querySelector("[data-status]")
  const days = part.querySelector("[data-days]"), label = part.querySelector("[data-label]")

  async function send(url, values, done) {
    const data = new FormData()
    data.set("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value)
    for (const [name, value] of Object.entries(values)) data.set(name, value)
    status.textContent = ""
    try {
      const response = await fetch(url, { method: "POST", body: data, credentials: "same-origin" })
      if (response.redirected) throw new Error("The log-in page answered")
      if (!response.ok) {
        const { error } = await response.json()
        status.textContent = error
        return
      }
      list.innerHTML = await response.text()
      done()
    } catch (error) {
      status.textContent = "That didn't work just now. Are you still connected and logged in?"
      console.warn(error)
    }
  }

  async function copy(field) {
    field.focus()
    field.select()
    try {
      await navigator.clipboard.writeText(field.value)
    } catch {
      // Without a secure connection there is only the old way.
      if (!document.execCommand("copy")) {
        status.textContent = "Your browser doesn't let this page copy. Press Ctrl+C."
        return
      }
    }
    status.textContent = "The link is copied."
  }

  function make() {
    send(part.dataset.url, { share_days: days.value, share_label: label.value }, () => {
      label.value = ""
      status.textContent = "The link is made."
      list.querySelector("[data-copy]")?.focus()
    })
  }

  part.querySelector("[data-make]").addEventListener("click", make)
  list.addEventListener("click", (event) => {
    const row = event.target.closest("li")
    if (event.target.closest("[data-copy]")) copy(row.querySelector("input"))
    const revoke = event.target.closest("[data-revoke]")
    if (revoke) {
      send(revoke.dataset.revoke, {}, () => {
        status.textContent = "The link leads nowhere any more."
        part.querySelector("summary").focus()
      })
    }
  })
  // None of this is of the article: neither saved with it, nor a reason to ask before leaving.
  part.addEventListener("input", (event) => event.stopPropagation())
  part.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || ![days, label].includes(event.target)) return
    event.preventDefault()
    make()
  })
}
