// A copy of what was typed, in this browser, until the server has it. Each open form keeps its own,
// by user and article; what a closed one has left behind is offered to the next.

const PREFIX = "words:"
const KEPT_FOR = 30 * 24 * 60 * 60 * 1000

export function makeBackup({ user, uid }) {
  const owner = `${PREFIX}${user}:`
  const key = `${owner}${uid}:${Math.random().toString(36).slice(2)}`
  holdLock(key)

  // Returns whether it could be kept.
  function write(entry) {
    try {
      localStorage.setItem(key, JSON.stringify({ ...entry, uid, at: Date.now() }))
      return true
    } catch {
      return false
    }
  }

  function remove(other = key) {
    try { localStorage.removeItem(other) } catch { /* There is none, then. */ }
  }

  // The form has been sent off: unless the server says otherwise, it has the words.
  function markAsSent() {
    const entry = read(key)
    if (entry) write({ ...entry, isSent: true })
  }

  // What forms of this article that aren't open any more have left, the newest first. A form of a
  // new article is asked for any new one's, since it has an id of its own.
  async function leftBehind({ isNew }) {
    const open = await openForms()
    const found = []
    for (const other of keys()) {
      const entry = read(other)
      if (!entry || Date.now() - entry.at > KEPT_FOR) remove(other)
      else if (other.startsWith(owner) && other !== key && !open.has(other) && (entry.uid === uid || (isNew && entry.isNew))) {
        found.push({ ...entry, key: other })
      }
    }
    return found.sort((one, other) => other.at - one.at)
  }

  // The form goes on as that of another article: one that a closed form had begun.
  function follow(other) { uid = other }

  return { write, remove, markAsSent, leftBehind, follow }
}

function keys() {
  try {
    return Object.keys(localStorage).filter((key) => key.startsWith(PREFIX))
  } catch {
    return []
  }
}

function read(key) {
  try {
    const entry = JSON.parse(localStorage.getItem(key))
    return entry && typeof entry.words === "object" && entry.words ? entry : null
  } catch {
    return null
  }
}

// A lock is let go when its page is closed, however that happens.
function holdLock(key) {
  navigator.locks?.request(key, () => new Promise(() => {})).catch(() => {})
}

async function openForms() {
  try {
    const { held } = await navigator.locks.query()
    return new Set(held.map((lock) => lock.name))
  } catch {
    return new Set()
  }
}
