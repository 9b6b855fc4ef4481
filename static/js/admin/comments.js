// Comments in the article form: on the article or on words of it, found again wherever these words
// are. Nothing of it is ever in the text: passages are shown by decorations of the view alone.

import { SuggestionList, element } from "./lookup.js"

const POLL = 20000, LOOK = 400
// What stands above the text on the screen at all times.
const OVERHEAD = 130
const QUOTE_LENGTH = 500, BEFORE_LENGTH = 100
// Longer than the pause after which what is typed is saved.
const SAVING = 2500
// A quote of so many letters is found by how it begins and ends, too.
const LONG_QUOTE = 40

// editor: the writing surface, where it is ready before the comments are.
export function makeComments(form, editor = null) {
  keepApart(form)
  const root = form.querySelector("[data-comments]")
  if (root) comments(form, root, editor)
}

// The rail holds fields that are none of the article's: what is typed there is no change of the
// article, but isn't to be lost either.
function keepApart(form) {
  let isSending = false, typedAt = 0, goOn = null
  for (const part of form.querySelectorAll("[data-apart]")) {
    for (const name of ["input", "change"]) part.addEventListener(name, (event) => event.stopPropagation())
  }
  form.addEventListener("input", () => { typedAt = Date.now() })
  form.addEventListener("autosave:saved", () => { typedAt = 0; goOn?.() })
  for (const own of document.querySelectorAll("[data-apart-form]")) {
    own.addEventListener("submit", (event) => {
      const { submitter } = event
      // The article's own last words are on their way to the server: they go first.
      if (Date.now() - typedAt < SAVING && !goOn) {
        event.preventDefault()
        let isDone = false
        goOn = () => {
          if (isDone) return
          isDone = true
          own.requestSubmit(submitter)
        }
        setTimeout(goOn, SAVING)
        return
      }
      goOn = null
      isSending = true
    })
  }
  window.addEventListener("beforeunload", (event) => {
    const fields = [...form.querySelectorAll("[data-apart] textarea")]
    const isWritten = (field) => field.value.trim() && field.value !== field.defaultValue
    if (!isSending && fields.some(isWritten)) event.preventDefault()
    isSending = false
  })
}

