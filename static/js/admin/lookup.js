// A list of suggestions under a text field: asks the server while words are typed, and is
// worked with arrows, Enter and Escape (ARIA combobox pattern).

let lists = 0

export function element(name, attributes = {}, ...children) {
  const node = document.createElement(name)
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "text") node.textContent = value
    else if (key.startsWith("on")) node.addEventListener(key.slice(2), value)
    else if (value !== null && value !== false) node.setAttribute(key, value === true ? "" : value)
  }
  node.append(...children.filter(Boolean))
  return node
}

export async function fetchJson(url, parameters, options = {}) {
  const address = new URL(url, location.href)
  for (const [name, value] of Object.entries(parameters)) address.searchParams.set(name, value)
  const response = await fetch(address, {
    credentials: "same-origin",
    headers: { Accept: "application/json" },
    ...options,
  })
  if (!response.ok || response.redirected) throw new Error(`The server answered ${response.status}`)
  return response.json()
}

// What is known of a suggestion besides its label, as [name, words] in the order of reading.
function factsOf(item) {
  const known = item.kind
    ? [
        ["kind", item.kind], ["detail", item.detail], ["state", item.state], ["date", item.date],
        ["former", item.former && `${item.ref.startsWith("tag:") ? "also" : "formerly"} “${item.former}”`],
        ["path", item.path], ["hint", item.hint],
      ]
    : [["note", item.note]]
  return known.filter(([, words]) => words)
}

export class SuggestionList {
  // owner: the element that has the focus while the list is open.
  // choose(item): called for what the editor picks.
  constructor(owner, { url, parameters = {}, choose, label }) {
    Object.assign(this, { owner, url, parameters, choose })
    this.id = `suggestions-${++lists}`
    this.items = []
    this.active = -1
    this.node = element("ul", {
      id: this.id, role: "listbox", class: "suggestions", hidden: true, "aria-label": label,
    })
    this.node.addEventListener("mousedown", (event) => {
      event.preventDefault()
      const option = event.target.closest("[data-index]")
      if (option) this.#pick(Number(option.dataset.index))
    })
    owner.setAttribute("aria-autocomplete", "list")
    owner.setAttribute("aria-controls", this.id)
    this.#tell(false)
  }

  get isOpen() {
    return !this.node.hidden
  }

  // extra(results, answer): items that stand after what the server found. picks: the first item is
  // taken as soon as it is known.
  ask(query, { extra = () => [], delay = 150, picks = false } = {}) {
    clearTimeout(this.timer)
    // What is shown still answers the question before: nobody may pick it by accident.
    this.items = []
    const asked = (this.asked = Symbol("question"))
    this.timer = setTimeout(async () => {
      try {
        const answer = await fetchJson(this.url, { ...this.parameters, q: query })
        if (this.asked !== asked) return
        this.#show([...answer.results, ...extra(answer.results, answer)], answer.message)
        if (picks && this.items.length) this.#pick(0)
      } catch {
        if (this.asked === asked) this.#say("Suggestions can't be loaded just now.")
      }
    }, delay)
  }

  close() {
    clearTimeout(this.timer)
    this.asked = null
    this.node.hidden = true
    this.items = []
    this.#tell(false)
    this.owner.removeAttribute("aria-activedescendant")
  }

  // True if the key was for the list.
  key(event) {
    // With these, a key is for what the list stands over: Ctrl+Enter sends a comment.
    if (!this.isOpen || event.ctrlKey || event.metaKey) return false
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const step = event.key === "ArrowDown" ? 1 : -1
      if (this.items.length) this.#activate((this.active + step + this.items.length) % this.items.length)
    } else if ((event.key === "Enter" || event.key === "Tab") && this.items[this.active]) {
      this.#pick(this.active)
    } else if (event.key === "Escape") {
      this.close()
    } else {
      return false
    }
    event.preventDefault()
    event.stopPropagation()
    return true
  }

  #pick(index) {
    const item = this.items[index]
    this.close()
    if (item) this.choose(item)
  }

  #show(items, message) {
    this.items = items
    if (!items.length) return this.#say(message || "Nothing found.")
    this.node.replaceChildren(
      ...items.map((item, index) =>
        element(
          "li",
          {
            role: "option", id: `${this.id}-${index}`, "data-index": index, "aria-selected": "false",
            // Read out as one sentence; the eye gets two lines.
            "aria-label": [item.label, ...factsOf(item).map(([, words]) => words)].join(", "),
            class: `suggestion${item.is_section ? " suggestion--section" : ""}`,
          },
          element("span", { class: "suggestion__label", dir: "auto", text: item.label }),
          element("span", { class: "suggestion__facts" }, ...factsOf(item).map(([name, words]) =>
            element("span", { class: `suggestion__fact suggestion__fact--${name}`, text: words }))),
        ),
      ),
    )
    if (message) this.node.append(element("li", { class: "suggestion suggestion--none", role: "presentation", text: message }))
    this.#open()
    this.#activate(0)
    return undefined
  }

  // What is said instead of items can't be chosen, but is read out like one.
  #say(words) {
    this.items = []
    this.active = -1
    const id = `${this.id}-none`
    this.node.replaceChildren(element("li", {
      role: "option", id, "aria-disabled": "true", "aria-selected": "false",
      class: "suggestion suggestion--none", text: words,
    }))
    this.#open()
    this.owner.setAttribute("aria-activedescendant", id)
  }

  #open() {
    this.node.hidden = false
    this.#tell(true)
  }

  // The writing surface is a text box, to which this state isn't allowed (WAI-ARIA 1.2).
  #tell(isOpen) {
    if (this.owner.getAttribute("role") === "combobox") {
      this.owner.setAttribute("aria-expanded", String(isOpen))
    }
  }

  #activate(index) {
    this.active = index
    for (const option of this.node.children) {
      const chosen = Number(option.dataset.index) === index
      option.setAttribute("aria-selected", String(chosen))
      if (chosen) {
        option.scrollIntoView({ block: "nearest" })
        this.owner.setAttribute("aria-activedescendant", option.id)
      }
    }
  }
}
