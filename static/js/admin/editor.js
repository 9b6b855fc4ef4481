// The writing surface: Tiptap, as django-prose-editor bundles it, with our own headings (permanent
// ids), references (permanent targets) and pictures (by id). What it writes is what the server's
// allow-list keeps (articles/rendering.py).

import { adoptAddresses, isAddress, makeGuide } from "./addresses.js"
import { SuggestionList, element } from "./lookup.js"
import { cleanPasted } from "./paste.js"
import { choosePicture } from "./pictures.js"

const REF = /^(article|author|tag):[a-z2-7]{16}(#s-[^\s"]{1,78})?$/

function extensions(tiptap, settings) {
  const {
    Blockquote, Bold, BulletList, Code, Document, Dropcursor, Gapcursor, HardBreak, Heading, History,
    HorizontalRule, Italic, Link, ListItem, Mark, Node, OrderedList, Paragraph, Placeholder, Strike,
    Subscript, Superscript, Table, TableCell, TableHeader, TableRow, Text, mergeAttributes,
  } = tiptap

  // A heading keeps its id through everything but a split, which leaves it with the first part.
  const SectionHeading = Heading.extend({
    addAttributes() {
      return {
        ...this.parent?.(),
        id: {
          default: null,
          keepOnSplit: false,
          parseHTML: (node) => (node.id?.startsWith("s-") ? node.id : null),
          renderHTML: ({ id }) => (id ? { id } : {}),
        },
      }
    },
  }).configure({ levels: [2, 3, 4] })

  const Reference = Mark.create({
    name: "reference",
    priority: 1100,
    inclusive: false,
    excludes: "link reference",
    addAttributes() {
      return {
        ref: {
          default: null,
          parseHTML: (node) => node.getAttribute("data-ref"),
          renderHTML: ({ ref }) => ({ "data-ref": ref }),
        },
      }
    },
    parseHTML() {
      return [{ tag: "a[data-ref]", priority: 100, getAttrs: (node) => REF.test(node.getAttribute("data-ref")) && null }]
    },
    renderHTML({ HTMLAttributes }) {
      return ["a", mergeAttributes(HTMLAttributes), 0]
    },
  })

  const Picture = Node.create({
    name: "picture",
    inline: false,
    selectable: true,
    addAttributes() {
      return {
        uid: { default: null, parseHTML: (node) => node.getAttribute("data-image"), renderHTML: ({ uid }) => ({ "data-image": uid }) },
        src: { default: null },
        alt: { default: "" },
      }
    },
    parseHTML() {
      return [{ tag: "img[data-image]" }]
    },
    renderHTML({ HTMLAttributes }) {
      return ["img", mergeAttributes(HTMLAttributes)]
    },
  })
  const FigureCaption = Node.create({
    name: "figureCaption",
    content: "inline*",
    isolating: true,
    parseHTML: () => [{ tag: "figcaption" }],
    renderHTML: () => ["figcaption", 0],
  })
  const PictureFigure = Node.create({
    name: "pictureFigure",
    group: "block",
    content: "picture figureCaption",
    draggable: true,
    isolating: true,
    parseHTML: () => [{ tag: "figure", getAttrs: (node) => node.querySelector("img[data-image]") !== null && null }],
    renderHTML: () => ["figure", 0],
  })

  return [
    Document, Paragraph, Text, HardBreak, SectionHeading, Bold, Italic, Strike, Subscript, Superscript, Code,
    BulletList, OrderedList, ListItem, Blockquote, HorizontalRule, Table.configure({ resizable: false }),
    TableRow, TableHeader, TableCell, PictureFigure, Picture, FigureCaption, Dropcursor, Gapcursor, History,
    Link.configure({ openOnClick: false, enableTarget: false, autolink: false, protocols: ["http", "https", "mailto"] }),
    Reference,
    Placeholder.configure({ placeholder: settings.placeholder }),
  ]
}

// Words on the button, its name (which holds these words, for those who say what they press), what it
// does, whether it is on; keys are the library's own.
const TOOLS = [
  [
    ["H2", "H2: heading (Ctrl+Alt+2)", (c) => c.toggleHeading({ level: 2 }), ["heading", { level: 2 }]],
    ["H3", "H3: sub-heading (Ctrl+Alt+3)", (c) => c.toggleHeading({ level: 3 }), ["heading", { level: 3 }]],
    ["H4", "H4: small heading (Ctrl+Alt+4)", (c) => c.toggleHeading({ level: 4 }), ["heading", { level: 4 }]],
  ],
  [
    ["B", "Bold (Ctrl+B)", (c) => c.toggleBold(), ["bold"]],
    ["I", "Italic (Ctrl+I)", (c) => c.toggleItalic(), ["italic"]],
    ["S", "Struck out", (c) => c.toggleStrike(), ["strike"]],
    ["x²", "Superscript, as in x²", (c) => c.toggleSuperscript(), ["superscript"]],
    ["x₂", "Subscript, as in x₂", (c) => c.toggleSubscript(), ["subscript"]],
  ],
  [
    ["• List", "List with bullets", (c) => c.toggleBulletList(), ["bulletList"]],
    ["1. List", "1. List with numbers", (c) => c.toggleOrderedList(), ["orderedList"]],
    ["“ Quote", "Quote", (c) => c.toggleBlockquote(), ["blockquote"]],
    ["― Rule", "Rule between parts", (c) => c.setHorizontalRule(), null],
  ],
]
const TABLE_TOOLS = [
  ["Add row", "Add row below this one", (c) => c.addRowAfter()],
  ["Add column", "Add column after this one", (c) => c.addColumnAfter()],
  ["Delete row", "Delete row of the caret", (c) => c.deleteRow()],
  ["Delete column", "Delete column of the caret", (c) => c.deleteColumn()],
  ["Header row", "Header row: make the first row one, or not", (c) => c.toggleHeaderRow()],
  ["Delete table", "Delete table, all of it", (c) => c.deleteTable()],
]

function toolbar(editor, actions) {
  const buttons = []
  const tool = (words, title, run, state, name = null) => {
    const button = element("button", { type: "button", class: "tool", title, "aria-label": title, text: words, tabindex: "-1", "data-tool": name })
    button.addEventListener("mousedown", (event) => event.preventDefault())
    button.addEventListener("click", () => run(editor))
    if (state) button.setAttribute("aria-pressed", "false")
    buttons.push([button, state])
    return button
  }
  const chained = (command) => (e) => command(e.chain().focus()).run()
  const groups = TOOLS.map((tools) =>
    element("div", { class: "tools__group", role: "group" },
      ...tools.map(([words, title, command, state]) => tool(words, title, chained(command), state))),
  )
  groups.push(
    element("div", { class: "tools__group", role: "group" },
      tool("@ Cite", "Cite an article, section, author or tag (type @, or Ctrl+Shift+K)", actions.cite, ["reference"], "cite"),
      tool("Link", "Link to an outside address (Ctrl+K)", actions.link, ["link"]),
      tool("Picture", "Insert a picture", actions.picture, null),
      tool("Table", "Insert a table", chained((c) => c.insertTable({ rows: 3, cols: 3, withHeaderRow: true })), null)),
    element("div", { class: "tools__group", role: "group" },
      tool("↶", "Undo (Ctrl+Z)", chained((c) => c.undo()), null),
      tool("↷", "Redo (Ctrl+Shift+Z)", chained((c) => c.redo()), null)),
  )
  const table = element("div", { class: "tools__group tools__group--table", role: "group", "aria-label": "Table", hidden: true },
    ...TABLE_TOOLS.map(([words, title, command]) => tool(words, title, chained(command), null)))
  const bar = element("div", { class: "tools", role: "toolbar", "aria-label": "Formatting" }, ...groups, table)

  // One stop for the Tab key; arrows go from button to button.
  buttons[0][0].tabIndex = 0
  bar.addEventListener("keydown", (event) => {
    const shown = buttons.map(([button]) => button).filter((button) => button.offsetParent)
    const at = shown.indexOf(document.activeElement)
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key]
    if (at < 0 || !step) return
    event.preventDefault()
    const next = shown[(at + step + shown.length) % shown.length]
    for (const button of shown) button.tabIndex = button === next ? 0 : -1
    next.focus()
  })
  const update = () => {
    for (const [button, state] of buttons) {
      if (state) button.setAttribute("aria-pressed", String(editor.isActive(...state)))
    }
    table.hidden = !editor.isActive("table")
  }
  editor.on("transaction", update)
  update()
  return bar
}

