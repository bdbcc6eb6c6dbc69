"""A comparison as one HTML file that loads nothing: style, curves, pictures are inside. No torch.

There is no script in it, and all that comes from runs is escaped: their names are strangers'.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from vae_studio import __version__
from vae_studio.core.chart import line_chart
from vae_studio.core.compared import COLUMNS, Column, ComparedRun, Comparison
from vae_studio.core.durable import write_bytes
from vae_studio.core.errors import CheckpointError
from vae_studio.core.report_figures import FigureTexts
from vae_studio.core.report_parts import Part, curve_lines, escaped, figure_text, picture_strip
from vae_studio.core.report_style import RUN_COLOURS, style_sheet
from vae_studio.core.report_words import WORDS
from vae_studio.core.spec import Likelihood

# Beside the style sheet and its own pictures, a browser would load nothing even if it were asked.
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
_TELLING = (  # what a reader asks first; all else is under “All settings”
    "dataset", "train_size", "epochs", "batch_size", "learning_rate", "beta", "seed",
    "latent_dim", "hidden", "likelihood",
)  # fmt: skip


def html(
    comparison: Comparison,
    words: Mapping[str, str] = WORDS,
    colours: Sequence[tuple[str, str]] = RUN_COLOURS,
    today: date | None = None,
) -> str:
    """The page. words: translations of ``WORDS``, all or some. colours: of the runs, each on light
    and on dark."""
    return _Page(comparison, words).whole(colours, today or date.today())


def save_report(path: Path, page: str) -> None:
    """Write a page whole or not at all, over what was there. Raises ``CheckpointError``."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(path, page.encode(errors="replace"))  # an argument may be no text
    except (OSError, ValueError) as error:
        raise _cannot_write(path, error) from error


def check_place(path: Path) -> None:
    """Raise ``CheckpointError`` where ``save_report`` would: before a training, not after it."""
    try:
        if path.is_dir():
            raise IsADirectoryError(21, "it is a folder", str(path))
        path.parent.mkdir(parents=True, exist_ok=True)
        trial = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        trial.open("xb").close()
        trial.unlink()
    except (OSError, ValueError) as error:
        raise _cannot_write(path, error) from error


def _cannot_write(path: Path, error: Exception) -> CheckpointError:
    reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
    return CheckpointError("checkpoint.write", path=str(path), reason=reason)


