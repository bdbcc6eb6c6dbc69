"""How a report looks: colours of the runs and the style sheet, for light, dark and paper. No torch.

The core cannot ask the window's theme, so the cycle of colours that is safe for colour-blind eyes
stands here; ``report.html`` takes another one.
"""

from __future__ import annotations

from collections.abc import Sequence

# On light, on dark. Six are Okabe and Ito's, darker on white where lines would be too pale; a
# violet and a grey join them, so that each of eight runs has its own.
RUN_COLOURS: tuple[tuple[str, str], ...] = (
    ("#0072b2", "#56b4e9"),
    ("#d55e00", "#f0782a"),
    ("#00825f", "#1fbf92"),
    ("#b0568a", "#d990b8"),
    ("#a66f00", "#e69f00"),
    ("#6a4fc9", "#a58bff"),
    ("#7a7100", "#f0e442"),
    ("#57606a", "#c4ccd6"),
)

_STYLE = """
body { margin: 0; background: var(--page); color: var(--text); line-height: 1.55;
  font: 17px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
main { max-width: 1180px; margin: 0 auto; padding: 40px 28px 56px; }
h1 { font-size: 2rem; line-height: 1.2; margin: 0 0 8px; letter-spacing: -0.01em; }
h2 { font-size: 1.35rem; margin: 0 0 12px; }
h3 { font-size: 1rem; margin: 0 0 8px; font-weight: 600; }
p { margin: 0 0 12px; max-width: 78ch; }
header p { font-size: 1.2rem; color: var(--muted); }
section { margin-top: 40px; }
.muted, .note, footer { color: var(--muted); }
.note { font-size: 0.94rem; margin: 10px 0 0; padding-left: 14px;
  border-left: 3px solid var(--line); }
.runs { list-style: none; margin: 20px 0 0; padding: 0;
  display: flex; flex-wrap: wrap; gap: 8px 24px; }
.chip { display: inline-block; min-width: 1.5em; padding: 0 0.25em; margin-right: 0.5em;
  border-radius: 0.4em; text-align: center; font-weight: 600; color: var(--page);
  background: var(--run); line-height: 1.5; }
.name { overflow-wrap: anywhere; }
.charts { display: grid; gap: 20px;
  grid-template-columns: repeat(auto-fit, minmax(min(460px, 100%), 1fr)); }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px;
  padding: 16px 18px; margin: 0; }
.card figcaption { font-weight: 600; margin-bottom: 6px; }
.card ul { list-style: none; margin: 0 0 12px; padding: 0; }
.chart { display: block; width: 100%; height: auto; }
.tick { fill: var(--muted); font-size: 14px; }
.grid { stroke: var(--line); fill: none; }
.line { fill: none; stroke: var(--run); stroke-width: 2.4; stroke-linejoin: round; }
.line.test { stroke-dasharray: 7 5; }
.dot { fill: var(--run); stroke: var(--run); stroke-width: 2; }
.dot.test { fill: var(--card); }
.end { fill: var(--run); font-size: 15px; font-weight: 700; }
.key { width: 46px; height: 12px; vertical-align: middle; margin-right: 10px; --run: var(--text); }
.strips { display: grid; grid-template-columns: minmax(120px, 230px) minmax(0, 1fr); gap: 10px 20px;
  align-items: center; }
.strips img { display: block; width: 100%; max-width: 894px; height: auto; border-radius: 4px; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: 9px 14px; text-align: right; border-bottom: 1px solid var(--line);
  vertical-align: baseline; }
th { font-weight: 600; }
thead th { vertical-align: bottom; }
th:first-child, td:first-child { text-align: left; padding-left: 0; }
.words th, .words td { text-align: left; overflow-wrap: anywhere; }
.unit { display: block; font-weight: 400; font-size: 0.82rem; color: var(--muted); }
td.figure { white-space: nowrap; }
.best { font-weight: 700; }
.value::after { content: " ★"; color: var(--star); visibility: hidden; }
.best .value::after { visibility: visible; }
.two { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(400px, 100%), 1fr));
  gap: 20px; margin-top: 24px; }
.two p { margin: 0; font-size: 0.97rem; }
details { border-top: 1px solid var(--line); padding-top: 14px; }
summary { cursor: pointer; font-weight: 600; font-size: 1.1rem; }
details table { margin-top: 12px; font-size: 0.92rem; }
details th, details td { padding: 4px 14px; }
footer { margin-top: 48px; font-size: 0.9rem; }
footer p { margin: 0 0 4px; max-width: none; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
@media (max-width: 640px) { .strips { grid-template-columns: 1fr; gap: 4px; } }
@media print {
  @page { margin: 14mm; }
  body { font-size: 11pt; }
  main { max-width: none; padding: 0; }
  section { margin-top: 24px; }
  .card, .strips > *, tr { break-inside: avoid; }
  h2, h3 { break-after: avoid; }
  .charts { grid-template-columns: 1fr 1fr; gap: 12px; }
  .chip, .strips img { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  .scroll { overflow: visible; }
  th, td { padding: 5px 7px; font-size: 9.5pt; }
  details::details-content { content-visibility: visible; display: block; }
}
"""

_LIGHT = (
    "--page: #ffffff; --card: #fafbfc; --line: #d3d8e0; --text: #1c2128; --muted: #57606a; "
    "--star: #a66f00;"
)
_DARK = (
    "--page: #14161a; --card: #1b1e24; --line: #333a45; --text: #e4e7ec; --muted: #9aa4b2; "
    "--star: #e69f00;"
)


def style_sheet(colours: Sequence[tuple[str, str]] = RUN_COLOURS) -> str:
    """CSS. colours: of each run, on light and on dark; they start again where there are too few."""
    scheme = "\n".join(
        (
            f":root {{ color-scheme: light dark; {_LIGHT} {_variables(colours, 0)} }}",
            f"@media screen and (prefers-color-scheme: dark) {{ :root {{ {_DARK} "
            f"{_variables(colours, 1)} }} }}",
        )
    )
    runs = "\n".join(f".run-{n} {{ --run: var(--colour-{n}); }}" for n in range(len(RUN_COLOURS)))
    return f"{scheme}\n{_STYLE}{runs}\n"


def _variables(colours: Sequence[tuple[str, str]], scheme: int) -> str:
    count = len(RUN_COLOURS)
    return " ".join(f"--colour-{n}: {colours[n % len(colours)][scheme]};" for n in range(count))
