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
        replace(await fetched(url, asking.signal), list);
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
      if (document.hidden || list.querySelector("input:checked")) return;
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
  const wrong = document.querySelector("[data-wrong]");
  if (wrong) wrong.focus();

  // The palette, and keys that go somewhere.
  const palette = document.querySelector(".palette");
  const opener = document.querySelector("[data-palette]");
  if (palette && opener) {
    opener.hidden = false;
    const input = palette.querySelector("input");
    const list = palette.querySelector("ul");
    const places = [...document.querySelectorAll(".side .places a")].map((a) => ({ name: a.textContent, href: a.href, kind: "Place" }));
    let at = 0;
    let asking;
    const choose = (index) => {
      const items = [...list.children];
      if (!items.length) return;
      at = (index + items.length) % items.length;
      items.forEach((item, i) => item.setAttribute("aria-selected", i === at));
      items[at].scrollIntoView({ block: "nearest" });
      input.setAttribute("aria-activedescendant", items[at].id);
    };
    const show = (found) => {
      list.replaceChildren(...found.map((one, i) => {
        const item = Object.assign(document.createElement("li"), { id: `o-${i}` });
        item.setAttribute("role", "option");
        const link = Object.assign(document.createElement("a"), { href: one.href, tabIndex: -1 });
        const name = Object.assign(document.createElement("span"), { textContent: one.name });
        link.append(name, Object.assign(document.createElement("small"), { textContent: [one.below, one.kind].filter(Boolean).join(" · ") }));
        item.append(link);
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
      else if (event.key === "Enter" && list.children[at]) list.children[at].firstElementChild.click();
      else return;
      event.preventDefault();
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