// Searching for what to cite, opened by "@" in the text or by the button.
function citing(editor, settings, holder) {
  let query = null
  const list = new SuggestionList(editor.view.dom, {
    url: settings.lookupUrl,
    parameters: { kind: "target", exclude: settings.exclude },
    label: "Articles, sections, authors and tags to cite",
    choose: insert,
  })
  list.node.classList.add("suggestions--floating")
  holder.append(list.node)

  function insert(item) {
    const chain = editor.chain().focus()
    const { from, to, empty } = editor.state.selection
    if (query) chain.deleteRange({ from: query.from, to })
    if (!query && !empty) {
      // Words were selected: they become the words of the reference.
      chain.setMark("reference", { ref: item.ref }).setTextSelection(to)
    } else {
      const at = query ? query.from : from
      chain.insertContentAt(at, [{ type: "text", text: item.words, marks: [{ type: "reference", attrs: { ref: item.ref } }] }])
      chain.unsetMark("reference")
    }
    chain.run()
    query = null
  }

  function place(position) {
    const at = editor.view.coordsAtPos(position), box = holder.getBoundingClientRect()
    list.node.style.insetInlineStart = `${Math.max(0, Math.min(at.left - box.left, box.width - 448))}px`
    list.node.style.insetBlockStart = `${at.bottom - box.top + 6}px`
  }

  function look() {
    const { $from, empty } = editor.state.selection
    if (!empty || !editor.isFocused) return leave()
    const before = $from.parent.textBetween(0, $from.parentOffset, undefined, "\ufffc")
    const match = /(?:^|[\s("“‘—–])@((?:https?:\/\/|\/)\S{0,500}|[^@\n]{0,60})$/u.exec(before)
    if (!match || /\s\s$/.test(match[1]) || dismissed === before.length - match[1].length) return leave()
    query = { from: $from.pos - match[1].length - 1 }
    place(query.from)
    list.ask(match[1].trim())
    return undefined
  }

  let dismissed = null
  function leave() {
    query = null
    if (list.isOpen) list.close()
    list.asked = null
    clearTimeout(list.timer)
  }

  editor.on("update", () => { dismissed = null; look() })
  editor.on("blur", leave)
  editor.view.dom.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && list.isOpen) {
      const { $from } = editor.state.selection
      dismissed = $from.parentOffset
    }
    if (list.key(event)) { if (event.key === "Escape") query = null }
  }, true)

  return () => {
    editor.commands.focus()
    if (editor.state.selection.empty) {
      const { $from } = editor.state.selection
      const before = $from.parent.textBetween(0, $from.parentOffset, undefined, "\ufffc")
      editor.commands.insertContent(before && !/\s$/.test(before) ? " @" : "@")
    } else {
      const { from, to } = editor.state.selection
      query = null
      place(from)
      list.ask(editor.state.doc.textBetween(from, to, " ").slice(0, 60))
    }
  }
}

