"""``Likenesses``: is the input like the images that the model was trained for?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QObject, Signal, Slot

from vae_studio.core.likeness import Likeness, Norm, likeness
from vae_studio.core.surveyed import Survey
from vae_studio.session.drawing_jobs import NormRequest, NormResult
from vae_studio.session.requests import EncodeResult
from vae_studio.ui.drawing_words import data_title, of_digits
from vae_studio.workers.job_thread import JobThread

if TYPE_CHECKING:
    from vae_studio.core.snapshot import Snapshot
    from vae_studio.ui.store import Store


class Likenesses(QObject):
    """Compares with the test images, once these were surveyed for the weights on show.

    Signal: ``changed()``: it can be said now, or no longer.
    """

    changed = Signal()

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self._store = store
        self._norm: Norm | None = None
        self._of: Survey | None = None
        self._asked: NormRequest | None = None
        self._thread = JobThread("likeness", self)
        self._thread.done.connect(self._take)
        store.atlas.surveyed.connect(self._ask)

    def want(self) -> None:
        """Somebody looks."""
        self._store.atlas.want()
        self._ask()

    def of(self, code: EncodeResult) -> Likeness | None:
        """How an input compares; None while that is not known for its weights."""
        snapshot = code.request.snapshot
        if self._norm is None or self._of is None or self._of.snapshot != snapshot.id:
            return None
        return likeness(self._norm, code.image, code.terms.total())

    def shutdown(self) -> None:
        """Give up what runs, and end."""
        self._thread.stop()
        self._thread.wait()

    @Slot()
    def _ask(self) -> None:
        survey = self._store.atlas.survey
        known = self._asked.survey if self._asked is not None else self._of
        if survey is not None and survey is not known:
            self._asked = NormRequest(survey, self._store.sheet.paper)
            self._thread.ask(self._asked)

    @Slot(object)
    def _take(self, result: NormResult) -> None:
        if result.request is self._asked:
            self._asked, self._norm, self._of = None, result.norm, result.request.survey
            self.changed.emit()


def likeness_text(found: Likeness, snapshot: Snapshot) -> str:
    """Whether an input is like what the model learnt, in one line, and how it ranks."""
    translate = QCoreApplication.translate
    reasons = {
        "empty": translate("Likeness", "there is no ink"),
        "too_thick": translate("Likeness", "too thick"),
        "too_thin": translate("Likeness", "too thin"),
        "off_centre": translate("Likeness", "off centre"),
        "too_large": translate("Likeness", "too large"),
        "too_small": translate("Likeness", "too small"),
        "many_parts": translate("Likeness", "in too many parts"),
        "not_a_digit": translate("Likeness", "not a digit"),
    }
    if not of_digits(snapshot):
        reasons["not_a_digit"] = translate("Likeness", "none of its kind")
    share = translate("Likeness", "above {share:.0f} % of the test set")
    text = translate("Likeness", "Like {title}: {share}")
    if found.unlike:
        text = translate("Likeness", "Unlike {title}: {why}; {share}")
    why = ", ".join(reasons[reason] for reason in found.reasons[:2])
    text = text.replace("{why}", why).replace("{share}", share.format(share=found.percentile))
    return text.replace("{title}", data_title(snapshot))