function comments(form, root, readyEditor) {
  const list = root.querySelector("[data-remarks]")
  const status = root.querySelector("[data-status]")
  const places = new Map()
  let editor = null, marks = null, bubble = null, timer = null, shown = list.innerHTML, active = ""

  const say = (words) => { status.textContent = words }
  const remarks = () => [...list.querySelectorAll("[data-remark]")]
  const itemOf = (id) => list.querySelector(`[data-remark="${CSS.escape(id)}"]`)

  // The server's list

  async function ask(url, values) {
    const options = { credentials: "same-origin", headers: { Accept: "application/json" } }
    if (values) {
      options.method = "POST"
      options.body = new FormData()
      for (const [name, value] of Object.entries(values)) options.body.append(name, value)
      options.body.append("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value)
    }
    let response, answer
    try {
      response = await fetch(url, options)
    } catch {
      throw new Error("The server can't be reached just now. Your words are still here: try again.")
    }
    if (response.redirected) throw new Error("You are signed out. Sign in in another tab, then try again: your words are still here.")
    try {
      answer = await response.json()
    } catch {
      throw new Error("That didn't work just now. Your words are still here: try again.")
    }
    if (!response.ok) throw new Error(answer.error)
    return answer
  }

  // Shows the list that the server sent; answers that are being written stay, and so does the focus.
  function draw({ html, open }) {
    root.querySelector("[data-count]").textContent = open ? String(open) : ""
    const fresh = new DOMParser().parseFromString(html, "text/html").body
    if (withoutTimes(html) === withoutTimes(shown)) {
      const times = fresh.querySelectorAll("time")
      list.querySelectorAll("time").forEach((time, index) => { time.textContent = times[index].textContent })
      return
    }
    const known = new Set(remarks().map((item) => item.dataset.remark))
    const wasOpen = list.querySelector("[data-settled]")?.open
    const focused = list.contains(document.activeElement) ? document.activeElement : null
    const focusedIn = focused?.closest("[data-remark]")?.dataset.remark
    const boxes = remarks().map((item) => [item.dataset.remark, item.querySelector("[data-box]")]).filter(([, box]) => box)
    shown = html
    list.replaceChildren(...fresh.childNodes)
    for (const [id, box] of boxes) itemOf(id)?.append(box)
    list.querySelector("[data-settled]")?.toggleAttribute("open", Boolean(wasOpen))
    if (remarks().some((item) => !known.has(item.dataset.remark))) say("There are new comments.")
    if (editor) look()
    else decorate()
    if (!focused) return
    if (list.contains(focused)) focused.focus()
    else (itemOf(focusedIn)?.querySelector(`[data-action="${focused.dataset.action}"]`) || itemOf(focusedIn))?.focus()
  }

  async function refresh() {
    if (document.visibilityState !== "visible") return
    try {
      draw(await ask(root.dataset.url))
    } catch {
      // The next one will do.
    }
  }
  setInterval(refresh, POLL)
  document.addEventListener("visibilitychange", refresh)

  // Writing

  // A field to write in: send gets the words; the field goes when that has worked, and done is told.
  function box(label, about, { send, closed, done, initial = "", said = "Your comment is there." }) {
    const id = `remark-box-${++boxes}`
    const message = element("p", { class: "remark__message", role: "alert" })
    const field = element("textarea", { id, rows: "3", "aria-describedby": `${id}-help`, text: initial })
    const sendButton = element("button", { type: "button", class: "button button--small", text: "Send", title: "Ctrl+Enter" })
    const cancel = element("button", { type: "button", class: "button button--quiet button--small", text: "Cancel" })
    const node = element("div", { class: "remark-box", "data-box": true },
      about, element("label", { for: id, text: label }), field,
      element("p", { class: "help", id: `${id}-help`, text: "@name tells a colleague. Ctrl+Enter sends." }),
      message, element("p", { class: "rail-buttons" }, sendButton, cancel))
    const close = () => { node.remove(); closed() }
    async function go() {
      if (sendButton.disabled) return
      sendButton.disabled = true
      message.textContent = ""
      try {
        const answer = await send(field.value)
        field.value = ""
        node.remove()
        draw(answer)
        say(said)
        done(String(answer.added))
      } catch (error) {
        message.textContent = error.message
        field.focus()
      }
      sendButton.disabled = false
    }
    sendButton.addEventListener("click", go)
    cancel.addEventListener("click", close)
    const names = naming(field)
    node.addEventListener("keydown", (event) => {
      if (names.key(event)) return
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.shiftKey) {
        event.preventDefault()
        go()
      } else if (event.key === "Escape" && field.value.trim() === initial.trim()) {
        close()
      }
    })
    return node
  }
  let boxes = 0

  // “@” and letters offer the colleagues who see the article.
  function naming(field) {
    const names = new SuggestionList(field, {
      url: root.dataset.peopleUrl, label: "Colleagues",
      choose: ({ value }) => {
        const before = field.value.slice(0, field.selectionStart).replace(/@[\w.+-]*$/, `@${value} `)
        const after = field.value.slice(field.selectionStart)
        field.value = before + after
        field.setSelectionRange(before.length, before.length)
      },
    })
    field.after(names.node)
    field.addEventListener("input", () => {
      const match = /(?:^|[^\w@])@([\w.+-]*)$/.exec(field.value.slice(0, field.selectionStart))
      if (match) names.ask(match[1])
      else names.close()
    })
    field.addEventListener("blur", () => names.close())
    return names
  }

  // A new comment: on words, beside them; on the article, in the list.
  const place = root.querySelector("[data-composer]")
  const showNew = (id) => show(id, { focus: true })

  function commentOnArticle() {
    if (!place) return
    root.open = true
    if (!place.querySelector("[data-box]")) {
      place.append(box("Your comment on the article", null, {
        send: (text) => ask(root.dataset.url, { text }),
        closed: () => root.querySelector("[data-action=on-article]").focus(),
        done: showNew,
      }))
    }
    const field = place.querySelector("textarea")
    field.focus()
    field.scrollIntoView({ block: "nearest" })
  }

  function answerBox(parent, { closed, done }) {
    return box("Your answer", null, { send: (text) => ask(root.dataset.url, { text, parent }), closed, done })
  }

  function answer(item) {
    const parent = item.dataset.remark
    if (!item.querySelector("[data-box]")) {
      const closed = () => itemOf(parent)?.querySelector("[data-action=answer]")?.focus()
      item.append(answerBox(parent, { closed, done: showNew }))
    }
    item.querySelector("textarea").focus()
  }

  // One's own words, in a comment or an answer: own holds the buttons under them.
  function edit(item, own) {
    const parent = item.dataset.remark, { url } = own.dataset
    if (!item.querySelector("[data-box]")) {
      item.append(box("Your comment", null, {
        send: (text) => ask(url, { do: "edit", text }),
        closed: () => (list.querySelector(`[data-url="${CSS.escape(url)}"] [data-action=edit]`) || itemOf(parent))?.focus(),
        done: showNew,
        initial: own.parentElement.querySelector(":scope > [data-text]").dataset.text,
        said: "Your comment is changed.",
      }))
    }
    item.querySelector("textarea").focus()
  }

  const SETTLED = {
    resolve: "The comment is resolved.", reopen: "The comment is open again.", delete: "Your comment is deleted.",
  }

  // next(): to where the focus goes from a comment that is resolved or deleted.
  async function settle(item, how, next, url = item.dataset.settleUrl) {
    try {
      draw(await ask(url, { do: how }))
      say(SETTLED[how])
      if (how === "reopen") showNew(item.dataset.remark)
      else next()
    } catch (error) {
      item.querySelector(".remark__message")?.remove()
      item.append(element("p", { class: "remark__message", role: "alert", text: error.message }))
      show(item.dataset.remark)
    }
  }

  root.addEventListener("click", (event) => {
    const button = event.target.closest("[data-action]")
    const item = event.target.closest("[data-remark]")
    const action = button?.dataset.action
    if (action === "on-words") commentOnWords()
    else if (action === "on-article") commentOnArticle()
    else if (action === "answer") answer(item)
    else if (action === "edit") edit(item, button.closest("[data-own]"))
    else if (action in SETTLED) {
      const next = (item.nextElementSibling || item.previousElementSibling)?.dataset.remark || ""
      const whereTo = () => ((action === "delete" && itemOf(item.dataset.remark)) || itemOf(next) || root.querySelector("summary")).focus()
      if (action !== "delete") settle(item, action, whereTo)
      else if (window.confirm("Delete your comment?")) settle(item, action, whereTo, button.closest("[data-own]").dataset.url)
    }
    else if (item && !event.target.closest("textarea, button, summary, a")) find(item.dataset.remark, { focus: false })
    else if (action === "find") find(item.dataset.remark, { focus: true })
  })

  // Makes a comment the one that is looked at.
  function activate(id) {
    if (active === id) return
    active = id
    decorate()
  }

  function show(id, { focus = false } = {}) {
    const item = itemOf(id)
    if (!item) return
    root.open = true
    const settled = item.closest("[data-settled]")
    if (settled) settled.open = true
    activate(id)
    if (focus) item.focus({ preventScroll: true })
    item.scrollIntoView({ block: "nearest" })
  }

  // In the text

  function commentOnWords() {
    const words = editor && selectedWords(editor.state)
    if (words && place) return bubble.write(words)
    root.open = true
    say("Select the words in the text first.")
    return undefined
  }

  // Shows the words that a comment is about.
  function find(id, { focus }) {
    activate(id)
    const range = places.get(id)
    if (!editor || !range) {
      if (focus) say("These words aren't in the text any more.")
      return
    }
    const chain = focus ? editor.chain().focus() : editor.chain()
    chain.setTextSelection(range).scrollIntoView().run()
    editor.view.domAtPos(range.from).node.parentElement?.scrollIntoView({ block: "center" })
  }

  // Looks for all passages anew.
  function look() {
    if (!editor) return
    if (editor.view.composing) return later()
    const flat = flattened(editor.state.doc)
    places.clear()
    for (const item of remarks()) {
      const { quote, section, before, remark } = item.dataset
      if (!quote) continue
      const found = placeOf(flat, { quote, section, before })
      item.querySelector("[data-gone]").hidden = Boolean(found)
      item.querySelector("[data-reworded]").hidden = !found || found.isExact
      if (found) places.set(remark, { from: flat.at[found.from], to: flat.at[found.to - 1] + 1 })
    }
    arrange()
    decorate()
    return undefined
  }

  function later() {
    clearTimeout(timer)
    timer = setTimeout(look, LOOK)
  }

  // In the order of the text: on the article first, on words that are gone last.
  function arrange() {
    const open = list.querySelector("[data-open]")
    const rank = (item) => {
      if (!item.dataset.quote) return -1
      return places.get(item.dataset.remark)?.from ?? Infinity
    }
    const items = [...open.children]
    const sorted = items.map((item, index) => [rank(item), index, item]).sort((a, b) => (a[0] === b[0] ? a[1] - b[1] : a[0] - b[0])).map(([, , item]) => item)
    if (sorted.every((item, index) => item === items[index])) return
    const focused = open.contains(document.activeElement) ? document.activeElement : null
    open.append(...sorted)
    focused?.focus()
  }

  function decorate() {
    for (const item of remarks()) item.classList.toggle("remark--active", item.dataset.remark === active)
    if (!marks) return
    const { Decoration, DecorationSet } = marks.view
    const shownMarks = []
    for (const [id, range] of places) {
      if (itemOf(id)?.closest("[data-open]")) {
        shownMarks.push(Decoration.inline(range.from, range.to, {
          nodeName: "mark", class: `remark-mark${id === active ? " remark-mark--active" : ""}`,
          "aria-details": `comment-${id}`, "data-for": id,
        }, { id }))
      }
    }
    editor.view.dispatch(editor.state.tr.setMeta(marks.key, DecorationSet.create(editor.state.doc, shownMarks)))
  }

  // The comment on the words at the cursor, or on just those that are selected: the innermost.
  function atCursor() {
    const { from, to, empty } = editor.state.selection
    const fits = (range) => (empty ? range.from <= from && from <= range.to : range.from === from && range.to === to)
    const around = [...places].filter(([id, range]) => fits(range) && itemOf(id)?.closest("[data-open]"))
    around.sort(([, a], [, b]) => (a.to - a.from) - (b.to - b.from))
    return around[0]?.[0] || ""
  }

  // A small box in the text: under selected words it offers to comment on them, under words with a
  // comment it shows that.
  function makeBubble() {
    const holder = editor.view.dom.closest(".writing")
    const node = element("div", { class: "remark-bubble", role: "group", "aria-label": "Comment", "data-apart": true, hidden: true })
    holder.append(node)
    for (const name of ["input", "change"]) node.addEventListener(name, (event) => event.stopPropagation())
    let isPressed = false
    editor.view.dom.addEventListener("mousedown", () => { isPressed = true; hide() })
    editor.view.dom.addEventListener("keydown", (event) => { if (event.key === "Escape") hide() })
    document.addEventListener("mouseup", () => {
      if (!isPressed) return
      isPressed = false
      setTimeout(update)
    })
    node.addEventListener("mousedown", (event) => { if (!event.target.closest("textarea")) event.preventDefault() })
    node.addEventListener("keydown", (event) => { if (event.key === "Escape" && !isWriting()) backToText() })

    const isWriting = () => Boolean(node.querySelector("textarea")?.value.trim())
    const backToText = () => { hide(); editor.commands.focus() }

    // What somebody is writing stays, wherever the cursor goes.
    function hide() {
      if (isWriting()) return
      node.hidden = true
      node.replaceChildren()
    }

    // Under a passage, or over it where there is no room.
    function showAt({ from, to }, ...content) {
      node.replaceChildren(...content)
      node.hidden = false
      const box = holder.getBoundingClientRect(), height = node.offsetHeight + 8
      const first = editor.view.coordsAtPos(from), last = editor.view.coordsAtPos(to)
      const isOver = last.bottom + height > window.innerHeight && first.top - height > OVERHEAD
      const left = (isOver ? first : last).left - box.left
      const room = Math.max(0, box.width - node.offsetWidth - 8)
      node.style.insetInlineStart = `${Math.max(0, Math.min(left, room))}px`
      node.style.insetBlockStart = `${(isOver ? first.top - height : last.bottom + 8) - box.top}px`
    }

    function update() {
      if (isPressed) return
      const id = atCursor()
      if (id !== active && (id || editor.isFocused)) {
        activate(id)
        say(id ? `Comment by ${itemOf(id).dataset.who}. Ctrl+Alt+M leads to it.` : "")
      }
      if (isWriting() || (!editor.isFocused && node.contains(document.activeElement))) return
      const { selection } = editor.state
      if (!editor.isFocused) hide()
      else if (id) showAt(places.get(id), ...thread(id))
      else if (!selection.empty && place && selectedWords(editor.state)) showAt(selection, offer())
      else hide()
    }

    const offer = () => button("Comment", commentOnWords, "Comment on the selected words (Ctrl+Alt+M)")

    function thread(id) {
      const item = itemOf(id)
      const said = item.querySelectorAll(":scope > .remark__who, :scope > .remark__text, :scope > .remark__answers")
      const buttons = element("p", { class: "rail-buttons" },
        place ? button("Answer", () => {
          buttons.replaceWith(answerBox(id, { closed: backToText, done: backToText }))
          node.querySelector("textarea").focus()
        }) : null,
        place ? button("Resolve", () => settle(item, "resolve", backToText)) : null,
        button("In the list", () => { hide(); show(id, { focus: true }) }))
      const shownWords = [...said].map((part) => part.cloneNode(true))
      // What changes them is in the list.
      for (const part of shownWords) part.querySelectorAll("[data-own]").forEach((own) => own.remove())
      return [element("div", { class: "remark-bubble__thread" }, ...shownWords), buttons]
    }

    function write(words) {
      const field = node.querySelector("textarea")
      const shownWords = element("p", { class: "remark__about" }, element("span", { class: "remark__quote", text: shortened(words.quote, 160) }))
      const own = box("Your comment", shownWords, {
        send: (text) => ask(root.dataset.url, { text, ...words }),
        closed: backToText, done: (id) => { root.open = true; hide(); activate(id); editor.commands.focus() },
      })
      if (field) own.querySelector("textarea").value = field.value
      showAt(editor.state.selection, own)
      own.querySelector("textarea").focus({ preventScroll: true })
      node.scrollIntoView({ block: "nearest" })
    }

    editor.on("selectionUpdate", update)
    editor.on("focus", update)
    editor.on("blur", ({ event }) => { if (!node.contains(event?.relatedTarget)) hide() })
    editor.on("update", hide)
    return { write }
  }

  document.addEventListener("keydown", (event) => {
    const isShortcut = event.code === "KeyM" && event.altKey && (event.ctrlKey || event.metaKey)
    // On some keyboards that is how a letter is typed.
    if (!isShortcut || event.getModifierState("AltGraph")) return
    event.preventDefault()
    if (editor?.isFocused && atCursor()) show(atCursor(), { focus: true })
    else if (editor && !editor.state.selection.empty) commentOnWords()
    else commentOnArticle()
  })

  async function begin(readied) {
    const library = await import(form.querySelector("textarea[data-library]").dataset.library)
    const { state, view } = library.pm
    editor = readied
    const key = new state.PluginKey("remarks")
    marks = { key, view }
    editor.registerPlugin(new state.Plugin({
      key,
      state: {
        init: () => view.DecorationSet.empty,
        apply: (transaction, set) => transaction.getMeta(key) || set.map(transaction.mapping, transaction.doc),
      },
      props: { decorations: (current) => key.getState(current) },
    }))
    bubble = makeBubble()
    editor.on("update", later)
    look()
    followHash()
    root.toggleAttribute("data-ready", true)
  }
  if (readyEditor) begin(readyEditor)
  else form.addEventListener("editor:ready", (event) => begin(event.detail.editor), { once: true })

  // A notification leads to its comment.
  function followHash() {
    const id = /^#comment-(\d{1,18})$/.exec(location.hash)?.[1]
    if (id && itemOf(id)) {
      show(id, { focus: true })
      itemOf(id).scrollIntoView({ block: "center" })
    }
  }
}

