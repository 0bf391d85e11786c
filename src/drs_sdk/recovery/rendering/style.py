"""The style sheet of the HTML report: light and dark, on a phone, on paper."""

STYLE = """
:root {
  color-scheme: light dark;
  --page: #ffffff; --ink: #1c2330; --quiet: #5b6575; --line: #d9dee6; --head: #f3f5f8;
  --good: #1a7f4b; --bad: #c62f3b; --open: #5a7fb8; --lost: #a26a00;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --page: #14181f; --ink: #e6eaf0; --quiet: #9aa5b5; --line: #313a47; --head: #1d232d;
    --good: #4cc38a; --bad: #ff7480; --open: #82aaff; --lost: #e3b341;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 1.5rem 1rem 4rem; max-width: 75rem;
  background: var(--page); color: var(--ink);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
  overflow-wrap: anywhere;
}
h1 { margin: 0 0 .25rem; font-size: 1.6rem; line-height: 1.25; }
h2 { margin: 2.25rem 0 .5rem; font-size: 1.15rem; }
.verdict { margin: 0 0 1rem; padding-left: .75rem; border-left: .3rem solid; font-weight: 600; }
.good { color: var(--good); } .bad { color: var(--bad); } .open { color: var(--open); }
dl { display: flex; flex-wrap: wrap; gap: .5rem 2rem; margin: 0; }
dt { color: var(--quiet); font-size: .85rem; }
dd { margin: 0; font-variant-numeric: tabular-nums; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th, td {
  padding: .35rem .6rem; text-align: left; vertical-align: top;
  border-bottom: 1px solid var(--line); font-variant-numeric: tabular-nums;
  overflow-wrap: normal;
}
th { background: var(--head); color: var(--quiet); font-weight: 600; white-space: nowrap; }
td.short { white-space: nowrap; }
tr.bad td:first-child { box-shadow: inset .25rem 0 var(--bad); }
tr.bad td.state, tr.good td.state, tr.open td.state { color: inherit; font-weight: 600; }
tr.good, tr.bad, tr.open { color: inherit; }
tr.bad td.state { color: var(--bad); } tr.good td.state { color: var(--good); }
td.note { min-width: 14rem; color: var(--quiet); }
ul { margin: 0; padding-left: 1.25rem; } li { margin: .3rem 0; }
svg.timeline { display: block; width: 100%; min-width: 46rem; height: auto; font-size: 12px; }
svg text { fill: var(--ink); paint-order: stroke; stroke: var(--page); stroke-width: 3px; }
svg text.wave { stroke: none; } svg text.quiet, svg text.scale { fill: var(--quiet); }
svg text.wave { font-weight: 600; font-size: 13px; } svg .failed { fill: var(--bad); }
svg line.tick, svg line.rule { stroke: var(--line); }
svg rect.good { fill: var(--good); } svg rect.bad { fill: var(--bad); }
svg rect.open { fill: var(--open); } svg rect.span { opacity: .45; }
svg rect.going { fill-opacity: .35; stroke: var(--open); stroke-dasharray: 4 3; }
svg rect.lost, svg text.lost { fill: var(--lost); }
svg line.objective { stroke: var(--ink); stroke-width: 1.5; stroke-dasharray: 5 3; }
svg line.missed { stroke: var(--bad); } svg text.objective { font-size: 11px; }
svg text.missed { fill: var(--bad); }
.key { color: var(--quiet); font-size: .85rem; }
@media (max-width: 40rem) {
  body { padding-top: 1rem; } h1 { font-size: 1.3rem; }
  th, td { padding: .3rem .45rem; }
}
@media print {
  @page { size: landscape; margin: 1.2cm; }
  body { max-width: none; padding: 0; font-size: 9pt; }
  .wide { overflow: visible; } svg.timeline { min-width: 0; }
  table { font-size: 7pt; } td.short, th { white-space: normal; overflow-wrap: anywhere; }
  td.note { min-width: 0; } thead { display: table-header-group; }
  tr, svg { break-inside: avoid; } h2 { break-after: avoid; }
  rect, tr { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
"""
