// Keys of a claim's page: what names its key is pressed by it, once; numbers choose a paper, a picture can be turned.
(function () {
  function typing(target) { return target.closest("input:not([type=radio], [type=checkbox]), select, textarea, [contenteditable]"); }
  document.addEventListener("keydown", function (event) {
    if (event.key === "Escape") {
      document.querySelectorAll(".sticky details[open]").forEach(function (fold) { fold.open = false; });
      if (document.activeElement) { document.activeElement.blur(); }
      return;
    }
    // a key held down must not decide the next claim as well
    if (event.repeat || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) { return; }
    if (!/^[a-z0-9]$/i.test(event.key)) { return; }
    const wanted = document.querySelector('[data-key="' + event.key.toLowerCase() + '"]');
    if (!wanted) { return; }
    event.preventDefault();
    if (wanted.tagName !== "SUMMARY") { wanted.click(); return; }
    wanted.parentElement.open = true;
    const first = wanted.parentElement.querySelector("textarea, select, input:not([type=hidden])");
    if (first) { first.focus(); }
  });
  document.addEventListener("toggle", function (event) {
    if (!event.target.open || !event.target.closest(".sticky")) { return; }
    document.querySelectorAll(".sticky details[open]").forEach(function (fold) { if (fold !== event.target) { fold.open = false; } });
  }, true);
  document.addEventListener("click", function (event) {
    const button = event.target.closest("[data-turn]");
    if (!button) { return; }
    button.closest("figure").querySelectorAll("img").forEach(function (picture) {
      const turned = (Number(picture.dataset.turned || 0) + 1) % 4;
      picture.dataset.turned = String(turned);
      picture.className = turned ? "turn" + turned : "";
    });
  });
  document.addEventListener("submit", function (event) {
    const form = event.target;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "1";
    const chosen = Array.from(form.querySelectorAll("input[type=file]")).reduce(function (sum, box) { return sum + box.files.length; }, 0);
    if (form.matches("[data-upload]") && chosen) { event.preventDefault(); upload(form, event.submitter, chosen); }
  });
  // photographs take a while: the form is sent from here and says how far it is; without scripts it goes as any other
  function upload(form, button, count) {
    const place = form.querySelector(".uploading");
    const bar = place.querySelector("progress"), words = place.querySelector("span");
    const data = new FormData(form);
    if (button && button.name) { data.append(button.name, button.value); }
    const sent = new XMLHttpRequest();
    const began = Date.now();
    function failed() { delete form.dataset.sent; place.classList.add("error"); bar.hidden = true; words.textContent = "没有传完，选的文件还在。请检查网络后再按一次。"; }
    place.classList.remove("error"); place.hidden = false; bar.hidden = false; bar.value = 0;
    words.textContent = "正在上传 " + count + " 个文件……";
    place.scrollIntoView({ block: "nearest" });
    sent.upload.addEventListener("progress", function (at) {
      if (!at.lengthComputable) { return; }
      const part = at.loaded / at.total, left = Math.ceil((Date.now() - began) / 1000 * (1 - part) / part);
      bar.value = Math.round(part * 100);
      words.textContent = part < 1 ? "正在上传 " + count + " 个文件，" + bar.value + "%，大约还要 " + left + " 秒" : "传完了，正在保存……";
    });
    sent.addEventListener("error", failed);
    sent.addEventListener("load", function () {
      if (sent.status === 204) { const next = sent.getResponseHeader("X-Next"); if (next === location.pathname) { location.reload(); } else { location.assign(next); } return; }
      if (sent.status === 200) { location.assign(sent.responseURL); return; }
      if (sent.status !== 422) { failed(); return; }
      const page = new DOMParser().parseFromString(sent.responseText, "text/html");
      document.querySelector("main").replaceWith(document.adoptNode(page.querySelector("main")));
      const problems = document.getElementById("problems") || document.querySelector("main [role=alert]");
      if (problems) { problems.scrollIntoView({ block: "start" }); }
    });
    sent.open("POST", form.action);
    sent.setRequestHeader("X-Progress", "1");
    sent.send(data);
  }
  window.addEventListener("pageshow", function () {
    document.querySelectorAll("form[data-sent]").forEach(function (form) { delete form.dataset.sent; });
  });
})();
