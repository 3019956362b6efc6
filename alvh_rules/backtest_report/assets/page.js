"use strict";
// Draws the charts of the page's data in the colours of its style, and again when these change. A
// narrowed span of dates is that of every chart over sessions.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const coarse = matchMedia("(pointer: coarse)").matches;
  const place = (figure) => document.getElementById("chart-" + figure.name);

  // Names of colours in place of colours: in keys that hold colours alone, since other texts are the user's.
  const coloured = (value, style) => {
    if (value === null || Array.isArray(value) || typeof value !== "object") return value;
    const made = {};
    for (const [key, item] of Object.entries(value)) {
      const named = key.endsWith("color") && typeof item === "string" && item.startsWith("--");
      made[key] = named ? style.getPropertyValue(item).trim() : coloured(item, style);
    }
    return made;
  };

  const drawn = (figure) => {
    const style = getComputedStyle(root);
    const colour = (name) => style.getPropertyValue(name).trim();
    const axis = { gridcolor: colour("--grid"), linecolor: colour("--rule"), zerolinecolor: colour("--rule"), automargin: true };
    const sessions = figure.rows !== null;
    const dates = sessions ? figure.rows.map((row) => data.dates[row]) : null;
    const traces = figure.traces.map((trace) => {
      const made = coloured(trace, style);
      if ("customdata" in made) made.customdata = made.customdata.map((at) => figure.texts[at]);
      return "x" in made ? made : { ...made, x: dates };
    });
    const layout = {
      autosize: true,
      height: figure.height,
      margin: { l: 8, r: 8, t: 30, b: 8 },
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      font: { family: getComputedStyle(document.body).fontFamily, size: 12, color: colour("--soft") },
      hoverlabel: { bgcolor: colour("--card"), bordercolor: colour("--rule"), font: { color: colour("--ink"), size: 12 }, align: "left", namelength: -1 },
      modebar: { bgcolor: "rgba(0,0,0,0)", color: colour("--muted"), activecolor: colour("--ink") },
      hovermode: "x unified",
      dragmode: coarse ? false : "zoom",
      legend: { orientation: "h", x: 0, y: 1.02, yanchor: "bottom", xanchor: "left" },
      showlegend: traces.length > 1,
      ...figure.layout,
    };
    layout.xaxis = { ...axis, ...(sessions ? { type: "date", hoverformat: "%Y-%m-%d", range: [data.dates[0], data.dates.at(-1)] } : {}), ...figure.layout.xaxis };
    for (const name of Object.keys(figure.layout).filter((key) => key.startsWith("yaxis"))) {
      layout[name] = { ...axis, ...figure.layout[name] };
    }
    if (!("yaxis" in figure.layout)) layout.yaxis = axis;
    // The dates stand under the lowest panel.
    const panels = Object.keys(layout).filter((key) => key.startsWith("yaxis"));
    const low = panels.reduce((one, other) => ((layout[other].domain || [0])[0] < (layout[one].domain || [0])[0] ? other : one));
    layout.xaxis.anchor = low.replace("axis", "");
    const config = { displaylogo: false, responsive: true, displayModeBar: coarse ? false : "hover", modeBarButtons: [["toImage", "zoom2d", "pan2d", "zoomIn2d", "zoomOut2d", "resetScale2d"]], toImageButtonOptions: { filename: figure.name } };
    return [traces, layout, config];
  };

  const linked = data.figures.filter((figure) => figure.rows !== null);
  let following = false;
  const follow = (source) => async (change) => {
    const range = change["xaxis.range"] || (change["xaxis.range[0]"] && [change["xaxis.range[0]"], change["xaxis.range[1]"]]);
    if (following || !range) return;
    following = true;
    try {
      for (const figure of linked.filter((other) => other !== source)) {
        await Plotly.relayout(place(figure), { "xaxis.range": [...range] });
      }
    } finally {
      following = false;
    }
  };

  const draw = () => Promise.all(data.figures.map((figure) => Plotly.react(place(figure), ...drawn(figure))));
  draw().then(() => {
    for (const figure of linked) place(figure).on("plotly_relayout", follow(figure));
    root.dataset.drawn = "yes";
  });

  const button = document.getElementById("theme");
  button.hidden = false;
  button.addEventListener("click", () => {
    const now = root.dataset.theme || (dark.matches ? "dark" : "light");
    root.dataset.theme = now === "dark" ? "light" : "dark";
    draw();
  });
  dark.addEventListener("change", draw);

  // Paper is light.
  let theme;
  addEventListener("beforeprint", () => {
    theme = root.dataset.theme;
    root.dataset.theme = "light";
    draw();
  });
  addEventListener("afterprint", () => {
    if (theme) root.dataset.theme = theme;
    else delete root.dataset.theme;
    draw();
  });
})();