// An address of this site that is given here becomes a reference.
function linkDialog(editor, guide) {
  const current = editor.getAttributes("link").href || ""
  const field = element("input", { type: "text", inputmode: "url", class: "vTextField", id: "link-address", value: current, placeholder: "https://", required: true, autocomplete: "off", spellcheck: "false", "aria-describedby": "link-help link-message" })
  const message = element("p", { role: "status", class: "pictures__message", id: "link-message" })
  const save = element("button", { class: "button", type: "submit", text: "Set link" })
  const remove = element("button", { class: "button button--quiet", type: "button", text: "Remove link", hidden: !current })
  const cancel = element("button", { class: "button button--quiet", type: "button", text: "Cancel" })
  const form = element("form", { method: "dialog" },
    element("h2", { text: "Link" }),
    element("p", {}, element("label", { for: "link-address", text: "Address" }), field),
    element("p", { class: "help", id: "link-help", text: "The address of an article, section, author or tag of this site becomes a reference, which never breaks. You can also cite one with @." }),
    message,
    element("p", { class: "pictures__buttons" }, save, remove, cancel))
  const dialog = element("dialog", { class: "pictures", "aria-label": "Link" }, form)

  function put(words, mark) {
    const chain = editor.chain().focus().extendMarkRange("link")
    const { empty } = editor.state.selection
    if (empty && !editor.isActive("link")) chain.insertContent({ type: "text", text: words, marks: [mark] }).run()
    else chain.unsetLink().setMark(mark.type, mark.attrs).run()
    dialog.close()
  }

  async function answerTo(href) {
    message.textContent = ""
    if (isAddress(href) || href.startsWith("#s-")) {
      const { isOwn, item, message: reason } = await guide(href)
      if (item) return put(item.words, { type: "reference", attrs: { ref: item.ref } })
      if (isOwn) {
        message.textContent = `${reason} A link to it would be taken out when you save.`
        return undefined
      }
    }
    if (/^(https?:\/\/[^\s/]|mailto:\S)\S*$/i.test(href)) {
      return put(href.replace(/^(https?:\/\/(www\.)?|mailto:)/i, ""), { type: "link", attrs: { href } })
    }
    message.textContent = "An address begins with https://, http:// or mailto:."
    return undefined
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault()
    save.disabled = true
    try {
      await answerTo(field.value.trim())
    } catch {
      message.textContent = "The address can't be checked just now. Try again in a moment."
    }
    save.disabled = false
  })
  remove.addEventListener("click", () => { editor.chain().focus().extendMarkRange("link").unsetLink().run(); dialog.close() })
  cancel.addEventListener("click", () => dialog.close())
  dialog.addEventListener("close", () => { dialog.remove(); editor.commands.focus() })
  document.body.append(dialog)
  dialog.showModal()
  field.select()
}

