// What only a saved article has beside its form – review, comments, tasks, versions, links, the way
// to the trash – comes in as soon as a new one has been saved by itself, without a reload.

const AGAIN = 5000

// begin(): brings the parts to life.
export function whenSaved(form, begin) {
  if (form.dataset.pk) {
    begin()
    return
  }
  form.addEventListener("autosave:saved", (event) => bring(event.detail.url), { once: true })

  async function bring(url) {
    try {
      const response = await fetch(url, { credentials: "same-origin" })
      if (!response.ok || response.redirected) throw new Error(`The server answered ${response.status}`)
      put(new DOMParser().parseFromString(await response.text(), "text/html"))
    } catch (error) {
      // They are an extra: the words are saved.
      console.warn(error)
      setTimeout(bring, AGAIN, url)
      return
    }
    begin()
  }

  function put(page) {
    for (const place of document.querySelectorAll("[data-place-of]")) {
      const parts = page.querySelectorAll(`[data-of-saved="${place.dataset.placeOf}"]`)
      place.replaceWith(...[...parts].map((part) => document.adoptNode(part)))
    }
    // Whoever has signed in anew meanwhile has another token.
    const { value } = form.elements.csrfmiddlewaretoken
    for (const input of document.querySelectorAll("[data-of-saved] [name=csrfmiddlewaretoken]")) input.value = value
  }
}
