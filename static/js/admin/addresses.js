// Addresses of this site become references by themselves, as they are typed or pasted. What an
// address leads to, only the server knows; what it doesn't know stays as it is.

import { fetchJson } from "./lookup.js"

export const isAddress = (text) => /^(?:https?:\/\/[^\s/]|\/[^\s/])\S*$/i.test(text)

const TYPED = /(?:^|[\s\ufffc("“‘«[—–])((?:https?:\/\/|\/)[^\s\ufffc]+)$/iu
const IN_TEXT = /https?:\/\/\S+/gi
const CLOSING = /[.,;:!?)\]}"'”’»…]+$/u
// So far back is looked for the block that was left by Enter.
const REACH = 4000

const withoutClosing = (text) => text.replace(CLOSING, "")
const bare = (address) => address.trim().replace(/^https?:\/\//i, "").replace(/\/$/, "")

function hostOf(address) {
  try {
    return new URL(address).host
  } catch {
    return ""
  }
}

// A function that says of an address: {isOwn, item (what it leads to, or null), message}.
export function makeGuide({ lookupUrl, exclude }) {
  const foreign = new Set()
  return async (address) => {
    const host = hostOf(address)
    if (foreign.has(host)) return { isOwn: false, item: null, message: "" }
    const answer = await fetchJson(lookupUrl, { kind: "target", exclude, q: address })
    const isOwn = answer.is_own_address
    if (host && !isOwn) foreign.add(host)
    return { isOwn, item: (isOwn && answer.results[0]) || null, message: answer.message }
  }
}

// Watches what is typed and pasted. say(words) tells the editor what couldn't be done.
// Returns what the editor's handlePaste has to call.
export function adoptAddresses(editor, tiptap, { guide, say }) {
  const { closeHistory, isHistoryTransaction } = tiptap.pm.history
  // Places {from, to, text, address, keepsWords} that an answer is awaited for; they move along
  // with the text that is written meanwhile.
  const awaited = new Set()

  const isIntact = ({ from, to, text }) => from < to && editor.state.doc.textBetween(from, to) === text

  async function adopt(places) {
    const answers = new Map()
    for (const place of places) awaited.add(place)
    try {
      for (const { address } of places) {
        if (!answers.has(address)) answers.set(address, await guide(address))
      }
    } finally {
      for (const place of places) awaited.delete(place)
    }
    const found = places.filter((place) => answers.get(place.address).item && isIntact(place))
    if (found.length && !editor.isDestroyed) {
      // A step of its own in the history, so that one undo gives back the address.
      const change = closeHistory(editor.state.tr)
      for (const place of found.sort((a, b) => b.from - a.from)) {
        put(change, place, answers.get(place.address).item)
      }
      editor.view.dispatch(change)
      editor.view.dispatch(closeHistory(editor.state.tr))
    }
    return answers
  }

  function put(change, { from, to, keepsWords }, item) {
    const { schema } = editor.state
    const mark = schema.marks.reference.create({ ref: item.ref })
    if (keepsWords) return change.addMark(from, to, mark)
    const marks = mark.addToSet(change.doc.nodeAt(from).marks)
    return change.replaceWith(from, to, schema.text(item.words, marks))
  }

  const isPlain = (from, to) => {
    const { doc, schema } = editor.state
    return ["code", "link", "reference"].every((name) => !doc.rangeHasMark(from, to, schema.marks[name]))
  }

  // The address that has just been finished with a blank or with Enter.
  function typedAddress() {
    const { doc, selection: { $from, empty } } = editor.state
    if (!empty || !$from.parent.isTextblock) return null
    let start = $from.start(), text = $from.parent.textBetween(0, $from.parentOffset, undefined, "\ufffc")
    if (text) {
      if (!/[\s\ufffc]$/.test(text)) return null
      text = text.slice(0, -1)
    } else {
      const end = $from.before()
      let block = null
      doc.nodesBetween(Math.max(0, end - REACH), end, (node, pos) => {
        if (node.isTextblock) block = { node, pos }
        return !node.isTextblock
      })
      if (!block) return null
      start = block.pos + 1
      text = block.node.textBetween(0, block.node.content.size, undefined, "\ufffc")
    }
    const match = TYPED.exec(text)
    const address = match && withoutClosing(match[1])
    if (!address || !isAddress(address)) return null
    const from = start + text.length - match[1].length, to = from + address.length
    return isPlain(from, to) ? { from, to, text: address, address, keepsWords: false } : null
  }

  // Links and bare addresses in a part of the text that has just come in.
  function addressesBetween(from, to) {
    const { doc } = editor.state
    const places = []
    doc.nodesBetween(from, to, (node, pos) => {
      if (!node.isText) return
      const link = node.marks.find((mark) => mark.type.name === "link")
      if (link) {
        const last = places[places.length - 1]
        // A link of which some words are bold is several nodes.
        if (last?.link?.eq(link) && last.to === pos) last.to = pos + node.nodeSize
        else places.push({ from: pos, to: pos + node.nodeSize, address: link.attrs.href || "", link })
      } else if (isPlain(pos, pos + node.nodeSize)) {
        for (const { 0: found, index } of node.text.matchAll(IN_TEXT)) {
          const address = withoutClosing(found)
          const at = pos + index
          if (at >= from && at + address.length <= to) places.push({ from: at, to: at + address.length, address })
        }
      }
    })
    for (const place of places) {
      place.text = doc.textBetween(place.from, place.to)
      place.keepsWords = Boolean(place.link) && bare(place.text) !== bare(place.address)
    }
    const whole = doc.textBetween(from, to, "\n")
    const before = from > 0 ? doc.textBetween(from - 1, from, "\n", "\ufffc") : ""
    if (!places.length && /^\/[^\s/]\S*$/.test(whole) && !/\S/.test(before) && isPlain(from, to)) {
      places.push({ from, to, text: whole, address: whole, keepsWords: false })
    }
    return places.filter(({ address }) => isAddress(address))
  }

  editor.on("transaction", ({ transaction, appendedTransactions = [] }) => {
    for (const { mapping, docChanged } of [transaction, ...appendedTransactions]) {
      if (!docChanged) continue
      for (const place of awaited) {
        place.from = mapping.map(place.from, 1)
        place.to = mapping.map(place.to, -1)
      }
    }
  })

  editor.on("update", ({ transaction }) => {
    if (!transaction.docChanged || isHistoryTransaction(transaction)) return
    let places = []
    if (transaction.getMeta("paste") || ["paste", "drop"].includes(transaction.getMeta("uiEvent"))) {
      const range = insertedRange(transaction)
      if (range) places = addressesBetween(...range)
    } else if (transaction.doc.content.size > transaction.before.content.size) {
      places = [typedAddress()].filter(Boolean)
    }
    // When the server can't be asked, the text stays as it is.
    if (places.length) adopt(places).catch(() => {})
  })

  // An address that is pasted over words becomes what these words lead to.
  return function handlePaste(_view, event) {
    const address = event.clipboardData?.getData("text/plain").trim() || ""
    const { from, to, empty, $from, $to } = editor.state.selection
    if (empty || !isAddress(address) || !$from.sameParent($to) || !$from.parent.isTextblock) return false
    if (editor.state.doc.rangeHasMark(from, to, editor.schema.marks.code)) return false
    const place = { from, to, text: editor.state.doc.textBetween(from, to), address, keepsWords: true }
    const isPath = address.startsWith("/")
    const fallBack = () => {
      if (!isIntact(place)) return
      if (isPath) editor.view.dispatch(editor.state.tr.insertText(address, place.from, place.to))
      else editor.chain().setTextSelection(place).setLink({ href: address }).setTextSelection(place.to).run()
    }
    adopt([place]).then(
      (answers) => {
        const { item, isOwn, message } = answers.get(address)
        if (item) return
        if (isOwn && !isPath) say(message)
        else fallBack()
      },
      fallBack,
    )
    return true
  }
}

function insertedRange(transaction) {
  let from = Infinity, to = -1
  transaction.mapping.maps.forEach((map, index) => {
    const rest = transaction.mapping.slice(index + 1)
    map.forEach((_oldStart, _oldEnd, start, end) => {
      from = Math.min(from, rest.map(start, -1))
      to = Math.max(to, rest.map(end, 1))
    })
  })
  return from < to ? [from, to] : null
}
