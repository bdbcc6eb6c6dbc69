"""What the doctor says, in words: for each finding a title and an explanation, for each remedy a
button and what it does to the model.

Placeholders are filled after translation, by name. The command line uses the same table.
"""

from __future__ import annotations

from PySide6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication

from vae_studio.core.findings import Finding, Remedy

_CONTEXT = "Doctor"
_ICONS = {
    "change": "mdi6.tune-variant",
    "restart": "mdi6.restart",
    "branch": "mdi6.source-branch",
}

TITLES: dict[str, str] = {
    "collapse": QT_TRANSLATE_NOOP("Doctor", "Posterior collapse"),
    "scale": QT_TRANSLATE_NOOP("Doctor", "Reconstruction and KL on different scales"),
    "overfit": QT_TRANSLATE_NOOP("Doctor", "Overfitting"),
    "rate": QT_TRANSLATE_NOOP("Doctor", "Learning rate too high"),
    "not_finite": QT_TRANSLATE_NOOP("Doctor", "The loss is no longer a number"),
    "dead_units": QT_TRANSLATE_NOOP("Doctor", "Most hidden units are dead"),
    "exploding_units": QT_TRANSLATE_NOOP("Doctor", "Hidden units explode"),
    "beta_drowns": QT_TRANSLATE_NOOP("Doctor", "β too low: the prior is not met"),
}

# Where a finding has a cause, its key is “code.cause”.
EXPLANATIONS: dict[str, str] = {
    "collapse.beta": QT_TRANSLATE_NOOP(
        "Doctor",
        "{unused} of {dimensions} dimensions carry less than 0.01 nats, all {dimensions} "
        "together {kl}. So z says next to nothing about the image, and the decoder draws much "
        "the same blur for every z. With β = {beta}, a nat of KL costs more than it saves in "
        "reconstruction. Lower β.",
    ),
    "collapse.warm_up": QT_TRANSLATE_NOOP(
        "Doctor",
        "{unused} of {dimensions} dimensions carry less than 0.01 nats, all {dimensions} "
        "together {kl}. So z says next to nothing about the image, and the decoder draws much "
        "the same blur for every z. KL weighed in full (β = {beta}) before the decoder had learnt "
        "to use z. Begin again with a warm-up of β.",
    ),
    "collapse.other": QT_TRANSLATE_NOOP(
        "Doctor",
        "{unused} of {dimensions} dimensions carry less than 0.01 nats, all {dimensions} "
        "together {kl}, although β was warmed up to {beta}. So z says next to nothing about the "
        "image, and the decoder draws much the same blur for every z. Begin again with a longer "
        "warm-up, or lower β.",
    ),
    "scale": QT_TRANSLATE_NOOP(
        "Doctor",
        "The reconstruction is a mean over {pixels} pixels, the KL a sum over dimensions: β = "
        "{beta} then weighs like {weight}. It has pressed the KL to {kl} nats, while the "
        "reconstruction stays at {reconstruction}: z says nothing about the image. Sum over "
        "pixels, as the −ELBO asks.",
    ),
    "overfit": QT_TRANSLATE_NOOP(
        "Doctor",
        "On test images the loss is {rise} nats worse than after epoch {best}; on training images "
        "it is {fall} nats better. The gap between the two is {gap} nats: the model learns its "
        "training images by heart, and new ones come out worse. Train on more images, regularise, "
        "or go back to epoch {best}.",
    ),
    "rate.loss": QT_TRANSLATE_NOOP(
        "Doctor",
        "The loss rose to {ratio} times its lowest value. At a rate of {learning_rate} a step "
        "overshoots the minimum that it aims at, and one such step can ruin weights that took "
        "long to learn. Lower the rate.",
    ),
    "rate.test": QT_TRANSLATE_NOOP(
        "Doctor",
        "In one epoch the loss on test images rose to {ratio} times what it was, and that on "
        "training images did not fall. At a rate of {learning_rate} steps overshoot, and undo "
        "what was learnt. Lower the rate.",
    ),
    "not_finite": QT_TRANSLATE_NOOP(
        "Doctor",
        "At step {failed} the loss became NaN or infinite, so there is no gradient to follow, and "
        "training ended. At a rate of {learning_rate} the weights grew until numbers overflowed. "
        "Train with a lower rate, and clip the gradients.",
    ),
    "dead_units": QT_TRANSLATE_NOOP(
        "Doctor",
        "{dead} of {units} hidden units ({percent} %) are 0 for each of 1000 test images. ReLU "
        "then passes no gradient, so they hardly ever come back, and the network is as small as "
        "what is left. Steps that are too large do this: begin again with a lower rate, or with "
        "leaky ReLU.",
    ),
    "exploding_units": QT_TRANSLATE_NOOP(
        "Doctor",
        "A hidden unit is given {largest}; a healthy model stays below 150. Such values "
        "swamp all others, and soon overflow. Begin again with a lower rate, or clip the "
        "gradients.",
    ),
    "beta_drowns": QT_TRANSLATE_NOOP(
        "Doctor",
        "The codes lie {spread} from the centre on average, where the prior’s lie 1, and the KL "
        "is {kl} nats. With β = {beta} nothing holds them together: reconstructions look fine, "
        "but samples of the prior fall between the codes and look like noise. Raise β.",
    ),
}

