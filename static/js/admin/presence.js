// Who else has the article open, and whether somebody saved it meanwhile: asked every now and then
// while this form is looked at.

const INTERVAL = 20_000

// edition(): from which the words in the form started. tellNewer({edition, words, is_own}): there
// is a newer one. tellStranger(): the server doesn't know the user any more.
export function makePresence(form, root, { edition, tellNewer, tellStranger }) {
  const shown = root.querySelector("[data-others]"), status = root.querySelector("[data-others-status]")
  let url = root.dataset.presenceUrl || "", names = "", isAsking = false

  function data(values) {
    const body = new FormData()
    for (const [name, value] of Object.entries(values)) body.append(name, value)
    body.append("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value)
    return body
  }

  async function ask() {
    if (!url || isAsking || document.visibilityState !== "visible") return
    isAsking = true
    try {
      const response = await fetch(url, { method: "POST", credentials: "same-origin", body: data({ edition: edition() }) })
      const isJson = response.headers.get("Content-Type")?.includes("json")
      if (isJson && response.ok) show(await response.json())
      else if (response.redirected || response.status === 403) tellStranger()
    } catch {
      // It is news, not work: the next round asks again.
    } finally {
      isAsking = false
    }
  }

  function show({ others, newer }) {
    const words = others.map((other) => other.words).join(" ")
    if (shown.textContent !== words) shown.textContent = words
    // Read out when somebody comes or goes, not each minute.
    const present = others.map((other) => other.name).sort().join(", ")
    if (present !== names) {
      names = present
      status.textContent = words || "Nobody else is here any more."
    }
    if (newer && newer.edition > Number(edition())) tellNewer(newer)
  }

  setInterval(ask, INTERVAL)
  document.addEventListener("visibilitychange", ask)
  window.addEventListener("pageshow", ask)
  window.addEventListener("pagehide", () => {
    if (url) navigator.sendBeacon(url, data({ leaving: "1" }))
  })

  return {
    ask,
    // A new article has become one that others can open.
    begin(address) {
      if (url) return
      url = address
      ask()
    },
  }
}
