// A field that holds an ordered list: authors, tags or related links. What was chosen stands in
// a list that is sorted by drag, by its buttons or by Alt and an arrow key; a hidden field
// carries it as JSON.

import { isAddress } from "./addresses.js"
import { SuggestionList, element } from "./lookup.js"

const isOutside = (text) => /^https?:\/\/\S+\.\S+/i.test(text)

export function makePicker(root) {
  const store = root.querySelector("input[type=hidden]")
  const field = root.querySelector("[data-picker-input]")
  const list = root.querySelector("[data-picker-list]")
  const status = root.querySelector("[data-picker-status]")
  const { url, kind } = root.dataset
  const creates = "creates" in root.dataset, addresses = "addresses" in root.dataset
  let items = JSON.parse(store.value || "[]")
  let dragged = null

  field.setAttribute("role", "combobox")
  const suggestions = new SuggestionList(field, {
    url,
    parameters: { kind, exclude: root.dataset.exclude || "" },
    choose: add,
    label: field.getAttribute("aria-label") || "Suggestions",
  })
  field.after(suggestions.node)

  function save() {
    store.value = JSON.stringify(items)
    store.dispatchEvent(new Event("input", { bubbles: true }))
    draw()
  }

  function add(item) {
    field.value = ""
    if (items.some((other) => other.value === item.value)) {
      status.textContent = `${item.label} is already there.`
      return
    }
    const { value, label, note } = item
    items.push({ value, label, note })
    status.textContent = `${label} added.`
    save()
  }

  function move(from, to, focus) {
    if (to < 0 || to >= items.length) return
    const [item] = items.splice(from, 1)
    items.splice(to, 0, item)
    status.textContent = `${item.label} is now number ${to + 1} of ${items.length}.`
    save()
    if (focus) list.children[to].querySelector(focus)?.focus()
  }

  function remove(index) {
    const [item] = items.splice(index, 1)
    status.textContent = `${item.label} removed.`
    save()
    const next = list.children[Math.min(index, items.length - 1)]
    ;(next?.querySelector("[data-remove]") || field).focus()
  }

  function button(label, sign, attribute, action, disabled = false) {
    return element("button", {
      type: "button", class: "chip__button", "aria-label": label, title: label, text: sign,
      [attribute]: true, onclick: action, disabled,
    })
  }

  function draw() {
    list.replaceChildren(
      ...items.map((item, index) => {
        const node = element(
          "li",
          { class: `chip${item.note ? " chip--noted" : ""}`, draggable: "true" },
          element("span", { class: "chip__handle", "aria-hidden": "true", text: "⠿" }),
          element("span", { class: "chip__label", text: item.label }),
          item.note ? element("span", { class: "chip__note", text: item.note }) : null,
          button(`Move ${item.label} up`, "↑", "data-up", () => move(index, index - 1, "[data-up]"), index === 0),
          button(`Move ${item.label} down`, "↓", "data-down", () => move(index, index + 1, "[data-down]"), index === items.length - 1),
          button(`Remove ${item.label}`, "×", "data-remove", () => remove(index)),
        )
        node.addEventListener("keydown", (event) => {
          if (!event.altKey || !["ArrowUp", "ArrowDown"].includes(event.key)) return
          event.preventDefault()
          move(index, index + (event.key === "ArrowUp" ? -1 : 1), "[data-remove]")
        })
        node.addEventListener("dragstart", () => { dragged = index; node.classList.add("chip--dragged") })
        node.addEventListener("dragend", () => { dragged = null; node.classList.remove("chip--dragged") })
        node.addEventListener("dragover", (event) => { if (dragged !== null) event.preventDefault() })
        node.addEventListener("drop", (event) => {
          event.preventDefault()
          if (dragged !== null && dragged !== index) move(dragged, index)
        })
        return node
      }),
    )
  }

  // What the words typed are by themselves, going by what the server answered about them.
  function typed(text, answer) {
    if (addresses && isOutside(text) && !answer.is_own_address) {
      return [{ value: text, label: text, note: "outside address" }]
    }
    if (creates && text && !answer.is_taken) return [{ value: text, label: text, note: "new tag" }]
    return []
  }

  function ask(options = {}) {
    const text = field.value.trim()
    suggestions.ask(text, {
      extra: (found, answer) => {
        const exists = found.some((item) => item.label.toLowerCase() === text.toLowerCase())
        return exists ? [] : typed(text, answer)
      },
      ...options,
    })
  }

  field.addEventListener("input", () => {
    const text = field.value
    if (creates && text.endsWith(",")) {
      const name = text.slice(0, -1).trim()
      if (name) add({ value: name, label: name })
      suggestions.close()
    } else {
      ask()
    }
  })
  field.addEventListener("focus", () => ask())
  field.addEventListener("blur", () => {
    suggestions.close()
    if (field.value.trim()) status.textContent = `“${field.value.trim()}” isn't added yet: press Enter.`
  })
  field.addEventListener("keydown", (event) => {
    if (event.key === "Tab" && !field.value.trim()) return suggestions.close()
    if (suggestions.key(event)) return undefined
    if (event.key === "Enter") {
      event.preventDefault()
      const text = field.value.trim()
      // Only the server knows whether an address is this site's own.
      if (addresses && isAddress(text)) return ask({ delay: 0, picks: true })
      const [item] = typed(text, {})
      if (item) add(item)
    } else if (event.key === "Backspace" && !field.value && items.length) {
      remove(items.length - 1)
      field.focus()
    }
    return undefined
  })
  // Other parts of the form put something on the list: detail is {value, label, note}.
  root.addEventListener("picker:add", (event) => add(event.detail))
  // Or bring back a list that was there before.
  root.addEventListener("picker:set", (event) => { items = event.detail; save() })
  draw()
}