function button(text, run, title = null) {
  return element("button", { type: "button", class: "button button--quiet button--small", text, title, onclick: run })
}

const withoutTimes = (html) => html.replace(/<time[^>]*>[^<]*<\/time>/g, "")

function shortened(text, length) {
  return text.length > length ? `${text.slice(0, length).trimEnd()}…` : text
}

// A text as one line of words with single blanks: the position of each of its letters in the
// document, and where its sections begin.
export function flattened(doc) {
  const letters = [], at = [], sections = [{ id: "", from: 0 }]
  const add = (words, position) => {
    for (let index = 0; index < words.length; index += 1) {
      const isBlank = /\s/.test(words[index])
      if (isBlank && (!letters.length || letters.at(-1) === " ")) continue
      letters.push(isBlank ? " " : words[index])
      at.push(position + index)
    }
  }
  doc.descendants((node, position) => {
    if (!node.isTextblock) return true
    add(" ", position)
    if (node.type.name === "heading" && node.attrs.id) sections.push({ id: node.attrs.id, from: letters.length })
    node.forEach((child, offset) => add(child.isText ? child.text : " ", position + 1 + offset))
    return false
  })
  return { text: letters.join(""), at, sections }
}

const sectionAt = (sections, index) => sections.findLast((one) => one.from <= index).id

