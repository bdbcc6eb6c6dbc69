"""What stands below the answers of a completion, and in their tooltips; in context ``Answers``."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from vae_studio.session.drawing_jobs import CompletionResult
from vae_studio.ui.classes import a_class, class_name
from vae_studio.ui.panels.completion.answers import Answer
from vae_studio.ui.widgets.qimages import to_qimages


def answers_of(result: CompletionResult) -> list[Answer]:
    """Pictures with what they are, what they weigh and what they cost."""
    snapshot, translate = result.request.snapshot, QCoreApplication.translate
    answers = []
    for index, picture in enumerate(to_qimages(result.images)):
        share, cost = _percent(float(result.share[index])), _short(float(result.cost[index]))
        if snapshot.spec.in_nats:
            cost = translate("Answers", "{cost} nats").format(cost=cost)
        tip = translate("Answers", "Answer {n}: {share} of what all weigh; it costs {cost}")
        name = ""
        if result.labels is not None:
            name = class_name(snapshot.class_names, int(result.labels[index].argmax()))
            tip = translate(
                "Answers", "Answer {n}, {class}: {share} of what all weigh; it costs {cost}"
            )
        tip = tip.replace("{n}", str(index + 1)).replace("{share}", share).replace("{cost}", cost)
        answers.append(Answer(picture, name, share, cost, tip.replace("{class}", a_class(name))))
    return answers


def _short(cost: float) -> str:
    """``97.6``; of thousands, which larger pictures cost, no more than can be told apart."""
    return f"{cost:.1f}" if abs(cost) < 1000.0 else f"{cost:,.0f}"


def _percent(share: float) -> str:
    """``61 %``; ``<1 %`` where it rounds to nothing."""
    return "<1 %" if share < 0.005 else f"{100 * share:.0f} %"
