"""The words of a comparison, as the window and the page say them; context ``Report``."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from vae_studio.core.report_words import WORDS


def say(key: str, **values: object) -> str:
    """One text of ``WORDS``, translated and filled."""
    return QCoreApplication.translate("Report", WORDS[key]).format(**values)


def all_words() -> dict[str, str]:
    """All of them, translated: what ``report.html`` takes."""
    return {key: QCoreApplication.translate("Report", text) for key, text in WORDS.items()}


def of_experiment(text: str) -> str:
    """The title, the question or a label of an experiment, translated."""
    return QCoreApplication.translate("Experiments", text)
