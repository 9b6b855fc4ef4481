// The pane beside the form: what is being written, by the readers' own template, at the width and
// in the colours of one's choice. The server renders; nothing is saved.
//
// The page is given to the frame as words (srcdoc) and not as an address, so it inherits the
// policy of the newsroom and no page of the site has to allow being framed. Its scripts don't run.

const PAUSE = 900
const KEY = "live-preview"

export function makeLivePreview(form) {
  const pane = document.querySelector("[data-live-preview]")
  const toggle = form.querySelector("[name=_preview]")
  if (!pane || !toggle) return
  const part = (name) => pane.querySelector(`[data-${name}]`)
  const stage = part("stage"), frame = part("frame"), status = part("status")
  const widths = [...pane.querySelectorAll("[data-width]")]
  const schemes = [...pane.querySelectorAll("[data-scheme]")]
  const isDark = getComputedStyle(document.documentElement).colorScheme.includes("dark")
  const width = window.innerWidth < 600 ? "360" : "768"
  const view = { open: false, width, scheme: isDark ? "dark" : "light", ...remembered() }
  let timer = null, asked = null, isLoaded = false

  toggle.setAttribute("aria-controls", pane.id)
  toggle.setAttribute("aria-expanded", "false")

  function remember() {
    try { sessionStorage.setItem(KEY, JSON.stringify(view)) } catch { /* It is a convenience. */ }
  }

  function press(buttons, name, value) {
    for (const button of buttons) {
      button.setAttribute("aria-pressed", String(button.dataset[name] === value))
    }
  }

  // The frame has the width that was asked for, whatever room there is; it is scaled to fit.
  function fit() {
    const { clientWidth, clientHeight } = stage
    if (!clientWidth) return
    const width = Number(view.width), scale = Math.min(1, clientWidth / width)
    frame.style.width = `${width}px`
    frame.style.height = `${clientHeight / scale}px`
    frame.style.transform = `scale(${scale})`
    frame.style.left = `${Math.max(0, (clientWidth - width * scale) / 2)}px`
    // The readers' style sheet asks for the scheme of the frame's surroundings (CSS Color Adjust).
    frame.style.colorScheme = view.scheme
  }

  function set(changes) {
    Object.assign(view, changes)
    press(widths, "width", view.width)
    press(schemes, "scheme", view.scheme)
    pane.hidden = !view.open
    document.body.classList.toggle("has-live-preview", view.open)
    toggle.setAttribute("aria-expanded", String(view.open))
    remember()
    fit()
  }

  function open() {
    set({ open: true })
    refresh()
    // Where the pane covers the form, the keyboard goes with it.
    if (window.matchMedia("(max-width: 64rem)").matches) part("close").focus()
  }

  function close() {
    set({ open: false })
    asked?.abort()
    toggle.focus()
  }

  async function refresh() {
    clearTimeout(timer)
    if (!view.open) return
    asked?.abort()
    const question = (asked = new AbortController())
    const data = new FormData(form)
    data.set("pk", form.dataset.pk || "")
    data.set("kind", pane.dataset.kind)
    try {
      const response = await fetch(pane.dataset.url, {
        method: "POST", body: data, credentials: "same-origin", signal: question.signal,
      })
      if (!response.ok || response.redirected) throw new Error(`The server answered ${response.status}`)
      draw(await response.text())
      status.textContent = ""
    } catch (error) {
      if (question.signal.aborted) return
      status.textContent = "The preview can't be refreshed just now. It is tried again as you write."
      console.warn(error)
    }
  }

  // Only the words are exchanged once the page is there: nothing flashes, and the place is kept.
  function draw(html) {
    const page = frame.contentDocument
    if (!isLoaded) {
      frame.srcdoc = html
      return
    }
    const next = new DOMParser().parseFromString(html, "text/html")
    const { scrollX, scrollY } = frame.contentWindow
    for (const name of ["lang", "dir"]) {
      const value = next.documentElement.getAttribute(name)
      if (value) page.documentElement.setAttribute(name, value)
    }
    page.body.replaceWith(page.adoptNode(next.body))
    prepare(page)
    frame.contentWindow.scrollTo({ left: scrollX, top: scrollY, behavior: "instant" })
  }

  // A link opens beside the newsroom and not in it; one within the text goes to its place.
  function prepare(page) {
    for (const link of page.querySelectorAll("a[href]")) {
      if (!link.getAttribute("href").startsWith("#")) link.target = "_blank"
    }
  }

  frame.addEventListener("load", () => {
    const page = frame.contentDocument
    if (page?.URL !== "about:srcdoc") return
    isLoaded = true
    prepare(page)
    page.addEventListener("click", (event) => {
      const link = event.target.closest("a[href^='#']")
      if (!link) return
      event.preventDefault()
      page.getElementById(link.getAttribute("href").slice(1))?.scrollIntoView()
    })
    page.addEventListener("keydown", (event) => { if (event.key === "Escape") close() })
  })

  toggle.addEventListener("click", (event) => {
    event.preventDefault()
    if (view.open) close()
    else open()
  })
  part("close").addEventListener("click", close)
  part("new-tab").addEventListener("click", () => form.requestSubmit(toggle))
  for (const button of widths) button.addEventListener("click", () => set({ width: button.dataset.width }))
  for (const button of schemes) button.addEventListener("click", () => set({ scheme: button.dataset.scheme }))
  pane.addEventListener("keydown", (event) => { if (event.key === "Escape") close() })
  form.addEventListener("input", () => {
    clearTimeout(timer)
    if (view.open) timer = setTimeout(refresh, PAUSE)
  })
  new ResizeObserver(fit).observe(stage)
  set({})
  if (view.open) refresh()
}

function remembered() {
  try {
    return JSON.parse(sessionStorage.getItem(KEY)) || {}
  } catch {
    return {}
  }
}
