// What the text could cite, and which older articles could cite it: asked of the server, applied
// by the editor. Nothing here changes a text by itself.

import { element, fetchJson } from "./lookup.js"

const PAUSE = 2000
const BEFORE_LENGTH = 70, AFTER_LENGTH = 90
const UNTOUCHED = ["link", "reference", "code"]

export function makeSuggestions(form) {
  const writing = form.querySelector("[data-suggestions]")
  if (writing) whileWriting(form, writing)
  const citing = form.querySelector("[data-could-cite]")
  if (citing) couldCite(form, citing)
}

function post(form, url, values) {
  const body = new FormData()
  for (const [name, value] of Object.entries(values)) body.append(name, value)
  body.append("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value)
  return fetch(url, { method: "POST", credentials: "same-origin", headers: { Accept: "application/json" }, body })
}

// While writing.

function whileWriting(form, root) {
  const status = root.querySelector("[data-status]")
  const related = form.querySelector("#id_related"), tags = form.querySelector("#id_tags")
  const dismissed = new Set()
  let editor = null, timer = null, isBusy = false, asked = "", items = []

  form.addEventListener("editor:ready", (event) => { editor = event.detail.editor; ask() }, { once: true })
  form.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(ask, PAUSE) })

  function words() {
    const value = (name) => form.elements[name]?.value || ""
    return {
      title: value("title"), standfirst: value("standfirst"), body: value("body"), related: value("related"),
      tags: value("tags"), authors: value("authors"), language: value("language"), article: root.dataset.article,
    }
  }

  async function ask() {
    if (isBusy || !editor) return
    const question = words(), key = JSON.stringify(question)
    if (key === asked) return
    isBusy = true
    asked = key
    try {
      const response = await post(form, root.dataset.url, question)
      if (!response.ok || response.redirected) throw new Error(`The server answered ${response.status}`)
      const answer = await response.json()
      items = [
        ...(tags ? answer.tags.map((item) => ({ ...item, part: "tags", key: `tag-name:${item.value}` })) : []),
        ...answer.mentions.map((item) => ({ ...item, part: "mentions", key: item.ref })),
        ...answer.similar.map((item) => ({ ...item, part: "similar", key: `article:${item.value}` })),
      ]
      draw()
    } catch {
      // Suggestions are an extra: the next change of the text tries again.
      asked = ""
    } finally {
      isBusy = false
    }
    if (asked && JSON.stringify(words()) !== asked) { clearTimeout(timer); timer = setTimeout(ask, PAUSE) }
  }

  function draw() {
    const focused = document.activeElement?.closest?.("[data-key]")
    const wanted = focused && root.contains(focused) ? [focused.dataset.key, document.activeElement.dataset.action] : null
    const shown = items.filter((item) => !dismissed.has(item.key))
    for (const part of root.querySelectorAll("[data-part]")) {
      const own = shown.filter((item) => item.part === part.dataset.part)
      part.hidden = !own.length
      part.querySelector("ul").replaceChildren(...own.map({ tags: fitting, mentions: mention, similar }[part.dataset.part]))
    }
    root.querySelector("[data-none]").hidden = shown.length > 0
    root.querySelector("[data-count]").textContent = shown.length ? String(shown.length) : ""
    if (wanted) {
      const same = [...root.querySelectorAll("[data-key]")].find((node) => node.dataset.key === wanted[0])
      ;(same?.querySelector(`[data-action="${wanted[1]}"]`) || root.querySelector("[data-action]") || root.querySelector("summary")).focus()
    }
  }

  function take(item, message) {
    status.textContent = message
    items = items.filter((other) => other !== item)
    draw()
  }

  function button(item, action, text, label, run) {
    return element("button", {
      type: "button", class: "button button--quiet button--small", "data-action": action, "aria-label": label, text,
      onclick: () => run(item),
    })
  }

  function dismissal(item) {
    return button(item, "dismiss", "Dismiss", `Dismiss ${item.label}`, () => {
      dismissed.add(item.key)
      take(item, `${item.label} is dismissed.`)
    })
  }

  function mention(item) {
    return element("li", { class: "suggest__item", "data-key": item.key },
      sentence(item), target(item.label, item.note),
      element("p", { class: "suggest__buttons" },
        button(item, "apply", "Cite", `Cite ${item.label}`, cite), dismissal(item)))
  }

  function similar(item) {
    return element("li", { class: "suggest__item", "data-key": item.key },
      target(item.label, item.note),
      element("p", { class: "suggest__buttons" },
        related ? button(item, "apply", "Add to related links", `Add to related links: ${item.label}`, relate) : null,
        dismissal(item)))
  }

  function fitting(item) {
    return element("li", { class: "suggest__tag", "data-key": item.key },
      button(item, "apply", `+ ${item.label}`, `Add the tag ${item.label}, ${item.note}`, tag))
  }

  function tag(item) {
    const { value, label } = item
    tags.closest("[data-picker]").dispatchEvent(new CustomEvent("picker:add", { detail: { value, label } }))
    if (tags.value.includes(JSON.stringify(value))) take(item, `The article is tagged ${label} now.`)
  }

  function cite(item) {
    const place = placeOf(editor.state.doc, item)
    if (!place) {
      take(item, "The text doesn't say that any more.")
      return
    }
    // First, so that the focus doesn't go to the next suggestion but to the text.
    editor.chain().focus().setTextSelection(place).setMark("reference", { ref: item.ref })
      .setTextSelection(place.to).scrollIntoView().run()
    take(item, `“${item.words}” cites ${item.label} now.`)
  }

  function relate(item) {
    const { value, label, note } = item
    related.closest("[data-picker]").dispatchEvent(new CustomEvent("picker:add", { detail: { value, label, note } }))
    if (related.value.includes(value)) take(item, `${label} is among the related links now.`)
  }
}