REMEDIES: dict[str, tuple[str, str]] = {
    "lower_beta": (
        QT_TRANSLATE_NOOP("Doctor", "Lower β"),
        QT_TRANSLATE_NOOP(
            "Doctor",
            "β becomes {beta} from the next step on. KL gets cheaper, so dimensions may come back "
            "to life; the weights stay.",
        ),
    ),
    "warm_up": (
        QT_TRANSLATE_NOOP("Doctor", "Restart with a warm-up"),
        QT_TRANSLATE_NOOP(
            "Doctor",
            "A new run from the same initial weights. β grows from 0 to {beta} over {beta_warmup} "
            "epochs, so that the decoder learns to use z first.",
        ),
    ),
    "sum_over_pixels": (
        QT_TRANSLATE_NOOP("Doctor", "Restart with a sum"),
        QT_TRANSLATE_NOOP(
            "Doctor",
            "A new run from the same initial weights. The reconstruction is summed over pixels, "
            "so that both terms are in nats for one image.",
        ),
    ),
    "raise_beta": (
        QT_TRANSLATE_NOOP("Doctor", "Raise β"),
        QT_TRANSLATE_NOOP(
            "Doctor",
            "β becomes {beta} from the next step on. The codes are drawn towards the prior; "
            "reconstructions get a little blurrier.",
        ),
    ),
    "full_beta": (
        QT_TRANSLATE_NOOP("Doctor", "Restart with a higher β"),
        QT_TRANSLATE_NOOP(
            "Doctor",
            "A new run from the same initial weights, with β = {beta}: the codes stay near the "
            "prior from the start.",
        ),
    ),
    "all_images": (
        QT_TRANSLATE_NOOP("Doctor", "Restart with all images"),
        QT_TRANSLATE_NOOP(
            "Doctor",
            "A new run from the same initial weights on the whole training set, which is too much "
            "to be learnt by heart. An epoch takes longer.",
        ),
    ),
    "regularise": (
        QT_TRANSLATE_NOOP("Doctor", "Restart regularised"),
        QT_TRANSLATE_NOOP(
            "Doctor",
            "A new run from the same initial weights. Dropout sets a share {hidden_dropout} of the "
            "hidden units to 0 in training, and a weight decay of {weight_decay} keeps weights "
            "small.",
        ),
    ),
    "back_to_best": (
        QT_TRANSLATE_NOOP("Doctor", "Go back to the best epoch"),
        QT_TRANSLATE_NOOP(
            "Doctor",
            "A new run that goes on from the weights of epoch {epoch}, with dropout "
            "{hidden_dropout} and weight decay {weight_decay}. This run stays as it is.",
        ),
    ),
    "lower_rate": (
        QT_TRANSLATE_NOOP("Doctor", "Lower the rate"),
        QT_TRANSLATE_NOOP(
            "Doctor",
            "The learning rate becomes {learning_rate} from the next step on: smaller steps from "
            "the weights there are.",
        ),
    ),
    "restart_slower": (
        QT_TRANSLATE_NOOP("Doctor", "Restart with a lower rate"),
        QT_TRANSLATE_NOOP(
            "Doctor",
            "A new run from the same initial weights, with a learning rate of {learning_rate}.",
        ),
    ),
    "leaky_units": (
        QT_TRANSLATE_NOOP("Doctor", "Restart with leaky ReLU"),
        QT_TRANSLATE_NOOP(
            "Doctor",
            "A new run from the same initial weights. Below zero the units pass {negative_slope} "
            "of their input, so that a gradient always gets through.",
        ),
    ),
    "clip_gradients": (
        QT_TRANSLATE_NOOP("Doctor", "Restart slower, clipped"),
        QT_TRANSLATE_NOOP(
            "Doctor",
            "A new run from the same initial weights, with a learning rate of {learning_rate}; a "
            "gradient longer than {grad_clip} is shortened to that.",
        ),
    ),
    "back_to_good": (
        QT_TRANSLATE_NOOP("Doctor", "Go on from the last good epoch"),
        QT_TRANSLATE_NOOP(
            "Doctor",
            "A new run that goes on from the weights of epoch {epoch}, with a learning rate of "
            "{learning_rate}; a gradient longer than {grad_clip} is shortened to that.",
        ),
    ),
}

