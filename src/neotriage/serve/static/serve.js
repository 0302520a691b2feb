// In-page filter of the worklist: what is typed goes nowhere.
"use strict";
const place = document.getElementById("filter-place");
const input = document.getElementById("filter");
const status = document.getElementById("filtered");
const rows = [...document.querySelectorAll("main tbody tr")];
place.hidden = rows.length === 0;
input.addEventListener("input", () => {
  const wanted = input.value.trim().toLowerCase();
  for (const row of rows) row.hidden = !row.textContent.toLowerCase().includes(wanted);
  const shown = rows.filter((row) => !row.hidden).length;
  status.textContent = wanted ? `${shown} of ${rows.length} lines shown` : "";
});
