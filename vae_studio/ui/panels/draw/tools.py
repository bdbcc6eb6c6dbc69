"""What the pen does: each tool is a way from strokes to strokes."""

from __future__ import annotations

from enum import Enum

from vae_studio.session.strokes import (
    Colour,
    Point,
    Stroke,
    Strokes,
    erased,
    extended,
    without_touched,
)


class Tool(Enum):
    """The tool in the hand."""

    PEN = "pen"
    ERASER = "eraser"
    STROKE_ERASER = "stroke eraser"
    MOVE = "move"

    @property
    def has_width(self) -> bool:
        """Whether it is as wide as the pen."""
        return self is not Tool.MOVE

    def adds(self, on_picture: bool) -> bool:
        """Whether it makes strokes longer. on_picture: there is one below the strokes, and the
        eraser rubs that out, too, by strokes of its own."""
        return self is Tool.PEN or (self is Tool.ERASER and on_picture)


def begun(
    tool: Tool,
    strokes: Strokes,
    point: Point,
    width: float,
    on_picture: bool,
    colour: Colour | None = None,
) -> Strokes:
    """The drawing once pen or eraser has come down. colour: of the pen, as of ``Stroke``."""
    if tool is Tool.PEN:
        return (*strokes, Stroke((point,), width, colour=colour))
    if tool.adds(on_picture):
        return (*strokes, Stroke((point,), width, erases=True))
    return continued(tool, strokes, point, point, width, on_picture)


def continued(
    tool: Tool, strokes: Strokes, last: Point, point: Point, width: float, on_picture: bool
) -> Strokes:
    """The drawing once the hand has gone on from ``last`` to ``point``."""
    if tool.adds(on_picture):
        return extended(strokes, point) if strokes else strokes  # undo may have taken it
    if tool is Tool.ERASER:
        return erased(strokes, last, point, width / 2)
    return without_touched(strokes, last, point, width / 2)
