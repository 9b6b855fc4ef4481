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
      const option = event.target.closest("[role=option]")
      if (option) this.#pick(Number(option.dataset.index))
    })
    owner.setAttribute("aria-autocomplete", "list")
    owner.setAttribute("aria-controls", this.id)
    this.#tell(false)
  }

  get isOpen() {
    return !this.node.hidden
  }

  // extra: items that stand after what the server found.
  ask(query, { extra = () => [], delay = 150 } = {}) {
    clearTimeout(this.timer)
    // What is shown still answers the question before: nobody may pick it by accident.
    this.items = []
    const asked = (this.asked = Symbol("question"))
    this.timer = setTimeout(async () => {
      try {
        const answer = await fetchJson(this.url, { ...this.parameters, q: query })
        if (this.asked === asked) this.#show([...answer.results, ...extra(answer.results)])
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
    if (!this.isOpen) return false
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

  #show(items) {
    this.items = items
    if (!items.length) return this.#say("Nothing found.")
    this.node.replaceChildren(
      ...items.map((item, index) =>
        element(
          "li",
          {
            role: "option", id: `${this.id}-${index}`, "data-index": index, "aria-selected": "false",
            class: `suggestion${item.is_section ? " suggestion--section" : ""}`,
          },
          element("span", { class: "suggestion__label", text: item.label }),
          item.note ? element("span", { class: "suggestion__note", text: item.note }) : null,
        ),
      ),
    )
    this.#open()
    this.#activate(0)
    return undefined
  }

  #say(words) {
    this.items = []
    this.active = -1
    this.node.replaceChildren(element("li", { class: "suggestion suggestion--none", text: words }))
    this.#open()
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
