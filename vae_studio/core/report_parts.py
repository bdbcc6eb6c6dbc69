"""Small parts of a report: escaped texts, figures, the lines of a chart, strips of pictures.

No torch.
"""

from __future__ import annotations

import base64
import html
import math
import unicodedata
from collections.abc import Iterator
from typing import Literal

from vae_studio.core.chart import Line
from vae_studio.core.compared import ComparedRun, Images
from vae_studio.core.measures import Terms
from vae_studio.core.pictures import grid, png

_IN_A_ROW = 10  # pictures
_TILE = 112  # px of a picture, enlarged, so that a screen with fine pixels shows square ones

Part = Literal["total", "reconstruction", "kl"]  # of the loss


def escaped(text: object) -> str:
    """As text of a page or in a quoted attribute; what cannot be seen is a space."""
    unseen = ("Cc", "Cf", "Cs", "Co", "Cn")
    seen = (" " if unicodedata.category(sign) in unseen else sign for sign in str(text))
    return html.escape("".join(seen))


def figure_text(value: float, digits: int) -> str:
    if not math.isfinite(value):
        return "—"
    text = f"{value:.3g}" if abs(value) >= 1e9 else f"{value:,.{digits}f}"
    return text.replace("-", "−").replace(",", "\u202f")  # a narrow space


def curve_lines(number: int, run: ComparedRun, part: Part) -> Iterator[Line]:
    def height(terms: Terms) -> float:
        return terms.total() if part == "total" else float(getattr(terms, part))

    yield Line(number, "train", tuple((point.epoch, height(point.train)) for point in run.curve))
    yield Line(number, "test", tuple((point.epoch, height(point.test)) for point in run.curve))


def picture_strip(images: Images, alt: str) -> str:
    """A strip of pictures as an ``<img>``. alt: escaped."""
    scale = max(1, _TILE // images.shape[2])
    sheet = grid(images, columns=min(_IN_A_ROW, len(images)))
    content = base64.b64encode(png(sheet, scale)).decode()
    size = f'width="{sheet.width * scale}" height="{sheet.height * scale}"'
    return f'<img src="data:image/png;base64,{content}" {size} alt="{alt}">'
