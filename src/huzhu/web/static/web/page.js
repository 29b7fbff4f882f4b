// Large text is remembered on this device; printing opens every slip first.
(function () {
  const root = document.documentElement;
  const key = "huzhu-text";
  root.classList.add("scripted");
  function show(size) {
    root.dataset.text = size;
    document.querySelectorAll("[data-text-size]").forEach(function (button) {
      button.setAttribute("aria-pressed", String(size === "big"));
      button.textContent = size === "big" ? "标准字" : "大字";
    });
  }
  function remembered() {
    try { return localStorage.getItem(key) || ""; } catch (_) { return ""; }
  }
  root.dataset.text = remembered();
  document.addEventListener("DOMContentLoaded", function () { show(remembered()); });
  document.addEventListener("click", function (event) {
    if (event.target.closest("[data-text-size]")) {
      const size = root.dataset.text === "big" ? "" : "big";
      try { localStorage.setItem(key, size); } catch (_) { /* private window: for this page only */ }
      show(size);
    }
    if (event.target.closest("[data-print]")) {
      document.querySelectorAll(".slip details").forEach(function (part) { part.open = true; });
      window.print();
    }
  });
  document.addEventListener("htmx:afterSettle", function () {
    const place = document.getElementById("problems") || document.getElementById("result");
    if (place) { place.scrollIntoView({ block: "start" }); place.focus({ preventScroll: true }); }
  });
  // said where the person is: at the form they work in, else on top of the page
  function told(event, text) {
    const from = event.detail && event.detail.elt;
    const place = (from && from.closest("form")) || document.querySelector("main") || document.body;
    const note = document.createElement("p");
    note.className = "error"; note.setAttribute("role", "alert"); note.dataset.failed = "1"; note.textContent = text;
    document.querySelectorAll("[data-failed]").forEach(function (old) { old.remove(); });
    if (place.matches("form")) { place.append(note); } else { place.prepend(note); }
  }
  document.addEventListener("htmx:sendError", function (event) { told(event, "连不上服务器，填的内容还在。请检查网络后再试一次。"); });
  document.addEventListener("htmx:responseError", function (event) { told(event, "服务器没有办成，填的内容还在。请稍后再试一次；仍不行请重新打开本页。"); });
  document.addEventListener("htmx:afterRequest", function (event) {
    if (event.detail.successful) { document.querySelectorAll("[data-failed]").forEach(function (old) { old.remove(); }); }
  });
})();