_MORE = QT_TRANSLATE_NOOP("Doctor", "more than {number}")
_LESS = QT_TRANSLATE_NOOP("Doctor", "less than {number}")
LINE = QT_TRANSLATE_NOOP("Doctor", "{title}. {explanation} Try: {settings}")


def title(finding: Finding) -> str:
    """A finding in a few words."""
    return QCoreApplication.translate(_CONTEXT, TITLES[finding.code])


def explanation(finding: Finding) -> str:
    """What was seen, why it matters, and what to do."""
    cause = finding.params.get("cause")
    key = f"{finding.code}.{cause}" if cause else finding.code
    params = {name: _text(value) for name, value in finding.params.items()}
    return QCoreApplication.translate(_CONTEXT, EXPLANATIONS[key]).format(**params)


def button(remedy: Remedy) -> str:
    """A remedy's button: a verb."""
    return QCoreApplication.translate(_CONTEXT, REMEDIES[remedy.code][0])


def icon(remedy: Remedy) -> str:
    """The Material Design icon of its button: what kind of remedy it is."""
    return _ICONS[remedy.kind]


def tooltip(remedy: Remedy) -> str:
    """What a remedy does to the model."""
    values = {**remedy.spec, **remedy.config, "epoch": remedy.epoch}
    params = {name: _text(value) for name, value in values.items()}
    return QCoreApplication.translate(_CONTEXT, REMEDIES[remedy.code][1]).format(**params)


def line(finding: Finding) -> str:
    """A finding for the command line, with what to set in the next training."""
    restart = next(remedy for remedy in finding.remedies if remedy.kind == "restart")
    fields = {**restart.spec, **restart.config}
    settings = " ".join(f"{name}={_setting(value)}" for name, value in fields.items())
    return QCoreApplication.translate(_CONTEXT, LINE).format(
        title=title(finding), explanation=explanation(finding), settings=f"--set {settings}"
    )


def _setting(value: object) -> str:
    """A value as ``parse_assignment`` reads it."""
    return repr(value) if isinstance(value, float) else str(value)


def _text(value: object) -> str:
    """A number as it may stand in a sentence: two or three digits, and no more than six."""
    if not isinstance(value, float):
        return str(value)
    if not value < 1e6:
        return QCoreApplication.translate(_CONTEXT, _MORE).format(number="1,000,000")
    if 0.0 < value < 1e-4:
        return QCoreApplication.translate(_CONTEXT, _LESS).format(number="0.0001")
    if abs(value) >= 100.0:
        return f"{value:,.0f}"
    return f"{value:.2g}" if abs(value) < 10.0 else f"{value:.1f}".removesuffix(".0")