// The selected words, and what it takes to find them again; null where there are none.
export function selectedWords({ doc, selection }) {
  const flat = flattened(doc)
  let from = flat.at.findIndex((position) => position >= selection.from)
  let to = flat.at.findLastIndex((position) => position < selection.to) + 1
  if (from < 0) return null
  while (from < to && flat.text[from] === " ") from += 1
  while (to > from && flat.text[to - 1] === " ") to -= 1
  if (from >= to) return null
  let quote = flat.text.slice(from, to)
  if (quote.length > QUOTE_LENGTH) {
    const cut = quote.slice(0, QUOTE_LENGTH)
    quote = cut.slice(0, Math.max(cut.lastIndexOf(" "), 0)) || cut
  }
  const before = flat.text.slice(Math.max(0, from - BEFORE_LENGTH), from).trim()
  return { quote, section: sectionAt(flat.sections, from), before }
}

// Where quoted words stand in a flattened text: {from, to, isExact} of letters, or null. Of several
// places, the one with the same words before it, in the same section, is meant.
export function placeOf({ text, sections }, { quote, section, before }) {
  const best = (words) => {
    let found = -1, most = -1
    for (let index = text.indexOf(words); index >= 0; index = text.indexOf(words, index + 1)) {
      const score = sameEnd(text.slice(0, index).trimEnd(), before) + (sectionAt(sections, index) === section ? 50 : 0)
      if (score > most) [found, most] = [index, score]
    }
    return found
  }
  const exact = best(quote)
  if (exact >= 0) return { from: exact, to: exact + quote.length, isExact: true }
  if (quote.length < LONG_QUOTE) return null
  // Reworded in the middle: its beginning and, soon after, its end are still there.
  const part = Math.ceil(quote.length / 4)
  const head = quote.slice(0, part), tail = quote.slice(-part)
  const from = best(head)
  const end = from < 0 ? -1 : text.indexOf(tail, from + part)
  if (end < 0 || end + part - from > quote.length * 2) return null
  return { from, to: end + part, isExact: false }
}

function sameEnd(a, b) {
  let length = 0
  while (length < a.length && length < b.length && a.at(-1 - length) === b.at(-1 - length)) length += 1
  return length
}
