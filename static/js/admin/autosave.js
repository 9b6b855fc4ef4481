// Nobody loses a word: saves the form a second after typing stops, keeps a copy in this browser
// until the server has it, and says what is in the way. The form's own buttons go by here too, so
// that none of them ends on an error page with the words gone.

import { makeBackup } from "./backup.js"
import { showFindings } from "./checks.js"
import { element } from "./lookup.js"
import { makePresence } from "./presence.js"
import { areSame, originalWords, readWords, writeWords } from "./words.js"

const PAUSE = 1000
const BACKUP_PAUSE = 300
const LONGEST_WAIT = 15_000
const SESSION_INTERVAL = 5000
const LOCK_LINGERS = 1000
// What takes less is done before it could be read.
const NOTICEABLE = 500
// Seconds until it is tried again.
const PAUSES = [2, 4, 8, 15, 30, 60]

const NO_CONNECTION = "Not saved: no connection."
const NO_ANSWER = "Not saved: the server can't answer just now."
const TOO_MUCH = "Not saved: this is more than can be saved at once. Make two articles of it."
const NEWER = "Not saved: there is a newer version."
const NO_BACKUP = "Leave this page open: this browser can't keep a copy of your words."

export function makeAutosave(form) {
  const root = form.querySelector("[data-writing]")
  if (!root) return
  const status = form.querySelector("[data-save-status]")
  const notices = makeNotices(root.querySelector("[data-notices]"))
  const field = form.elements
  let user = Number(root.dataset.user)
  // Bytes that the server reads at most; what stands in front of it may take less.
  let largestRequest = Number(root.dataset.largestRequest)
  const backup = makeBackup({ user, uid: root.dataset.uid })

  // What the server has; null if it has nothing of what is in the form.
  let saved = form.hasAttribute("data-unsaved") ? null : JSON.stringify(originalWords(form))
  let editor = null
  let timer = null, backupTimer = null, sessionTimer = null, sayTimer = null
  let running = null, isWanted = false, attempt = 0
  // Why nothing is saved: "", "signed-out", "other-user" or "conflict".
  let blocked = ""
  let isChecking = false, isSendable = false, isLeaving = false
  let hasProblems = false, hasSaved = false

  const current = () => JSON.stringify(readWords(form))
  const isDirty = () => current() !== saved
  // The same words again would be read out again.
  const say = (words, isWrong = false) => {
    clearTimeout(sayTimer)
    if (status.textContent !== words) status.textContent = words
    status.classList.toggle("article-form__saved--wrong", isWrong)
  }

  const presence = makePresence(form, root, {
    edition: () => field.based_on.value || "0",
    tellNewer,
    tellStranger: askWhoIsThere,
  })

  // Saving

  function schedule(pause = PAUSE) {
    clearTimeout(timer)
    timer = setTimeout(save, pause)
  }

  function changed() {
    clearTimeout(backupTimer)
    backupTimer = setTimeout(keep, BACKUP_PAUSE)
    attempt = 0
    schedule()
  }

  function save() {
    clearTimeout(timer)
    if (running) {
      isWanted = true
      return running
    }
    const text = current()
    if (blocked || isLeaving || text === saved) return null
    running = send(text).finally(() => {
      running = null
      if (isWanted) { isWanted = false; schedule() }
    })
    return running
  }

  async function send(text) {
    sayTimer = setTimeout(() => say("Saving …"), NOTICEABLE)
    const data = new FormData()
    for (const [name, value] of Object.entries(JSON.parse(text))) data.append(name, value)
    for (const name of ["based_on", "uid", "csrfmiddlewaretoken"]) data.append(name, field[name].value)
    data.append("article", form.dataset.pk || "")
    data.append("kind", root.dataset.kind)
    const size = await sizeOf(data)
    if (size > largestRequest) return fail(TOO_MUCH, false)
    const answer = await ask(root.dataset.url, { method: "POST", body: data })
    if (answer.data && answer.status === 200) return acknowledge(answer.data, text)
    if (answer.status === 409 && answer.data) return conflict(answer.data)
    if (answer.data) return fail(`Not saved: ${answer.data.error}`, false)
    if (answer.isStranger) return askWhoIsThere()
    // What the server doesn't even read: to send it again would help nobody.
    if (answer.status === 400 || answer.status === 413) {
      largestRequest = size - 1
      return fail(TOO_MUCH, false)
    }
    return fail(answer.isOffline ? NO_CONNECTION : NO_ANSWER)
  }

  function acknowledge(answer, text) {
    saved = text
    attempt = 0
    field.based_on.value = answer.edition
    hasProblems = Object.keys(answer.problems).length > 0
    become(answer)
    giveIds(answer.headings)
    showProblems(answer.problems)
    showFindings(form, answer.findings)
    // It is the newest version now.
    notices.hide("newer")
    notices.hide("refused")
    if (isDirty() || hasProblems) keep()
    else forget()
    say(hasProblems ? `Saved at ${answer.saved_at}, but for what is marked.` : `Saved at ${answer.saved_at}`, hasProblems)
    form.dispatchEvent(new CustomEvent("autosave:saved", { bubbles: true, detail: answer }))
  }

  function fail(reason, isTriedAgain = true) {
    if (!isDirty()) return
    say(`${reason} ${whereKept()}`, true)
    if (isTriedAgain) schedule(PAUSES[Math.min(attempt++, PAUSES.length - 1)] * 1000)
  }

  // A new article has an address as soon as it is saved, and stands there from then on.
  function become({ pk, url, state, presence: presenceUrl }) {
    if (!form.dataset.pk) {
      form.dataset.pk = pk
      if (form.hasAttribute("action")) form.action = url
      history.replaceState(history.state, "", url)
    }
    presence.begin(presenceUrl)
    if (hasSaved) return
    hasSaved = true
    const label = form.querySelector("[data-state-label]")
    label.textContent = state.label
    label.className = `state state--${state.name}`
    form.querySelector("[data-state-words]").textContent = state.words
  }

  // The ids that the server has given to headings: the text is left as it is, and so is the caret.
  function giveIds(headings) {
    if (!editor || editor.view.composing) return
    const places = []
    editor.state.doc.descendants((node, position) => {
      const text = node.type.name === "heading" && squeezed(node.textBetween(0, node.content.size, " ", " "))
      if (text) places.push({ position, text, id: node.attrs.id })
    })
    const isSame = places.length === headings.length && places.every(({ text }, at) => text === squeezed(headings[at].text))
    if (!isSame) return
    const change = editor.state.tr.setMeta("addToHistory", false).setMeta("preventUpdate", true)
    places.forEach(({ position, id }, at) => {
      if (id !== headings[at].id) change.setNodeAttribute(position, "id", headings[at].id)
    })
    if (!change.docChanged) return
    const wasSaved = !isDirty()
    editor.view.dispatch(change)
    field.body.value = editor.getHTML()
    if (wasSaved) saved = current()
  }

  function showProblems(problems) {
    for (const name of Object.keys(readWords(form))) {
      const holder = field[name].closest(".field")
      if (!holder) continue
      const id = `id_${name}_problem`, shown = holder.querySelector("input:not([type=hidden]), textarea:not([hidden]), select, [role=textbox]")
      const described = (shown?.getAttribute("aria-describedby") || "").split(" ").filter((other) => other && other !== id)
      holder.querySelector(".errorlist")?.remove()
      holder.classList.toggle("field--wrong", name in problems)
      if (name in problems) {
        const list = element("ul", { class: "errorlist", id }, element("li", { text: problems[name] }))
        holder.querySelector("label, .label").after(list)
        holder.closest("details")?.setAttribute("open", "")
        described.push(id)
      }
      shown?.setAttribute("aria-describedby", described.join(" "))
      shown?.setAttribute("aria-invalid", String(name in problems))
    }
  }

  // The copy in this browser

  function keep() {
    clearTimeout(backupTimer)
    if (!isDirty() && !hasProblems) return true
    const picture = form.querySelector("[data-lead-picture] img")
    return backup.write({
      words: readWords(form), edition: Number(field.based_on.value) || 0, isNew: !form.dataset.pk,
      lead: picture && { src: picture.src, alt: picture.alt },
    })
  }

  function whereKept() {
    return keep() ? "Your words are kept in this browser." : NO_BACKUP
  }

  function forget() {
    clearTimeout(backupTimer)
    backup.remove()
  }

  async function offerWhatWasLeft() {
    const shown = readWords(form), edition = Number(field.based_on.value) || 0
    const isOwn = "isOwn" in root.dataset, isNew = !form.dataset.pk
    for (const entry of await backup.leftBehind({ isNew })) {
      const isThere = areSame(entry.words, shown) || (entry.isSent && isOwn && edition > entry.edition)
      if (isThere) backup.remove(entry.key)
      else if (!notices.has("backup")) offer(entry)
    }
  }

  function offer(entry) {
    const at = new Date(entry.at)
    const day = at.toDateString() === new Date().toDateString() ? "" : `${at.toLocaleDateString()}, `
    const time = at.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hour12: false })
    notices.show("backup", `Words from ${day}${time} in this browser were never saved.`,
      button("Bring them back", () => {
        notices.hide("backup")
        if (!form.dataset.pk && entry.isNew) {
          // That form may have begun its article without hearing of it.
          field.uid.value = entry.uid
          backup.follow(entry.uid)
        }
        writeWords(form, editor, entry.words, entry.lead)
        if (keep()) backup.remove(entry.key)
        form.scrollIntoView()
        changed()
      }),
      button("Throw them away", () => {
        backup.remove(entry.key)
        notices.hide("backup")
        offerWhatWasLeft()
      }))
  }

  // Who is there

  async function askSession() {
    const { data, status: code } = await ask(root.dataset.sessionUrl)
    return code === 200 && data ? data : null
  }

  function accept(session) {
    for (const input of document.querySelectorAll("input[name=csrfmiddlewaretoken]")) input.value = session.csrf
  }

  // Goes on where the user is back; says so where they aren't. Returns whether they are there.
  async function askWhoIsThere() {
    clearTimeout(sessionTimer)
    const session = await askSession()
    if (!session) {
      fail(NO_CONNECTION)
      if (blocked) sessionTimer = setTimeout(askWhoIsThere, SESSION_INTERVAL)
      return false
    }
    if (session.user === user) {
      accept(session)
      const wasAway = blocked === "signed-out" || blocked === "other-user"
      if (wasAway) {
        blocked = ""
        attempt = 0
        notices.hide("session")
      }
      // A fresh token is tried at once; should it not help, then after a while.
      if (isDirty()) schedule(wasAway || attempt === 0 ? 0 : PAUSES[Math.min(attempt, PAUSES.length - 1)] * 1000)
      attempt += 1
      return true
    }
    if (session.user === null) signedOut()
    else otherUser(session)
    sessionTimer = setTimeout(askWhoIsThere, SESSION_INTERVAL)
    return false
  }

  function signedOut() {
    if (blocked === "signed-out") return
    blocked = "signed-out"
    if (isDirty()) say("Not saved: you are logged out.", true)
    notices.show("session", `You are logged out. Log in in another tab; then this one goes on by itself. ${whereKept()}`, logInLink())
  }

  function otherUser({ user: other, name, csrf }) {
    if (blocked === "other-user") return
    blocked = "other-user"
    say("Not saved: somebody else is logged in.", true)
    notices.show("session", `${name} is logged in now, in this browser. Nothing is saved under that name unless you say so. ${whereKept()}`,
      button(`Go on as ${name}`, () => {
        user = other
        blocked = ""
        accept({ csrf })
        notices.hide("session")
        clearTimeout(sessionTimer)
        schedule(0)
      }),
      logInLink())
  }

  function logInLink() {
    return element("a", { class: "button button--quiet button--small", href: root.dataset.loginUrl, target: "_blank", rel: "noopener", text: "Log in (opens a new tab)" })
  }

  // Newer versions

  function conflict({ error }) {
    blocked = "conflict"
    say(keep() ? NEWER : `${NEWER} ${NO_BACKUP}`, true)
    notices.show("newer", error, compareButton())
  }

  function tellNewer({ words }) {
    if (running || blocked === "conflict" || isLeaving) return
    if (isDirty()) notices.show("newer", words, compareButton())
    else notices.show("newer", words, button("Load it", () => location.reload()))
  }

  // Sent like any button of the form: the words go with it.
  function compareButton() {
    return element("button", { class: "button button--quiet button--small", name: "_compare", text: "See what differs" })
  }

  // The form's own buttons

  async function check(submitter) {
    if (isChecking) return
    isChecking = true
    clearTimeout(timer)
    if (running) await Promise.race([running, new Promise((done) => { setTimeout(done, 4000) })])
    clearTimeout(timer)
    const isTooMuch = await sizeOf(new FormData(form, submitter)) > largestRequest
    const session = isTooMuch ? null : await askSession()
    isChecking = false
    if (session?.user === user) {
      accept(session)
      notices.hide("refused")
      isSendable = true
      form.requestSubmit(submitter)
      return
    }
    if (session) {
      await askWhoIsThere()
    } else if (isTooMuch) {
      fail(TOO_MUCH, false)
      notices.show("refused", `${TOO_MUCH} ${whereKept()}`)
    } else {
      fail(NO_CONNECTION)
      notices.show("refused", `There is no connection to the server, so nothing was done. ${whereKept()} Try again in a moment.`)
    }
  }

  form.addEventListener("submit", (event) => {
    if (!isSendable) {
      event.preventDefault()
      const question = event.submitter?.dataset.confirm
      if (!question || window.confirm(question)) check(event.submitter)
      return
    }
    isSendable = false
    keep()
    if (event.submitter?.formTarget === "_blank") return
    backup.markAsSent()
    isLeaving = true
    // Should no page come after all, the form is as alive as before.
    setTimeout(() => { isLeaving = false }, LONGEST_WAIT)
  })
  window.addEventListener("pageshow", () => { isLeaving = false })
  window.addEventListener("beforeunload", (event) => {
    if (!isLeaving && !keep()) event.preventDefault()
  })

  // What makes it try again

  form.addEventListener("input", changed)
  form.addEventListener("change", changed)
  window.addEventListener("online", () => { notices.hide("refused"); attempt = 0; schedule(0) })
  const look = () => {
    if (document.visibilityState !== "visible") return
    if (blocked === "signed-out" || blocked === "other-user") askWhoIsThere()
    else if (isDirty()) schedule(0)
  }
  document.addEventListener("visibilitychange", look)
  window.addEventListener("focus", () => { if (blocked) look() })

  form.addEventListener("editor:ready", (event) => {
    editor = event.detail.editor
    offerWhatWasLeft()
    // A page that was reloaded a moment ago may still count as open.
    setTimeout(offerWhatWasLeft, LOCK_LINGERS)
    if (isDirty()) changed()
  }, { once: true })
}