// Where a mention stands in the document: in the sentence that the server saw, else at the first
// place where its words stand alone. Null if nowhere that could become a reference.
export function placeOf(doc, { words, sentence, before }) {
  const blocks = []
  doc.descendants((node, position) => {
    if (!node.isTextblock) return true
    if (node.type.name !== "heading") blocks.push(squeezed(node, position + 1))
    return false
  })
  for (const block of blocks) {
    for (let at = block.text.indexOf(sentence); at >= 0; at = block.text.indexOf(sentence, at + 1)) {
      const place = rangeOf(block, at + before.length, words)
      if (place) return place
    }
  }
  for (const block of blocks) {
    for (let at = block.text.indexOf(words); at >= 0; at = block.text.indexOf(words, at + 1)) {
      const place = rangeOf(block, at, words)
      if (place) return place
    }
  }
  return null
}

// A block's text with single blanks, and for each character its position and whether it may be
// linked.
function squeezed(node, start) {
  let text = ""
  const places = []
  node.forEach((child, offset) => {
    const letters = child.isText ? child.text : "\n"
    const isFree = child.isText && !child.marks.some((mark) => UNTOUCHED.includes(mark.type.name))
    for (let index = 0; index < letters.length; index += 1) {
      const isBlank = /\s/.test(letters[index])
      if (isBlank && (!text || text.endsWith(" "))) {
        if (places.length && !isFree) places.at(-1).isFree = false
        continue
      }
      text += isBlank ? " " : letters[index]
      places.push({ at: start + offset + index, isFree })
    }
  })
  return { text, places }
}

function rangeOf({ text, places }, begin, words) {
  const end = begin + words.length
  const isWhole = !/[\p{L}\p{N}]$/u.test(text.slice(0, begin)) && !/^[\p{L}\p{N}]/u.test(text.slice(end))
  const fits = text.slice(begin, end) === words && places.slice(begin, end).every((place) => place.isFree)
  return isWhole && fits ? { from: places[begin].at, to: places[end - 1].at + 1 } : null
}

// Once it is out.

async function couldCite(form, root) {
  const status = root.querySelector("[data-status]")
  const list = root.querySelector("ul")
  let results = []
  try {
    results = (await fetchJson(root.dataset.url, {})).results
  } catch {
    // Quietly: the part isn't shown.
  }
  root.hidden = !results.length
  list.replaceChildren(...results.map(line))
  count()
  // The form comes back with #published when the article has just gone out.
  const isAskedFor = location.hash === `#${root.id}`
  if (isAskedFor || location.hash === "#published") root.open = true
  if (isAskedFor && results.length) root.scrollIntoView({ block: "center" })

  function count() {
    root.querySelector("[data-count]").textContent = String(list.querySelectorAll("[data-action]").length)
  }

  function line(item) {
    const apply = element("button", {
      type: "button", class: "button button--quiet button--small", "data-action": "apply",
      text: "Apply as a draft", "aria-label": `Apply as a draft: let ${item.label} cite this article`,
    })
    const message = element("span", { class: "help" })
    const node = element("li", { class: "suggest__item" },
      item.how === "mention" ? sentence(item) : null,
      element("p", { class: "suggest__target" },
        element("a", { href: item.url, target: "_blank", rel: "noopener", text: item.label }), " ",
        element("span", { class: "help", text: item.how === "mention" ? item.note : `${item.note}, similar: as a related link` })),
      element("p", { class: "suggest__buttons" }, apply, message))
    apply.addEventListener("click", async () => {
      apply.disabled = true
      const answer = await applied(item)
      status.textContent = `${item.label}: ${answer.message}`
      message.textContent = answer.message
      if (!answer.url) {
        apply.disabled = false
        apply.focus()
        return
      }
      const link = element("a", {
        class: "button button--quiet button--small", href: answer.url, target: "_blank", rel: "noopener",
        text: "Open the draft", "aria-label": `Open the draft of ${item.label}`,
      })
      apply.replaceWith(link)
      link.focus()
      count()
    })
    return node
  }

  async function applied({ value, how }) {
    try {
      const response = await post(form, root.dataset.applyUrl, { source: value, how })
      if (response.redirected) throw new Error("signed out")
      const answer = await response.json()
      return response.ok ? answer : { message: answer.error }
    } catch {
      return { message: "That didn't work just now. Try again." }
    }
  }
}

// What both lists are made of.

function sentence({ sentence: text, before, words }) {
  const after = text.slice(before.length + words.length)
  return element("p", { class: "suggest__sentence" },
    document.createTextNode(lastWords(before)), element("mark", { text: words }), document.createTextNode(firstWords(after)))
}

function target(label, note) {
  return element("p", { class: "suggest__target" },
    element("strong", { text: label }), " ", note ? element("span", { class: "help", text: note }) : null)
}

function lastWords(text) {
  if (text.length <= BEFORE_LENGTH) return text
  const cut = text.slice(-BEFORE_LENGTH)
  return `… ${cut.slice(cut.indexOf(" ") + 1)}`
}

function firstWords(text) {
  if (text.length <= AFTER_LENGTH) return text
  const cut = text.slice(0, AFTER_LENGTH)
  return `${cut.slice(0, Math.max(cut.lastIndexOf(" "), 0)) || cut}\u00a0…`
}
