#pragma once

namespace outrigger::server {

// The home page's style sheet. No fonts, no pictures: the page comes whole, from this process only.
inline constexpr char kHomeStyle[] = R"css(
:root { color-scheme: light dark; --ink: #1d2329; --quiet: #667079; --paper: #fff; --line: #dde2e7;
  --good: #1a7f4b; --bad: #b3261e; --band: #f4f6f8; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e8ec; --quiet: #98a2ab; --paper: #14181c;
  --line: #2c333a; --good: #5fd39a; --bad: #ff8a80; --band: #1c2127; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
header { display: flex; align-items: baseline; gap: 1rem; }
h1 { font-size: 1.6rem; margin: 0; }
h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
dl { display: flex; flex-wrap: wrap; gap: .5rem 2rem; margin: 1rem 0; }
dt { color: var(--quiet); font-size: .85rem; }
dd { margin: 0; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .3rem .75rem .3rem 0;
  border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
th { color: var(--quiet); font-weight: normal; font-size: .85rem; }
.n { text-align: right; font-variant-numeric: tabular-nums; }
.good { color: var(--good); } .bad { color: var(--bad); } .quiet { color: var(--quiet); }
pre { white-space: pre-wrap; background: var(--band); padding: .5rem .75rem; margin: .25rem 0;
  border-left: 3px solid var(--bad); }
summary { cursor: pointer; padding: .25rem 0; }
details table { margin: .25rem 0 .75rem 1rem; width: calc(100% - 1rem); }
a { color: inherit; } button { font: inherit; margin: .25rem 0; }
)css";

}  // namespace outrigger::server