// How many bytes the data of a form is on its way, with what stands between its fields.
const sizeOf = async (data) => (await new Response(data).blob()).size

const squeezed = (text) => text.replace(/\s+/g, " ").trim()

function button(text, run) {
  return element("button", { type: "button", class: "button button--quiet button--small", text, onclick: run })
}

// Lines about what is in the way, one of each kind, each with what can be done.
function makeNotices(holder) {
  const shown = new Map()

  function hide(kind) {
    shown.get(kind)?.remove()
    shown.delete(kind)
  }

  function show(kind, words, ...actions) {
    if (shown.get(kind)?.dataset.words === words + actions.map((action) => action.textContent)) return
    const hadFocus = shown.get(kind)?.contains(document.activeElement)
    hide(kind)
    const node = element("div", { class: `notice notice--${kind}`, "data-notice": kind },
      element("p", { text: words }), actions.length ? element("p", { class: "notice__buttons" }, ...actions) : null)
    node.dataset.words = words + actions.map((action) => action.textContent)
    shown.set(kind, node)
    holder.append(node)
    if (hadFocus) node.querySelector("a, button")?.focus()
  }

  return { show, hide, has: (kind) => shown.has(kind) }
}

// What the server answers: {status, data} (data only where it is JSON), {isStranger} where it shows
// something else than it was asked for, {isOffline} where nothing comes back.
async function ask(url, options = {}) {
  const controller = new AbortController()
  const timer = setTimeout(() => controller.abort(), LONGEST_WAIT)
  try {
    const response = await fetch(url, {
      credentials: "same-origin", headers: { Accept: "application/json" }, signal: controller.signal, ...options,
    })
    const isJson = response.headers.get("Content-Type")?.includes("json")
    if (response.redirected || (response.status === 403 && !isJson)) return { isStranger: true }
    return { status: response.status, data: isJson ? await response.json() : null }
  } catch {
    return { isOffline: true }
  } finally {
    clearTimeout(timer)
  }
}
