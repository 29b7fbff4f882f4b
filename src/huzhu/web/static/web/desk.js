// Keys of the desks: / finds, g h goes home, j k (and arrows, once in it) walk a list, Enter opens, f filters, e exports, ? shows the keys. All of it works without.
(function () {
  let before = "";
  function typing(target) { return target.closest("input, select, textarea, [contenteditable]"); }
  function door(row) { return row.querySelector("a[href], button[data-opens]"); }
  function rows() { return Array.from(document.querySelectorAll("main table.list tbody tr")).filter(door); }
  function walk(step) {
    const all = rows();
    if (!all.length) { return; }
    const now = all.findIndex(function (row) { return row.classList.contains("at"); });
    const next = now < 0 ? 0 : Math.min(all.length - 1, Math.max(0, now + step));
    if (now >= 0) { all[now].classList.remove("at"); }
    all[next].classList.add("at");
    door(all[next]).focus();
    all[next].scrollIntoView({ block: "nearest" });
  }
  function press(what, how, event) {
    const found = document.querySelector(what);
    if (!found || event.repeat) { return; }
    event.preventDefault();
    const fold = found.closest("details");
    if (fold) { fold.open = true; }
    found[how]();
  }
  // on a phone a row reads as a card, each figure with its column's name before it
  function label() {
    document.querySelectorAll("main table.list:not(.mending, .mapping, .renewal)").forEach(function (table) {
      const head = table.tHead && table.tHead.rows.length === 1 ? Array.from(table.tHead.rows[0].cells) : [];
      if (!head.length || head.some(function (cell) { return cell.colSpan > 1; })) { return; }
      const names = head.map(function (cell) { return cell.textContent.trim(); });
      table.classList.add("labelled");
      table.querySelectorAll("tbody tr, tfoot tr").forEach(function (row) {
        let column = 0;
        Array.from(row.cells).forEach(function (cell) {
          cell.dataset.label = names[column] || "";
          column += cell.colSpan;
          if (!cell.textContent.trim() && cell.querySelector("input[type=checkbox]")) { cell.classList.add("tick"); }
        });
      });
    });
  }
  label();
  document.addEventListener("htmx:afterSettle", label);
  // a choice among hundreds of places is narrowed by typing part of its name
  const LONG = 40;
  document.querySelectorAll("main select").forEach(function (choice) {
    const all = Array.from(choice.options);
    if (all.length <= LONG) { return; }
    const box = document.createElement("input");
    box.type = "search"; box.autocomplete = "off"; box.placeholder = "写几个字，缩小下面的选择";
    box.setAttribute("aria-label", "缩小选择"); box.className = "narrows";
    box.addEventListener("input", function () {
      const text = box.value.trim();
      const fit = all.filter(function (one) { return !one.value || one.text.includes(text); });
      choice.replaceChildren.apply(choice, fit);
      const real = fit.filter(function (one) { return one.value; });
      if (text && real.length === 1) { choice.value = real[0].value; choice.dispatchEvent(new Event("change", { bubbles: true })); }
    });
    choice.before(box);
  });
  document.addEventListener("click", function (event) {
    const fold = event.target.closest("[data-fold]");
    if (fold) { fold.setAttribute("aria-expanded", String(fold.closest(".list-bar").classList.toggle("open"))); }
  });
  document.addEventListener("keydown", function (event) {
    if (event.ctrlKey || event.metaKey || event.altKey) { return; }
    if (event.key === "Escape" && event.target.closest(".find, .list-bar")) { event.target.blur(); return; }
    if (typing(event.target)) { return; }
    const find = document.getElementById("find");
    if (event.key === "/" && find) { event.preventDefault(); find.focus(); find.select(); }
    if (event.key === "?") { const keys = document.getElementById("keys"); if (keys && keys.togglePopover) { keys.togglePopover(); } }
    const inside = event.target.closest("table.list tr.at");
    if (event.key === "j" || (inside && event.key === "ArrowDown")) { event.preventDefault(); walk(1); }
    if (event.key === "k" || (inside && event.key === "ArrowUp")) { event.preventDefault(); walk(-1); }
    if (event.key === "f") { press(".list-bar input, .list-bar select", "focus", event); }
    if (event.key === "e") { press("[data-export]", "click", event); }
    if (event.key === "h" && before === "g") { window.location.assign(document.querySelector(".bar .brand").href); }
    before = event.key;
  });
})();
