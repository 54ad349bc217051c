// Comfort for the admin interface: every page works without it.
(() => {
  const each = (what, run, within = document) => within.querySelectorAll(what).forEach(run);
  const csrf = document.body.dataset.csrf;

  // Times in the viewer's zone; the exact one on hover.
  const when = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
  const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "long" });
  const localise = (within) =>
    each("time[datetime]", (time) => {
      const point = new Date(time.dateTime);
      time.title = `${exact.format(point)} (${time.dateTime})`;
      time.textContent = when.format(point);
    }, within);

  const enhance = (within) => {
    localise(within);
    each("[data-all]", (all) => {
      all.hidden = false;
      const form = all.form;
      const boxes = [...form.querySelectorAll("input[name=key]")];
      const told = form.querySelector("[data-chosen]");
      const count = () => {
        const chosen = boxes.filter((box) => box.checked).length;
        all.checked = chosen === boxes.length;
        all.indeterminate = chosen > 0 && chosen < boxes.length;
        told.textContent = chosen ? `With the ${chosen} chosen:` : "With the chosen:";
      };
      all.addEventListener("change", () => {
        boxes.forEach((box) => (box.checked = all.checked));
        count();
      });
      boxes.forEach((box) => box.addEventListener("change", count));
    }, within);
  };
  enhance(document);

  each("[data-copy]", (button) => {
    button.hidden = !navigator.clipboard;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(button.closest("figure").querySelector("pre").textContent);
      button.textContent = "Copied";
      setTimeout(() => (button.textContent = "Copy"), 2000);
    });
  });

  // Lists: search while typing, filters at once, and those that are live ask again by themselves.
  const fetched = async (url, signal) => {
    const answer = await fetch(url, { signal, headers: { Accept: "text/html" } });
    if (!answer.ok || answer.redirected) return null;
    return new DOMParser().parseFromString(await answer.text(), "text/html");
  };
  const replace = (page, list) => {
    const fresh = page && page.querySelector("[data-listed]");
    if (!fresh) return;
    list.replaceChildren(...fresh.childNodes);
    enhance(list);
  };
  each("[data-live-search]", (form) => {
    const list = form.parentElement.querySelector("[data-listed]");
    let asking;
    let timer;
    const ask = async () => {
      if (asking) asking.abort();
      asking = new AbortController();
      const query = new URLSearchParams([...new FormData(form)].filter(([, value]) => value));
      const url = `${form.getAttribute("action")}?${query}`;
      try {
        const page = await fetched(url, asking.signal);
        // Who is not signed in any more is led to the login.
        if (!page) return location.assign(url);
        replace(page, list);
        history.replaceState(null, "", url);
      } catch {
        // Somebody types on.
      }
    };
    form.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(ask, 200);
    });
  });
  each("[data-live]", (list) => {
    setInterval(async () => {
      // Nothing is taken from under somebody's hands.
      if (document.hidden || list.contains(document.activeElement) || list.querySelector("input:checked")) return;
      replace(await fetched(location.href).catch(() => null), list);
    }, 1000 * list.dataset.live);
  });

  // Names that a field can hold, while they are typed.
  each("input[data-search]", (input) => {
    let timer;
    input.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(async () => {
        if (!input.value) return;
        const answer = await fetch(`${input.dataset.search}?q=${encodeURIComponent(input.value)}`);
        if (!answer.ok) return;
        const names = await answer.json();
        input.list.replaceChildren(...names.map((name) => Object.assign(document.createElement("option"), { value: name })));
      }, 200);
    });
  });

  // One more row when the last one is filled in.
  each("[data-rows]", (rows) => {
    rows.addEventListener("input", () => {
      const last = rows.lastElementChild;
      if (!last || ![...last.querySelectorAll("input[type=text], textarea")].some((input) => input.value)) return;
      const row = last.cloneNode(true);
      each("[id], [for], [name]", (part) => {
        for (const what of ["id", "for", "name"]) {
          const value = part.getAttribute(what);
          if (value) part.setAttribute(what, value.replace(/([.-])(\d+)([.-])(?!.*[.-]\d+[.-])/, (_, a, n, b) => `${a}${+n + 1}${b}`));
        }
        if (part.matches("input:not([type=checkbox]), textarea")) part.value = "";
      }, row);
      rows.append(row);
    });
  });

  // Programs: Tab indents, and what is wrong is told while they are typed.
  each("textarea.code", (area) => {
    const hint = Object.assign(document.createElement("p"), { className: "hint", id: `k-${area.id}`, textContent: "Tab indents. Escape, then Tab, goes on." });
    area.before(hint);
    area.setAttribute("aria-describedby", `${area.getAttribute("aria-describedby") || ""} ${hint.id}`.trim());
    area.addEventListener("keydown", (event) => {
      if (event.key === "Escape") area.dataset.leave = "yes";
      else if (event.key === "Tab" && !event.shiftKey && !area.dataset.leave) {
        event.preventDefault();
        area.setRangeText("  ", area.selectionStart, area.selectionEnd, "end");
        area.dispatchEvent(new Event("input", { bubbles: true }));
      } else delete area.dataset.leave;
    });
  });
  const judged = (source, target, url, body) => {
    let timer;
    let asking;
    source.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(async () => {
        if (asking) asking.abort();
        asking = new AbortController();
        try {
          const answer = await fetch(url, { method: "POST", body: body(), signal: asking.signal });
          if (answer.ok) target.replaceChildren(...new DOMParser().parseFromString(await answer.text(), "text/html").body.childNodes);
        } catch {
          // Somebody types on.
        }
      }, 400);
    });
  };
  each("[data-check]", (area) => judged(area, area.nextElementSibling, area.dataset.check, () => new URLSearchParams({ csrf_token: csrf, name: area.name, value: area.value })));
  each("form[data-preview]", (form) => judged(form, form.querySelector("[data-previewed]"), form.dataset.preview, () => new URLSearchParams(new FormData(form))));
  // A large table of people goes to the API in parts, the header before each; small ones the page takes itself.
  const table = document.querySelector('form[action="/if/admin/users/import/"] input[type=file]');
  if (table) {
    const form = table.form;
    const [small, rows, bytes, shown] = [1 << 20, 1000, 1 << 20, 500];
    const make = (tag, properties, ...children) => {
      const element = Object.assign(document.createElement(tag), properties);
      element.append(...children);
      return element;
    };
    // A quoted field may hold ends of lines.
    const records = function* (text) {
      let [begin, line, first, quoted] = [0, 1, 1, false];
      for (let at = 0; at < text.length; at++) {
        const letter = text.charCodeAt(at);
        if (letter === 34) quoted = !quoted;
        else if (letter === 10) {
          line++;
          if (quoted) continue;
          yield { first, text: text.slice(begin, at + 1) };
          begin = at + 1;
          first = line;
        }
      }
      if (begin < text.length) yield { first, text: `${text.slice(begin)}\n` };
    };
    const cut = (text) => {
      const [header, ...rest] = records(text);
      const parts = [];
      for (const record of rest) {
        let part = parts.at(-1);
        if (!part || part.rows === rows || part.text.length + record.text.length > bytes) {
          part = { rows: 0, text: header.text, offset: record.first - rest[0].first };
          parts.push(part);
        }
        part.rows++;
        part.text += record.text;
      }
      return parts;
    };
    const panel = make("section", { className: "panel full" });
    const begin = (parts, ticks, dry) => {
      const sums = { rows: 0, created: 0, updated: 0, unchanged: 0, refused: 0 };
      const progress = make("progress", { max: parts.length, value: 0, ariaLabel: "Progress" });
      const counts = make("p", { ariaLive: "polite" });
      const body = make("tbody", {});
      const list = make("div", { className: "scroll", hidden: true }, make("table", { className: "list" }, make("caption", { className: "unseen", textContent: "Refused lines" }), make("thead", {}, make("tr", {}, ...["Line", "User name", "Why it is refused"].map((label) => make("th", { scope: "col", textContent: label })))), body));
      const foot = make("div", { className: "foot" });
      panel.replaceChildren(make("h2", { textContent: dry ? "Checking: nothing is done yet" : "Importing" }), progress, counts, list, foot);
      form.closest(".panel").after(panel);
      panel.scrollIntoView({ block: "nearest" });
      const button = (label, run) => foot.replaceChildren(make("button", { type: "button", className: "small main", textContent: label, onclick: run }));
      const go = async (from) => {
        foot.replaceChildren();
        for (let at = from; at < parts.length; at++) {
          const query = new URLSearchParams({ dry_run: dry, ...ticks });
          let told;
          try {
            const answer = await fetch(`/api/v3/lockgate/users/import/?${query}`, { method: "POST", headers: { "Content-Type": "text/csv", "X-authentik-CSRF": csrf }, body: parts[at].text });
            told = await answer.json();
            if (!answer.ok) throw new Error(told.detail || Object.values(told).flat().join(" "));
          } catch (error) {
            counts.textContent = `Stopped after ${sums.rows} lines: ${error.message} What is done stays; the same table can be sent again at any time.`;
            return button("Go on", () => go(at));
          }
          for (const name in sums) sums[name] += told[name];
          for (const line of told.report) {
            if (line.outcome !== "refused" || body.childElementCount >= shown) continue;
            list.hidden = false;
            body.append(make("tr", {}, ...[line.line + parts[at].offset, line.username, line.message].map((text) => make("td", { textContent: text }))));
          }
          progress.value = at + 1;
          counts.textContent = `${sums.rows} lines: ${sums.created} ${dry ? "would be made" : "made"}, ${sums.updated} ${dry ? "would be changed" : "changed"}, ${sums.unchanged} as they are, ${sums.refused} refused.`;
        }
        if (!dry) foot.replaceChildren(make("a", { className: "small main", href: "/if/admin/users/", textContent: "To the users" }));
        else if (sums.created + sums.updated) button(`Import ${sums.created + sums.updated}`, () => begin(parts, ticks, false));
      };
      go(0);
    };
    form.addEventListener("submit", async (event) => {
      const file = table.files[0];
      if (!file || file.size <= small) return;
      event.preventDefault();
      form.ariaBusy = "false";
      // What was checked is imported, whatever is ticked meanwhile.
      const ticks = { update: form.elements.update.checked, create_groups: form.elements.create_groups.checked };
      try {
        begin(cut(new TextDecoder("utf-8", { fatal: true }).decode(await file.arrayBuffer())), ticks, true);
      } catch {
        panel.replaceChildren(make("p", { className: "wrong", textContent: "This is not UTF-8. Save it as \u201cCSV UTF-8\u201d." }));
        form.closest(".panel").after(panel);
      }
    });
  }

  const wrong = document.querySelector("[data-wrong]");
  if (wrong) wrong.focus();

  // Filters are folded away where room is scarce alone; the style shows them before this runs, but not to every program.
  const filters = document.querySelector(".filters");
  if (filters && matchMedia("(min-width: 44.01rem)").matches) filters.open = true;

  // Where somebody is, however long the list of places.
  const here = document.querySelector(".side .places [aria-current]");
  if (here) here.scrollIntoView({ block: "nearest" });

  // The palette, and keys that go somewhere.
  const palette = document.querySelector(".palette");
  const opener = document.querySelector("[data-palette]");
  if (palette && opener) {
    opener.hidden = false;
    const input = palette.querySelector("input");
    const list = palette.querySelector("ul");
    const places = [...document.querySelectorAll(".side .places a")].map((a) => ({ name: [a.dataset.within, a.textContent].filter(Boolean).join(": "), href: a.href, kind: "Place" }));
    let at = 0;
    let asking;
    const choose = (index) => {
      const items = [...list.children];
      if (!items.length) return input.removeAttribute("aria-activedescendant");
      at = (index + items.length) % items.length;
      items.forEach((item, i) => item.setAttribute("aria-selected", i === at));
      items[at].scrollIntoView({ block: "nearest" });
      input.setAttribute("aria-activedescendant", items[at].id);
    };
    const show = (found) => {
      list.replaceChildren(...found.map((one, i) => {
        const item = Object.assign(document.createElement("li"), { id: `o-${i}` });
        item.setAttribute("role", "option");
        item.dataset.to = one.href;
        const name = Object.assign(document.createElement("span"), { textContent: one.name });
        item.append(name, Object.assign(document.createElement("small"), { textContent: [one.below, one.kind].filter(Boolean).join(" · ") }));
        return item;
      }));
      choose(0);
    };
    const look = async () => {
      const words = input.value.trim().toLowerCase();
      const near = places.filter((place) => place.name.toLowerCase().includes(words));
      show(near);
      if (asking) asking.abort();
      if (words.length < 2) return;
      asking = new AbortController();
      try {
        const answer = await fetch(`/if/admin/find/?q=${encodeURIComponent(words)}`, { signal: asking.signal });
        if (answer.ok) show([...near, ...(await answer.json())]);
      } catch {
        // Somebody types on.
      }
    };
    let timer;
    input.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(look, 120);
    });
    input.addEventListener("keydown", (event) => {
      if (event.key === "ArrowDown") choose(at + 1);
      else if (event.key === "ArrowUp") choose(at - 1);
      else if (event.key === "Enter" && list.children[at]) list.children[at].click();
      else return;
      event.preventDefault();
    });
    list.addEventListener("click", (event) => {
      const item = event.target.closest("[data-to]");
      if (item) location.assign(item.dataset.to);
    });
    palette.addEventListener("click", (event) => event.target === palette && palette.close());
    const open = () => {
      input.value = "";
      palette.showModal();
      look();
    };
    opener.addEventListener("click", open);
    let went = 0;
    addEventListener("keydown", (event) => {
      if ((event.ctrlKey || event.metaKey) && event.key === "k") {
        event.preventDefault();
        return open();
      }
      if (event.ctrlKey || event.metaKey || event.altKey || palette.open || event.target.matches("input, textarea, select")) return;
      if (event.key === "/") {
        const first = document.querySelector("[data-first]");
        if (first) {
          event.preventDefault();
          first.focus();
        }
      }
      if (event.key === "g") went = Date.now();
      else if (Date.now() - went < 1500) {
        const link = document.querySelector(`.side [data-go="${CSS.escape(event.key)}"]`);
        went = 0;
        if (link) link.click();
      }
    });
  }
})();
