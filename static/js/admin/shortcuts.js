// Keys for everything that is done often, on every page of the newsroom, and the sheet that lists
// them. Keys of one sign can be turned off (WCAG 2.2, 2.1.4): voice control may type them.

import { element } from "./lookup.js"

const OFF = "newsroom-single-keys-off"
const isMac = /Mac|iP/.test(navigator.platform)
const CTRL = isMac ? "⌘" : "Ctrl", ALT = isMac ? "⌥" : "Alt", SHIFT = isMac ? "⇧" : "Shift"

const EVERYWHERE = [
  { keys: ["?"], words: "Show this sheet", matches: (e) => isSingle(e, "?"), run: openSheet },
  { keys: [CTRL, "/"], words: "Show this sheet, also while writing", matches: (e) => isCommand(e) && !e.shiftKey && e.key === "/", run: openSheet },
  { keys: ["/"], words: "Search the newsroom", matches: (e) => isSingle(e, "/"), run: search },
  { keys: [CTRL, ALT, "F"], words: "Search the newsroom, also while writing", matches: (e) => isCommand(e) && e.altKey && e.code === "KeyF", run: search },
]
const WRITING = [
  { keys: [CTRL, "S"], words: "Save the draft", matches: (e) => isCommand(e) && !e.shiftKey && !e.altKey && e.code === "KeyS", run: () => press("_save") },
  { keys: [CTRL, SHIFT, "Enter"], words: "Publish, or hand in", matches: (e) => isCommand(e) && e.shiftKey && e.key === "Enter", run: () => press("_publish") || press("_submit") },
  { keys: [CTRL, ALT, "P"], words: "Show or hide the preview", matches: (e) => isCommand(e) && e.altKey && e.code === "KeyP", run: preview },
  { keys: [CTRL, SHIFT, "K"], words: "Cite an article, section, author or tag", matches: (e) => isCommand(e) && e.shiftKey && e.code === "KeyK", run: cite },
]
// The writing surface's own.
const IN_THE_TEXT = [
  [["@"], "Cite at the caret"],
  [[CTRL, "K"], "Link to an address"],
  [[CTRL, ALT, "M"], "Comment on the selected words"],
  [[CTRL, ALT, "2 – 4"], "Heading"],
  [[CTRL, "B"], "Bold"],
  [[CTRL, "I"], "Italic"],
  [[CTRL, "Z"], "Undo"],
  [[ALT, "↑ ↓"], "Move an entry of a list (authors, tags, links)"],
]

const form = document.querySelector("[data-article-form]")
const active = form ? [...EVERYWHERE, ...WRITING] : EVERYWHERE

function isCommand(event) {
  // AltGr types signs on many keyboards, and is told as Ctrl and Alt.
  return (event.ctrlKey || event.metaKey) && !event.getModifierState("AltGraph")
}

function isSingle(event, key) {
  return event.key === key && !isCommand(event) && !event.altKey && !isTyping(event.target) && !localStorage.getItem(OFF)
}

function isTyping(target) {
  return target.isContentEditable || Boolean(target.closest?.("input, textarea, select, [role=textbox], [role=combobox]"))
}

function press(name) {
  const button = form.querySelector(`.article-form__bar [name=${name}]`)
  if (!button) return false
  form.requestSubmit(button)
  return true
}

function preview() {
  const toggle = document.querySelector("[data-preview-toggle]") || form.querySelector("[name=_preview]")
  toggle?.click()
}

function cite() {
  form.querySelector("[data-tool=cite]")?.click()
}

function search() {
  const field = document.querySelector("#newsroom-search")
  field?.focus()
  field?.select()
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented && !isCommand(event)) return
  const shortcut = active.find(({ matches }) => matches(event))
  if (!shortcut) return
  event.preventDefault()
  event.stopPropagation()
  shortcut.run()
}, true)

let sheet = null

function openSheet() {
  sheet ||= makeSheet()
  if (!sheet.open) sheet.showModal()
}

function makeSheet() {
  const keys = (names) => element("span", { class: "shortcuts__keys" }, ...names.map((name) => element("kbd", { text: name })))
  const list = (title, rows) => [
    element("h3", { text: title }),
    element("dl", { class: "shortcuts__list" }, ...rows.map(([names, words]) =>
      element("div", {}, element("dt", {}, keys(names)), element("dd", { text: words })))),
  ]
  const rows = (shortcuts) => shortcuts.map(({ keys: names, words }) => [names, words])
  const isOff = element("input", { type: "checkbox", id: "shortcuts-single", checked: !localStorage.getItem(OFF) })
  isOff.addEventListener("change", () => {
    if (isOff.checked) localStorage.removeItem(OFF)
    else localStorage.setItem(OFF, "1")
  })
  const dialog = element("dialog", { class: "pictures shortcuts", "aria-labelledby": "shortcuts-title" },
    element("h2", { id: "shortcuts-title", text: "Keyboard shortcuts" }),
    ...list("Everywhere", rows(EVERYWHERE)),
    ...(form ? [...list("This article", rows(WRITING)), ...list("In the text", IN_THE_TEXT)] : []),
    element("p", {}, isOff, element("label", { for: "shortcuts-single", text: " Keys of one sign (? and /) are on" })),
    element("form", { method: "dialog", class: "pictures__buttons" }, element("button", { class: "button", text: "Close" })))
  document.body.append(dialog)
  return dialog
}

for (const button of document.querySelectorAll("[data-shortcuts]")) button.addEventListener("click", openSheet)

// Menus of the head close when the focus leaves them, and with Escape.
for (const menu of document.querySelectorAll("details[data-menu]")) {
  menu.addEventListener("focusout", (event) => { if (!menu.contains(event.relatedTarget)) menu.open = false })
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !menu.open) return
    menu.open = false
    menu.querySelector("summary").focus()
  })
}