// Turns a textarea into the writing surface. The textarea stays what the form sends.
export async function createEditor(textarea) {
  const settings = {
    lookupUrl: textarea.dataset.lookupUrl,
    picturesUrl: textarea.dataset.picturesUrl,
    uploadUrl: textarea.dataset.uploadUrl,
    exclude: textarea.dataset.exclude || "",
    placeholder: textarea.getAttribute("placeholder") || "",
    // Another one after signing in anew.
    get token() { return textarea.form.elements.csrfmiddlewaretoken.value },
  }
  const tiptap = await import(textarea.dataset.library)
  const holder = element("div", { class: "writing" })
  textarea.before(holder)
  holder.append(textarea)
  textarea.hidden = true
  const guide = makeGuide(settings)
  let handlePaste = () => false
  const editor = new tiptap.Editor({
    element: holder,
    extensions: extensions(tiptap, settings),
    content: textarea.value,
    editable: !textarea.disabled,
    // The library's own styles would be an inline style element; they are in admin.css.
    injectCSS: false,
    editorProps: {
      transformPastedHTML: cleanPasted,
      handlePaste: (view, event) => handlePaste(view, event),
      attributes: {
        class: "writing__text", role: "textbox", "aria-multiline": "true",
        "aria-label": textarea.getAttribute("aria-label") || "Text", spellcheck: "true",
      },
    },
    onUpdate({ editor }) {
      textarea.value = editor.isEmpty ? "" : editor.getHTML()
      textarea.dispatchEvent(new Event("input", { bubbles: true }))
    },
  })
  const actions = {
    cite: citing(editor, settings, holder),
    link: () => linkDialog(editor, guide),
    async picture() {
      const picture = await choosePicture({ url: settings.picturesUrl, uploadUrl: settings.uploadUrl, token: settings.token })
      editor.commands.focus()
      if (!picture) return
      editor.chain().focus().insertContent({
        type: "pictureFigure",
        content: [
          { type: "picture", attrs: { uid: picture.value, src: picture.src, alt: picture.alt } },
          { type: "figureCaption", content: picture.caption ? [{ type: "text", text: picture.caption }] : [] },
        ],
      }).run()
    },
  }
  holder.prepend(toolbar(editor, actions))
  editor.view.dom.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
      event.preventDefault()
      event.stopPropagation()
      linkDialog(editor, guide)
    }
  }, true)
  const status = element("p", { class: "writing__status", role: "status" })
  holder.append(status)
  editor.on("update", () => { status.textContent = "" })
  handlePaste = adoptAddresses(editor, tiptap, { guide, say: (words) => { status.textContent = words } })
  textarea.dispatchEvent(new CustomEvent("editor:ready", { bubbles: true, detail: { editor } }))
  return editor
}
