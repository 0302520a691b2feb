(function () {
  "use strict";
  var day = 86400000;
  var clock = document.getElementById("elapsed");
  if (clock && clock.dataset.received) {
    var received = new Date(clock.dataset.received);
    var since = Date.now() - received.getTime();
    if (since >= 0) {
      var days = Math.floor(since / day), hours = Math.floor((since % day) / 3600000);
      clock.textContent = days + " days " + hours + " hours since received, as you read this" +
        (since > 14 * day ? " (past the 14-day mark)" : since > 7 * day ? " (past the 7-day mark)" : "");
    }
  }
  var held = document.getElementById("tracks");
  var embedded = held ? JSON.parse(held.textContent) : null;
  document.querySelectorAll("button.show-reads").forEach(function (button) {
    button.addEventListener("click", function () {
      var place = button.parentElement.nextElementSibling;
      button.disabled = true;
      button.textContent = "Opening the reads …";
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
  });
  window.addEventListener("beforeprint", function () {
    document.querySelectorAll("details.candidate").forEach(function (d, i) { if (i < 10) { d.open = true; } });
  });
})();
