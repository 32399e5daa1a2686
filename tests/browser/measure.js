// Runs inside the report: measures the layout at this width and reports to the owner of the frame.
addEventListener("load", async () => {
  await document.fonts.ready;
  const width = location.hash.slice(1);
  const say = text => parent.postMessage(`${width}: ${text}`, "*");
  const root = document.documentElement;
  if (root.scrollWidth > root.clientWidth) {
    const wide = [...document.body.querySelectorAll("*")]
      .filter(element => element.getBoundingClientRect().right > root.clientWidth + 1)
      .slice(0, 3).map(element => `<${element.tagName.toLowerCase()}> ${element.textContent.trim().slice(0, 30)}`);
    say(`the page is ${root.scrollWidth} px wide: ${wide.join("; ").replace(/\s+/g, " ")}`);
  }
  // A phone may scroll a wide table inside its box; a desk or paper may not.
  if (Number(width) >= 800) {
    for (const box of document.querySelectorAll(".table, .chart")) {
      if (box.scrollWidth > box.clientWidth + 1) {
        say(`scrolls inside: ${box.textContent.trim().slice(0, 30)} (${box.scrollWidth} of ${box.clientWidth} px)`);
      }
    }
  }
  let texts = 0;
  for (const svg of document.querySelectorAll("svg")) {
    const view = svg.viewBox.baseVal;
    const boxes = [...svg.querySelectorAll("text")]
      .filter(text => text.textContent.trim())
      .map(text => {
        const box = text.getBBox();
        const turn = text.getAttribute("transform") ? text.getCTM() : null;
        if (!turn) return { text, box };
        const local = svg.getScreenCTM().inverse();
        const seen = text.getBoundingClientRect();
        const corner = new DOMPoint(seen.x, seen.y).matrixTransform(local);
        return { text, box: new DOMRect(corner.x, corner.y, seen.width * local.a, seen.height * local.d) };
      })
      .map(({ text, box }) => ({
        name: text.textContent.trim(), left: box.x + 0.5, right: box.x + box.width - 0.5,
        // The box of a line is taller than its letters.
        top: box.y + box.height * 0.15, bottom: box.y + box.height * 0.85,
      }));
    texts += boxes.length;
    for (const box of boxes) {
      if (box.left < -1 || box.top < -1 || box.right > view.width + 1 || box.bottom > view.height + 1) {
        say(`label leaves its chart: ${box.name}`);
      }
    }
    boxes.sort((a, b) => a.top - b.top);
    boxes.forEach((one, at) => {
      for (const other of boxes.slice(at + 1)) {
        if (other.top >= one.bottom) break;
        if (one.left < other.right && other.left < one.right) say(`labels overlap: ${one.name} / ${other.name}`);
      }
    });
  }
  say(`measured ${texts} chart labels, ${document.querySelectorAll("[data-source]").length} figures`);
});
