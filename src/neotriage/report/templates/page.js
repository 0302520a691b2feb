(function () {
  "use strict";
  var day = 86400000;
  var clock = document.getElementById("elapsed");
  if (clock && clock.dataset.received) {
    var received = new Date(clock.dataset.received);
    var since = Date.now() - received.getTime();
    if (since >= 0) {
      var days = Math.floor(since / day), hours = Math.floor((since % day) / 3600000);
      clock.textContent = days + " d " + hours + " h since received" +
        (since > 14 * day ? ", past the 14-day mark" : since > 7 * day ? ", past the 7-day mark" : "");
    }
  }
  function parsed(id) { return JSON.parse(document.getElementById(id).textContent); }
  function loadViewer() {
    if (window.igv) { return; }
    var script = document.createElement("script");
    script.textContent = document.getElementById("viewer-source").textContent;
    document.head.appendChild(script);
  }
  document.addEventListener("click", function (event) {
    var button = event.target.closest("button.show-reads");
    if (!button) { return; }
    var place = button.parentElement.nextElementSibling;
    button.disabled = true;
    button.textContent = "Opening the reads …";
    loadViewer();
    var embedded = parsed("tracks");
    igv.createBrowser(place, {
      locus: button.dataset.locus, loadDefaultGenomes: false, showNavigation: true, showIdeogram: false,
      reference: { id: "reference", name: "reference", fastaURL: embedded.fasta, indexed: false },
      tracks: embedded.tracks.map(function (t) {
        return { name: t.name, type: "alignment", format: "bam", url: t.data, indexed: false, height: 220, displayMode: "SQUISHED", showSoftClips: true };
      })
    }).then(function () { button.textContent = "The reads are shown below"; }, function (error) {
      button.disabled = false;
      button.textContent = "The reads could not be opened: " + error;
    });
  });
  document.addEventListener("toggle", function (event) {
    var late = event.target.querySelector(":scope > script.late");
    if (late) { late.outerHTML = late.textContent; }
  }, true);
  var list = document.getElementById("candidates");
  var filter = document.getElementById("filter");
  if (filter) {
    filter.addEventListener("input", function () {
      var wanted = filter.value.trim().toLowerCase(), shown = 0;
      Array.from(list.children).forEach(function (c) {
        c.hidden = wanted !== "" && c.textContent.toLowerCase().indexOf(wanted) < 0;
        shown += c.hidden ? 0 : 1;
      });
      document.getElementById("filtered").textContent = wanted === "" ? "" : shown + " of " + list.children.length + " shown";
    });
  }
  var soon = { hours: 0, days: 1, weeks: 2, "": 3 };
  var downwards = { points: true, probability: true };
  var keys = {
    rank: function (c) { return Number(c.dataset.rank); },
    points: function (c) { return Number(c.dataset.points); },
    probability: function (c) { return Number(c.dataset.probability); },
    urgency: function (c) { return soon[c.dataset.urgency]; }
  };
  var headings = Array.from(document.querySelectorAll("button.sort"));
  headings.forEach(function (button) {
    button.addEventListener("click", function () {
      var name = button.dataset.key, key = keys[name] || function (c) { return c.dataset[name]; };
      var again = button.getAttribute("aria-pressed") === "true" && button.dataset.turned !== "true";
      var sign = (downwards[name] ? -1 : 1) * (again ? -1 : 1);
      headings.forEach(function (b) { b.setAttribute("aria-pressed", b === button); b.dataset.turned = b === button && again; });
      Array.from(list.children).sort(function (a, b) {
        var x = key(a), y = key(b);
        return x < y ? -sign : x > y ? sign : a.dataset.rank - b.dataset.rank;
      }).forEach(function (c) { list.appendChild(c); });
    });
  });
  var fates = null;
  var asked = document.getElementById("whynot"), reply = document.getElementById("whynot-answer");
  function answer() {
    var question = asked.value.trim(), lines, verdict;
    reply.textContent = "";
    if (question === "") { return; }
    fates = fates || parsed("whynot-data");
    if (Object.prototype.hasOwnProperty.call(fates.names, question)) { question = fates.names[question]; }
    var site = question.replace(/[:>]/g, "-").toUpperCase();
    lines = fates.rows.filter(function (r) { return r[0].toUpperCase() === question.toUpperCase() || r[1].toUpperCase() === site; });
    if (fates.not_looked_at.indexOf(question) >= 0) {
      verdict = "on a panel, but not in the gene models: not looked at";
    } else if (lines.length) {
      verdict = lines.length + (lines.length > 1 ? " entries" : " entry");
    } else if (fates.symbols.indexOf(question) >= 0) {
      verdict = fates.left_out ? "no entry near an exon; the index beside this file holds the rest" : "looked at: no variant was called in it";
    } else if (/:[cgmnp]\./.test(question)) {
      verdict = "no candidate of this report has that name; neotriage whynot finds the site of any HGVS name";
    } else {
      verdict = "not in the ledger: not a gene of the panels applied, or no such allele was called in them";
    }
    var head = document.createElement("p");
    head.textContent = question + ": " + verdict;
    reply.appendChild(head);
    if (fates.coverage[question]) {
      var covered = document.createElement("p");
      covered.textContent = "Coverage: " + fates.coverage[question];
      reply.appendChild(covered);
    }
    var items = document.createElement("ul");
    lines.forEach(function (r) { var li = document.createElement("li"); li.textContent = r[2]; items.appendChild(li); });
    reply.appendChild(items);
  }
  document.getElementById("ask").addEventListener("click", answer);
  asked.addEventListener("keydown", function (e) { if (e.key === "Enter") { answer(); } });
  document.querySelectorAll("a.jump").forEach(function (a) {
    a.addEventListener("click", function () { document.querySelector(a.getAttribute("href")).open = true; });
  });
  window.addEventListener("beforeprint", function () {
    document.querySelectorAll("details.candidate").forEach(function (d, i) {
      if (i < 10) { d.open = true; }
      if (i === 0) { d.querySelectorAll("details").forEach(function (inner) { inner.open = true; }); }
    });
    document.querySelectorAll("details.whole").forEach(function (d) { d.open = true; });
  });
})();
