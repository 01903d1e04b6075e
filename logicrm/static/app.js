// LogiCRM: makes pages nicer; nothing depends on it. No build step, no eval. docs/look.md
(() => {
  "use strict";
  const doc = document, root = doc.documentElement, words = doc.currentScript.dataset;
  const on = (type, run, options) => doc.addEventListener(type, run, options);
  const near = (event, selector) => event.target.closest && event.target.closest(selector);
  const all = (selector, within = doc) => [...within.querySelectorAll(selector)];
  const typing = (el) => el.matches("input, select, textarea, [contenteditable]");

  // Live region: spoken, not shown.
  const say = (text) => {
    const live = doc.getElementById("live");
    if (!live) return;
    live.textContent = "";
    setTimeout(() => { live.textContent = text; }, 60);
  };
  on("announce", (event) => say(event.detail.value));

  // Toasts: thirty seconds, not counted while one reads (hover, focus) or the tab is hidden.
  const toast = (text) => {
    const box = doc.createElement("div"), line = doc.createElement("p");
    box.className = "toast bad";
    box.setAttribute("role", "alert");
    line.textContent = text;
    box.append(line);
    const toasts = doc.getElementById("toasts");
    all(".toast.bad:not(:has(form))", toasts).forEach((old) => old.remove());
    toasts.append(box);
  };
  setInterval(() => {
    if (doc.hidden) return;
    for (const box of all(".toast")) {
      if (box.matches(":hover, :focus-within")) continue;
      box.age = (box.age || 0) + 1;
      if (box.age > 30) box.remove();
    }
  }, 1000);

  // Clicks: dismiss, copy, menus.
  const copy = async (button) => {
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
    } catch {
      const box = doc.createElement("textarea");
      box.value = button.dataset.copy;
      box.className = "sr-only";
      button.after(box);
      box.select();
      doc.execCommand("copy");
      box.remove();
      button.focus();
    }
    const label = button.querySelector("span"), before = label.textContent;
    label.textContent = button.dataset.done;
    say(button.dataset.done);
    setTimeout(() => { label.textContent = before; }, 2000);
  };
  on("click", (event) => {
    const dismiss = near(event, "[data-dismiss]"), button = near(event, "[data-copy]");
    if (dismiss) dismiss.closest(".toast, .callout").remove();
    if (button) copy(button);
    all("details.menu[open]").forEach((menu) => { if (!menu.contains(event.target)) menu.open = false; });
  });

  // Keys: "/" and Ctrl-K find, Escape takes back.
  on("keydown", (event) => {
    const search = doc.querySelector("[data-search]"), { key, target } = event;
    const slash = key === "/" && !typing(target) && doc.body.dataset.keys !== "off" && !event.ctrlKey && !event.metaKey && !event.altKey;
    if (search && (slash || ((event.ctrlKey || event.metaKey) && key.toLowerCase() === "k"))) {
      event.preventDefault();
      search.focus();
      search.select();
    } else if (key === "Escape") {
      const editing = near(event, ".editing"), menu = near(event, "details.menu[open]");
      if (editing) editing.querySelector("[data-cancel]").click();
      if (menu) { menu.open = false; menu.querySelector("summary").focus(); }
      if (near(event, ".search")) { search.value = ""; search.blur(); }
    } else if ((key === "ArrowDown" || key === "ArrowUp") && near(event, ".search")) {
      const stops = [search, ...all("#palette a")];
      const next = stops[stops.indexOf(doc.activeElement) + (key === "ArrowDown" ? 1 : -1)];
      if (next) { event.preventDefault(); next.focus(); }
    }
  });

  // Theme: switch at once, tell the server behind it.
  on("submit", (event) => {
    const form = near(event, "[data-theme-form]"), button = event.submitter;
    if (!form || !button) return;
    event.preventDefault();
    fetch(form.action, { method: "POST", body: new FormData(form, button), redirect: "manual" });
    const auto = button.value === "auto";
    if (auto) delete root.dataset.theme; else root.dataset.theme = button.value;
    doc.querySelector("meta[name=color-scheme]").content = auto ? "light dark" : button.value;
    all("[name=theme]").forEach((b) => b.setAttribute("aria-pressed", b.value === button.value));
  });

  // Tick boxes: all, a range with Shift, the count.
  let lastTick = null;
  const boxes = (el) => all("td.tick input", el.closest("form") || el.closest("table"));
  on("click", (event) => {
    const box = near(event, "td.tick input");
    if (!box) return;
    const row = boxes(box);
    if (event.shiftKey && row.includes(lastTick)) {
      const [a, b] = [row.indexOf(lastTick), row.indexOf(box)].sort((x, y) => x - y);
      row.slice(a, b + 1).forEach((one) => { one.checked = box.checked; });
    }
    lastTick = box;
  });
  const counted = (el) => {
    const row = boxes(el), n = row.filter((box) => box.checked).length, scope = el.closest("form") || doc;
    all("[data-select-all]", scope).forEach((box) => { box.checked = n > 0 && n === row.length; box.indeterminate = n > 0 && n < row.length; });
    all("[data-bulk-count]", scope).forEach((place) => { place.textContent = n; if (n) say(place.parentNode.textContent.trim()); });
  };
  on("change", (event) => {
    const { target } = event;
    if (target.matches("[data-select-all]")) boxes(target).forEach((box) => { box.checked = target.checked; });
    if (target.closest(".tick")) counted(target);
    if (target.matches("[data-autosubmit]")) target.form.requestSubmit();
  });

  // Files dropped on a drop zone.
  for (const type of ["dragover", "dragleave", "drop"]) {
    on(type, (event) => {
      const zone = near(event, "[data-drop]");
      if (!zone || (event.dataTransfer && !event.dataTransfer.types.includes("Files"))) return;
      event.preventDefault();
      zone.classList.toggle("over", type === "dragover");
      if (type === "drop") {
        const input = zone.querySelector("input[type=file]");
        input.files = event.dataTransfer.files;
        input.dispatchEvent(new Event("change", { bubbles: true }));
      }
    });
  }

  // htmx: keep the focus over a swap, speak results, say failures in words.
  let kept = null;
  on("htmx:beforeSwap", ({ detail: { target } }) => {
    const el = doc.activeElement;
    if (!target || el === doc.body || !target.contains(el)) return;
    const mark = ["id", "name", "href", "data-card", "aria-label"].find((name) => el.getAttribute(name));
    kept = { region: target.id, mark: mark && `[${mark}="${CSS.escape(el.getAttribute(mark))}"]` };
  });
  on("htmx:afterSettle", () => {
    if (!kept) return;
    const { region, mark } = kept, place = doc.getElementById(region);
    kept = null;
    if (!place || doc.activeElement !== doc.body) return;
    const el = (mark && place.querySelector(mark)) ||
      place.querySelector("[autofocus], .editing input:not([type=hidden]), form input:not([type=hidden]), form select, form textarea, .fact-edit") || place;
    if (el === place) place.tabIndex = -1;
    el.focus();
    if (el.select && place.matches(".editing")) el.select();
  });
  const fresh = (within) => {
    all("[data-announce]", within).forEach((el) => say(el.dataset.announce || el.textContent.trim()));
    const wrong = within.querySelector("[data-focus]");
    if (wrong) wrong.focus();
    all(".tabs [aria-current]").forEach((tab) => {
      const row = tab.parentNode;
      row.scrollLeft = tab.offsetLeft - row.offsetLeft - (row.clientWidth - tab.offsetWidth) / 2;
    });
    all("[data-board]").forEach((board) => {
      if (board.ready) return;
      board.ready = true;
      board.addEventListener("touchmove", (event) => { if (held) event.preventDefault(); }, { passive: false });
    });
  };
  on("htmx:load", ({ detail: { elt } }) => { if (elt !== doc.body) fresh(elt.parentNode || elt); });
  const failed = (text) => ({ detail }) => {
    if (detail.xhr && detail.xhr.status === 401) return;
    if (moving && detail.elt === moving.card) putBack(moving);
    toast(text);
  };
  on("htmx:responseError", failed(words.failed));
  on("htmx:sendError", failed(words.offline));

  // Board. The card itself moves while it is held; only the drop is sent.
  let held = null, moving = null, press = null, justDropped = false;
  const where = (card, text) => {
    const column = card.closest("[data-stage]"), row = all("[data-card]", column);
    return text.replace("{n}", row.indexOf(card) + 1).replace("{of}", row.length).replace("{where}", column.dataset.title);
  };
  const pick = (card) => {
    held = { card, parent: card.parentNode, next: card.nextElementSibling };
    card.classList.add("picked");
    root.classList.add("lifting");
  };
  const place = (list, before) => {
    const { card } = held, focused = card.contains(doc.activeElement) && doc.activeElement;
    if (before === card || (card.parentNode === list && card.nextElementSibling === before)) return;
    list.insertBefore(card, before);
    if (focused) focused.focus();
    card.scrollIntoView({ block: "nearest", inline: "nearest" });
  };
  const putBack = ({ card, parent, next }) => { parent.insertBefore(card, next); };
  const release = () => {
    held.card.classList.remove("picked");
    root.classList.remove("lifting");
    all(".column.over").forEach((column) => column.classList.remove("over"));
    const was = held;
    held = null;
    return was;
  };
  const cancel = () => {
    const was = release(), focused = was.card.contains(doc.activeElement) && doc.activeElement;
    putBack(was);
    if (focused) focused.focus();
    say(words.cancelled);
  };
  const drop = () => {
    const was = release(), { card } = was, next = card.nextElementSibling;
    say(where(card, words.dropped));
    if (card.parentNode === was.parent && next === was.next) return;
    moving = was;
    const board = card.closest("[data-board]"), id = CSS.escape(card.dataset.card), byKey = card.contains(doc.activeElement);
    const url = board.dataset.move.replace("{id}", card.dataset.card).replace("{from}", was.parent.closest("[data-stage]").dataset.stage);
    htmx.ajax("POST", url, {
      source: card, target: board, swap: "outerHTML",
      values: { stage: card.closest("[data-stage]").dataset.stage, before: next ? next.dataset.card : "" },
    }).catch(() => {}).finally(() => {
      moving = null;
      const grip = doc.querySelector(`[data-card="${id}"] [data-grip]`);
      if (byKey && grip) grip.focus();
    });
  };
  on("keydown", (event) => {
    const card = near(event, "[data-card]"), { key } = event;
    if (!card || !window.htmx) return;
    const go = key === " " || (key === "Enter" && (held || near(event, "[data-grip]")));
    if (go && !event.target.matches("select, .btn")) {
      event.preventDefault();
      if (held) drop(); else { pick(card); card.querySelector("[data-grip]").focus(); say(where(card, words.picked)); }
    } else if (held && key === "Escape") {
      event.preventDefault();
      cancel();
    } else if (held && key.startsWith("Arrow")) {
      event.preventDefault();
      const lists = all("[data-stage] .cards", card.closest("[data-board]")), list = card.parentNode, index = all("[data-card]", list).indexOf(card);
      if (key === "ArrowUp" && card.previousElementSibling) place(list, card.previousElementSibling);
      if (key === "ArrowDown" && card.nextElementSibling) place(list, card.nextElementSibling.nextElementSibling);
      const step = { ArrowLeft: -1, ArrowRight: 1 }[key] * (root.dir === "rtl" ? -1 : 1), other = step && lists[lists.indexOf(list) + step];
      if (other) place(other, other.children[index] || null);
      say(where(card, words.moved));
    } else if (held && key === "Tab") cancel();
  });

  // Mouse: drags after six pixels. Touch: only after a long press, so that a scroll never drags.
  on("pointerdown", (event) => {
    const card = near(event, "[data-card]");
    justDropped = false;
    if (!card || held || !window.htmx || event.button || near(event, "select, .btn")) return;
    press = { card, x: event.clientX, y: event.clientY, touch: event.pointerType !== "mouse" };
    if (press.touch) press.timer = setTimeout(() => { if (press) { pick(card); if (navigator.vibrate) navigator.vibrate(15); } }, 400);
  });
  const let_go = () => { if (press) clearTimeout(press.timer); press = null; };
  on("pointermove", (event) => {
    if (!press) return;
    const far = Math.hypot(event.clientX - press.x, event.clientY - press.y);
    if (!held) {
      if (press.touch) { if (far > 10) let_go(); return; }
      if (far < 6) return;
      pick(press.card);
    }
    event.preventDefault();
    const board = held.card.closest("[data-board]"), edge = board.getBoundingClientRect();
    if (event.clientX > edge.right - 40) board.scrollLeft += 14;
    if (event.clientX < edge.left + 40) board.scrollLeft -= 14;
    const under = doc.elementFromPoint(event.clientX, event.clientY), column = under && under.closest("[data-stage]");
    all(".column.over").forEach((one) => { if (one !== column) one.classList.remove("over"); });
    if (!column || !board.contains(column)) return;
    column.classList.add("over");
    const before = all("[data-card]", column).find((card) => {
      const box = card.getBoundingClientRect();
      return card !== held.card && event.clientY < box.top + box.height / 2;
    });
    place(column.querySelector(".cards"), before || null);
  });
  on("pointerup", () => {
    const pressed = press;
    let_go();
    if (pressed && held) { justDropped = true; drop(); }
  });
  on("pointercancel", () => { const pressed = press; let_go(); if (pressed && held) cancel(); });
  on("click", (event) => { if (justDropped) { justDropped = false; event.preventDefault(); event.stopPropagation(); } }, true);
  on("contextmenu", (event) => { if (held) event.preventDefault(); });
  on("dragstart", (event) => { if (near(event, "[data-card]")) event.preventDefault(); });

  fresh(doc);
})();
