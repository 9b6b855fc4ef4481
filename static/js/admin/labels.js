// Django's autocompletions draw boxes of their own that have no name: each gets its field's label.

function nameBoxes() {
  for (const select of document.querySelectorAll("select.admin-autocomplete")) {
    const label = document.querySelector(`label[for="${select.id}"]`)?.textContent.trim()
    const box = select.parentElement.querySelector(".select2-selection")
    if (!label || !box) continue
    box.removeAttribute("aria-labelledby")
    box.setAttribute("aria-label", label)
    box.querySelector("[role=textbox]")?.setAttribute("aria-label", label)
  }
}

// The boxes are drawn when jQuery is ready, which may be before or after the page has loaded.
window.django?.jQuery(() => setTimeout(nameBoxes))
window.addEventListener("load", nameBoxes)
