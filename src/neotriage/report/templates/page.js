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
  window.addEventListener("beforeprint", function () {
    document.querySelectorAll("details.candidate").forEach(function (d, i) { if (i < 10) { d.open = true; } });
  });
})();
