// What this adds is comfort: every page works without it.
(() => {
  "use strict";
  const each = (selector, action) => document.querySelectorAll(selector).forEach(action);

  each("button.show", (button) => {
    const input = document.getElementById(button.getAttribute("aria-controls"));
    button.hidden = false;
    button.addEventListener("click", () => {
      const shown = input.type === "password";
      input.type = shown ? "text" : "password";
      button.firstChild.data = shown ? "Hide" : "Show";
      input.focus();
    });
    // Never leave a password readable in what the browser remembers of the form.
    input.form.addEventListener("submit", () => (input.type = "password"));
  });

  // One click, one answer. A page that comes back out of the browser's memory is open again.
  each("form[method=post]", (form) =>
    form.addEventListener("submit", (event) => {
      if (form.ariaBusy === "true") event.preventDefault();
      form.ariaBusy = "true";
    }),
  );
  addEventListener("pageshow", () => each("form[method=post]", (form) => (form.ariaBusy = "false")));

  each("a[data-follow]", (link) => location.replace(link.href));
  each("form[data-submit]", (form) => form.requestSubmit());

  // The portal: filter while typing, "/" to search, Escape to close the menu.
  const search = document.querySelector("input[type=search]");
  if (!search) return;
  const filter = () => {
    const words = search.value.toLowerCase().split(/\s+/);
    let found = 0;
    each(".shelf", (shelf) => {
      let here = 0;
      shelf.querySelectorAll(".app").forEach((app) => {
        const text = app.textContent.toLowerCase();
        app.hidden = !words.every((word) => text.includes(word));
        here += !app.hidden;
      });
      shelf.hidden = !here;
      found += here;
    });
    document.querySelector(".none").hidden = found > 0;
  };
  const shelves = document.querySelector(".shelf");
  if (shelves) search.addEventListener("input", filter);
  const menu = document.querySelector(".menu");
  addEventListener("keydown", (event) => {
    const typing = event.target.matches("input, textarea, select");
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      search.focus();
    }
    if (event.key === "Escape" && menu.open) {
      menu.open = false;
      menu.firstElementChild.focus();
    }
  });
  addEventListener("click", (event) => {
    if (!menu.contains(event.target)) menu.open = false;
  });
})();