class _Page:
    """Builds the page. All methods but ``_say`` return markup."""

    def __init__(self, comparison: Comparison, words: Mapping[str, str]) -> None:
        self._comparison = comparison
        self._runs = comparison.runs
        self._words = {**WORDS, **words}
        self._texts = FigureTexts(comparison, self._say)

    def whole(self, colours: Sequence[tuple[str, str]], today: date) -> str:
        title = self._comparison.title or self._say("title", count=len(self._runs))
        question = self._comparison.question
        body = "\n".join(
            (
                f"<header><h1>{escaped(title)}</h1>",
                f"<p>{escaped(question)}</p>" if question else "",
                f'<ul class="runs">{self._chips()}</ul></header>',
                self._section("differs", self._settings_that_differ(), "runs"),
                self._section("curves", self._curves(), "curves"),
                self._section("reconstructions", self._reconstructions(), "reconstructions"),
                self._section("samples", self._samples(), "samples"),
                self._section("figures", self._figures(), "figures"),
                self._beside_the_figures(),
                self._all_settings(),
                self._footer(today),
            )
        )
        return (
            f'<!DOCTYPE html>\n<html lang="{escaped(self._say("lang"))}">\n<head>\n'
            '<meta charset="utf-8">\n'
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            f"<title>{escaped(title)}</title>\n<style>{style_sheet(colours)}</style>\n"
            f"</head>\n<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
        )

    def _say(self, key: str, **values: object) -> str:
        """Plain text, not escaped yet."""
        return self._words[key].format(**values) if values else self._words[key]

    def _text(self, key: str, **values: object) -> str:
        return escaped(self._say(key, **values))

    def _section(self, name: str, content: str, notes_about: str) -> str:
        notes = "".join(
            f'<p class="note">{self._text(f"note.{note.code}", **note.params)}</p>'
            for note in self._comparison.notes
            if note.about == notes_about
        )
        return f"<section><h2>{self._text(name)}</h2>{content}{notes}</section>"

    def _name(self, number: int, run: ComparedRun) -> str:
        """A run's number in its colour, and what it is called."""
        return (
            f'<span class="chip run-{number}">{number + 1}</span>'
            f'<bdi class="name">{escaped(run.label)}</bdi>'
        )

    def _chips(self) -> str:
        return "".join(f"<li>{self._name(*item)}</li>" for item in enumerate(self._runs))

    def _field(self, name: str) -> str:
        return escaped(self._words.get(f"field.{name}") or self._texts.field(name))

    def _value(self, name: str, value: Any) -> str:
        return escaped(self._texts.value(name, value))

    def _settings_that_differ(self) -> str:
        found = self._comparison.differences
        table = f"<p>{self._text('differs.nothing')}</p>"
        if found:
            rows = [(self._field(each.field), each.field, each.values) for each in found]
            table = self._table(rows)
        differing = {each.field for each in found}
        first = self._runs[0]
        held = " · ".join(
            f"{self._field(name)}: {self._value(name, getattr(record, name))}"
            for name in _TELLING
            for record in (first.spec, first.config)
            if hasattr(record, name) and name not in differing
        )
        return (
            f'{table}<p class="note"><strong>{self._text("same")}:</strong> {held}. '
            f"{self._text('same.rest')}</p>"
        )

    def _table(self, rows: Sequence[tuple[str, str, Sequence[Any]]]) -> str:
        """label, field and values of each row; a column for each run."""
        head = "".join(
            f'<th scope="col">{self._name(*item)}</th>' for item in enumerate(self._runs)
        )
        lines = "".join(
            f'<tr><th scope="row">{label}</th>'
            + "".join(f"<td>{self._value(field, value)}</td>" for value in values)
            + "</tr>"
            for label, field, values in rows
        )
        return (
            f'<div class="scroll"><table class="words"><thead><tr><th scope="col">'
            f"{self._text('setting')}</th>{head}</tr></thead><tbody>{lines}</tbody></table></div>"
        )

    def _curves(self) -> str:
        charts = [chart for chart in self._charts() if chart]
        if not charts:
            return f"<p>{self._text('curves.none')}</p>"
        return f'<div class="charts">{"".join(charts)}{self._legend()}</div>'

    def _charts(self) -> Iterator[str]:
        """Where the units differ, each likelihood has axes of its own; KL is in nats for all."""
        kinds: list[Likelihood] = sorted({run.spec.likelihood for run in self._runs})
        for part in ("total", "reconstruction"):
            for kind in kinds:
                unit = "unit.mse.total" if (part, kind) == ("total", "mse") else f"unit.{kind}"
                yield self._chart("total" if part == "total" else "reconstruction", unit, kind)
        yield self._chart("kl", "unit.kl", None)

    def _chart(self, part: Part, unit: str, kind: Likelihood | None) -> str:
        name = self._say("curve.in", name=self._say(f"curve.{part}"), unit=self._say(unit))
        drawing = line_chart(
            [
                line
                for number, run in enumerate(self._runs)
                if kind in (None, run.spec.likelihood)
                for line in curve_lines(number, run, part)
            ],
            name,
            self._say("epoch"),
        )
        caption = f"<figcaption>{escaped(name)}</figcaption>"
        return f'<figure class="card">{caption}{drawing}</figure>' if drawing else ""

    def _legend(self) -> str:
        keys = "".join(
            f'<li><svg class="key" viewBox="0 0 46 12" aria-hidden="true">'
            f'<polyline class="line {kind}" points="1,6 45,6"/></svg>'
            f"{self._text(f'curves.{kind}')}</li>"
            for kind in ("train", "test")
        )
        apart = "" if self._comparison.comparable_loss else self._text("curves.apart")
        return (
            f'<div class="card"><h3>{self._text("curves.legend")}</h3><ul>{self._chips()}</ul>'
            f'<ul>{keys}</ul><p class="muted">{apart}</p></div>'
        )

    def _reconstructions(self) -> str:
        text = self._text("reconstructions.text", count=len(self._comparison.originals))
        classes = self._comparison.class_list
        said = f": {escaped(classes)}" if classes else ""
        if self._comparison.classes_need_saying:
            text += f" {self._text('reconstructions.classes', names=classes)}"
        rows = [f"<div>{self._text('original')}</div>"]
        rows.append(picture_strip(self._comparison.originals, f"{self._text('original')}{said}"))
        for number, run in enumerate(self._runs):
            rows.append(f"<div>{self._name(number, run)}</div>")
            rows.append(picture_strip(run.reconstructions, f"{escaped(run.label)}{said}"))
        return f'<p>{text}</p><div class="strips">{"".join(rows)}</div>'

    def _samples(self) -> str:
        rows = []
        for number, run in enumerate(self._runs):
            rows.append(f"<div>{self._name(number, run)}</div>")
            alt = f"{escaped(run.label)}: {self._text('samples')}"
            rows.append(picture_strip(run.samples, alt))
        return f'<p>{self._text("samples.text")}</p><div class="strips">{"".join(rows)}</div>'

    def _figures(self) -> str:
        best = self._comparison.best
        head = "".join(
            f'<th scope="col">{self._text(f"column.{column.name}")}'
            f'<span class="unit">{escaped(self._texts.unit(column))}</span></th>'
            for column in COLUMNS
        )
        lines = []
        for number, run in enumerate(self._runs):
            cells = [f'<th scope="row">{self._name(number, run)}</th>']
            for column in COLUMNS:
                is_best = number in (best[column.name] or ())
                text = self._cell(run, column)
                unseen = f'<span class="unseen"> {self._text("best")}</span>' if is_best else ""
                kind = "figure best" if is_best else "figure"
                cells.append(f'<td class="{kind}">{text}{unseen}</td>')
            lines.append(f"<tr>{''.join(cells)}</tr>")
        text = self._text("figures.text", count=figure_text(self._comparison.test_images, 0))
        return (
            f'<p>{text}</p><div class="scroll"><table><thead><tr><th scope="col">'
            f"{self._text('model')}</th>{head}</tr></thead>"
            f"<tbody>{''.join(lines)}</tbody></table></div>"
        )

    def _cell(self, run: ComparedRun, column: Column) -> str:
        """A number has a span, so that the star is put behind it, with room where there is none."""
        text, unit = (escaped(part) for part in self._texts.figure(run, column))
        if column.name == "active_units":
            return text
        shown = f'<span class="value">{text}</span>'
        return f'{shown}<span class="unit">{unit}</span>' if unit else shown

    def _beside_the_figures(self) -> str:
        cards = "".join(
            f'<div class="card"><h3>{self._text(name)}</h3>'
            f"<p>{self._text(f'{name}.text')}</p></div>"
            for name in ("eye", "chance")
        )
        return f'<div class="two">{cards}</div>'

    def _all_settings(self) -> str:
        rows: list[tuple[str, str, Sequence[Any]]] = [
            (self._text("settings.folder"), "", [run.path.name for run in self._runs]),
            (self._text("settings.variant"), "", [run.variant or None for run in self._runs]),
        ]
        for records in ([run.spec for run in self._runs], [run.config for run in self._runs]):
            for name in records[0].to_dict():
                values = [getattr(record, name) for record in records]
                rows.append((self._field(name), name, values))
        return (
            f"<section><details><summary>{self._text('settings')}</summary>"
            f"{self._table(rows)}</details></section>"
        )

    def _footer(self, today: date) -> str:
        data = self._text(
            "data",
            dataset=self._comparison.dataset,
            source=self._comparison.source,
            licence=self._comparison.licence,
        )
        made = self._text("made", version=__version__, date=today.isoformat())
        return f"<footer><p>{made}</p><p>{data}</p></footer>"
