// Suggestions while somebody types into a search field: a combobox with a list (ARIA APG,
// "list autocomplete with manual selection"). Without this script the form works as it is.

const WAIT = 120;
const SHORTEST = 2;
let lists = 0;

for (const form of document.querySelectorAll("form[data-suggest]")) {
  begin(form, form.querySelector("input[type=search]"));
}

function begin(form, field) {
  const list = document.createElement("ul");
  list.id = `suggestions-${(lists += 1)}`;
  list.className = "suggestions";
  list.role = "listbox";
  list.hidden = true;
  const label = form.querySelector(`label[for="${field.id}"]`);
  list.setAttribute("aria-label", label.textContent);
  form.append(list);
  field.role = "combobox";
  field.setAttribute("aria-autocomplete", "list");
  field.setAttribute("aria-expanded", "false");
  field.setAttribute("aria-controls", list.id);

  let timer, asked, selected;

  function close() {
    clearTimeout(timer);
    asked?.abort();
    list.hidden = true;
    field.setAttribute("aria-expanded", "false");
    select(undefined);
  }

  function select(option) {
    selected?.setAttribute("aria-selected", "false");
    selected = option;
    if (!option) {
      field.removeAttribute("aria-activedescendant");
      return;
    }
    option.setAttribute("aria-selected", "true");
    field.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  }

  function show(suggestions) {
    select(undefined);
    list.replaceChildren(...suggestions.map(option));
    list.hidden = !suggestions.length;
    field.setAttribute("aria-expanded", String(!list.hidden));
  }

  function option({ kind, label, detail, url }, number) {
    const item = document.createElement("li");
    item.id = `${list.id}-${number}`;
    item.className = "suggestions__option";
    item.role = "option";
    item.setAttribute("aria-selected", "false");
    item.dataset.url = url;
    for (const [name, text] of Object.entries({ kind, label, detail })) {
      if (text) {
        const part = document.createElement("span");
        part.className = `suggestions__${name}`;
        part.textContent = text;
        item.append(part, " ");
      }
    }
    return item;
  }

  async function ask() {
    asked?.abort();
    asked = new AbortController();
    const { signal } = asked;
    const words = field.value.trim();
    if (words.length < SHORTEST) {
      close();
      return;
    }
    try {
      const url = `${form.dataset.suggest}?${new URLSearchParams({ q: words })}`;
      const answer = await fetch(url, { signal });
      const { suggestions } = answer.ok ? await answer.json() : { suggestions: [] };
      if (!signal.aborted && document.activeElement === field) {
        show(suggestions);
      }
    } catch {
      // Somebody typed on, or there is no connection: the form itself is still there.
    }
  }

  field.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(ask, WAIT);
  });
  field.addEventListener("blur", close);
  field.addEventListener("keydown", (event) => {
    if (event.isComposing || event.ctrlKey || event.metaKey) {
      return;
    }
    const { key } = event;
    if (key === "Escape" && !list.hidden) {
      close();
      event.preventDefault();
    } else if (key === "ArrowDown" || key === "ArrowUp") {
      if (list.hidden) {
        ask();
      } else {
        // Past either end stands the field itself.
        const next = key === "ArrowDown" ? "nextElementSibling" : "previousElementSibling";
        const end = key === "ArrowDown" ? "firstElementChild" : "lastElementChild";
        select(selected ? selected[next] : list[end]);
      }
      event.preventDefault();
    } else if (key === "Enter" && selected) {
      event.preventDefault();
      location.assign(selected.dataset.url);
    }
  });
  // Before the field loses the focus, which would close the list.
  list.addEventListener("mousedown", (event) => event.preventDefault());
  list.addEventListener("click", (event) => {
    const chosen = event.target.closest("[role=option]");
    if (chosen) {
      location.assign(chosen.dataset.url);
    }
  });
}
