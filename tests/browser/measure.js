// Runs inside the report: measures the layout at this width and reports to the owner of the frame.

// Boxes of a chart's texts, in the chart's own units.
function labels(svg) {
  return [...svg.querySelectorAll("text")]
    .filter(text => text.textContent.trim())
    .map(text => {
      const box = text.getBBox();
      return {
        name: text.textContent.trim(),
        left: box.x + 0.5,
        right: box.x + box.width - 0.5,
        // The box of a line is taller than its letters.
        top: box.y + box.height * 0.15,
        bottom: box.y + box.height * 0.85,
      };
    });
}

function checkChart(svg, say) {
  const view = svg.viewBox.baseVal;
  const boxes = labels(svg).sort((one, other) => one.top - other.top);
  boxes.forEach((one, at) => {
    const inside = one.left >= -1 && one.top >= -1
      && one.right <= view.width + 1 && one.bottom <= view.height + 1;
    if (!inside) say(`label leaves its chart: ${one.name}`);
    for (const other of boxes.slice(at + 1)) {
      if (other.top >= one.bottom) break;
      if (one.left < other.right && other.left < one.right) {
        say(`labels overlap: ${one.name} / ${other.name}`);
      }
    }
  });
  return boxes.length;
}

function checkWidth(width, say) {
  const root = document.documentElement;
  const start = element => element.textContent.trim().replace(/\s+/g, " ").slice(0, 30);
  if (root.scrollWidth > root.clientWidth) {
    const wide = [...document.body.querySelectorAll("*")]
      .filter(element => element.getBoundingClientRect().right > root.clientWidth + 1)
      .slice(0, 3)
      .map(element => `<${element.tagName.toLowerCase()}> ${start(element)}`);
    say(`the page is ${root.scrollWidth} px wide: ${wide.join("; ")}`);
  }
  // A phone may scroll a wide table inside its box; a desk may not.
  if (width < 800) return;
  for (const box of document.querySelectorAll(".table, .chart")) {
    if (box.scrollWidth > box.clientWidth + 1) {
      say(`scrolls inside: ${start(box)} (${box.scrollWidth} of ${box.clientWidth} px)`);
    }
  }
}

addEventListener("load", async () => {
  await document.fonts.ready;
  const width = Number(location.hash.slice(1));
  const say = text => parent.postMessage(`${width}: ${text}`, "*");
  checkWidth(width, say);
  const charts = [...document.querySelectorAll("svg")];
  const texts = charts.reduce((sum, svg) => sum + checkChart(svg, say), 0);
  const figures = document.querySelectorAll("[data-source]").length;
  say(`measured ${texts} chart labels, ${figures} figures`);
});
