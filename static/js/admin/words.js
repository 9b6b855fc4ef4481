// The words of the article form: what an autosave sends and a backup keeps.

const PICKERS = ["authors", "tags", "related", "parts", "updates", "corrects"]
export const NAMES = [
  "title", "standfirst", "body", ...PICKERS, "relation_note", "lead_image", "slug", "language", "note",
]

function fieldsOf(form) {
  return NAMES.map((name) => [name, form.elements[name]]).filter(([, field]) => field)
}

export function readWords(form) {
  return Object.fromEntries(fieldsOf(form).map(([name, field]) => [name, field.value]))
}

// What the server put into the form, also when the browser has filled in something else since.
export function originalWords(form) {
  const original = (field) =>
    field.options ? [...field.options].find((option) => option.defaultSelected)?.value ?? field.value : field.defaultValue
  return Object.fromEntries(fieldsOf(form).map(([name, field]) => [name, original(field)]))
}

function items(json) {
  try {
    return JSON.parse(json || "[]")
  } catch {
    return []
  }
}

function essence(name, value = "") {
  if (PICKERS.includes(name)) return JSON.stringify(items(value).map((item) => item.value))
  if (name !== "body") return value.replace(/\s+/g, " ").trim()
  // Ids, addresses of pictures and paragraphs of list items are the server's and the editor's.
  const { body } = new DOMParser().parseFromString(value.replaceAll("</", " </"), "text/html")
  const marks = [...body.querySelectorAll(":not(p, tbody)")].map(
    (node) => node.dataset.ref || node.getAttribute("href") || node.dataset.image || node.localName)
  return `${body.textContent.replace(/\s+/g, " ").trim()} ${marks.join(" ")}`
}

// Whether a reader could tell one from the other. The note on a version isn't shown again once
// that version is saved, so it doesn't count.
export function areSame(one, other) {
  return NAMES.every((name) => name === "note" || essence(name, one[name]) === essence(name, other[name]))
}

// Puts words into the form as if they had been typed.
export function writeWords(form, editor, words, lead) {
  for (const [name, field] of fieldsOf(form)) {
    const value = words[name] ?? ""
    if (field.value === value) continue
    if (name === "body" && editor) {
      editor.commands.setContent(value, { emitUpdate: true })
    } else if (PICKERS.includes(name)) {
      field.closest("[data-picker]").dispatchEvent(new CustomEvent("picker:set", { detail: items(value) }))
    } else {
      field.value = value
      field.dispatchEvent(new CustomEvent("words:set", { detail: lead }))
      field.dispatchEvent(new Event("input", { bubbles: true }))
    }
  }
}
