// What is pasted from Word, Google Docs and web pages, brought into plain HTML before the editor
// reads it. Pure: a string in, a string out.

const isBold = (style) => /font-weight:\s*(bold|[6-9]00)/i.test(style)
const isNotBold = (style) => /font-weight:\s*(normal|[1-4]00)/i.test(style)
const isItalic = (style) => /font-style:\s*italic/i.test(style)
const wordBullet = /^[\s\u00a0]*[·•▪◦o§][\s\u00a0]+/
const wordNumber = /^[\s\u00a0]*(?:\d{1,3}|[a-z])[.)][\s\u00a0]+/i

function wrapContents(node, name) {
  const wrapper = node.ownerDocument.createElement(name)
  wrapper.append(...node.childNodes)
  node.append(wrapper)
}

function realAddress(link) {
  const address = link.getAttribute("href") || ""
  try {
    const url = new URL(address)
    if (/(^|\.)google\.[a-z.]+$/.test(url.hostname) && url.pathname === "/url") {
      return url.searchParams.get("q") || url.searchParams.get("url") || address
    }
  } catch {
    // Not an absolute address: the server decides what it means.
  }
  return address
}

// Word writes lists as paragraphs that begin with a sign.
function makeLists(document) {
  let list = null
  for (const paragraph of document.querySelectorAll("p[class*=MsoList]")) {
    const text = paragraph.textContent
    const kind = wordBullet.test(text) ? "ul" : wordNumber.test(text) ? "ol" : null
    if (!kind) {
      list = null
      continue
    }
    const follows = list && list.localName === kind && list.nextElementSibling === paragraph
    if (!follows) {
      list = document.createElement(kind)
      paragraph.before(list)
    }
    const item = document.createElement("li")
    paragraph.replaceWith(item)
    list.append(item)
    paragraph.innerHTML = paragraph.innerHTML.replace(/^(?:\s|<[^>]*>)*(?:[·•▪◦o§]|(?:\d{1,3}|[a-z])[.)])(?:\s|&nbsp;|<\/?span[^>]*>)+/i, "")
    item.append(paragraph)
  }
}

export function cleanPasted(html) {
  // Renamed before anything parses it: the page's policy would report each style and handler.
  const text = html
    .replace(/<style[\s\S]*?<\/style>/gi, "")
    .replace(/<!--\[if[\s\S]*?<!\[endif\]-->/gi, "")
    .replace(/<\/?o:p>/gi, "")
    .replace(/<[a-z][^>]*>/gi, (tag) => tag.replace(/([\s"'/])(style|on[a-z]+)(\s*=)/gi, "$1data-$2$3"))
  const document = new DOMParser().parseFromString(text, "text/html")
  makeLists(document)
  for (const node of document.querySelectorAll("[data-style]")) {
    const style = node.dataset.style
    if (node.localName === "b" && isNotBold(style)) {
      node.replaceWith(...node.childNodes)
      continue
    }
    if (/^(span|p|li|td|th)$/.test(node.localName)) {
      if (isBold(style)) wrapContents(node, "strong")
      if (isItalic(style)) wrapContents(node, "em")
    }
    node.removeAttribute("data-style")
  }
  for (const link of document.querySelectorAll("a[href]")) link.setAttribute("href", realAddress(link))
  return document.body.innerHTML
}
