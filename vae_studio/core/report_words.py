"""The texts of a report, in English: source texts to be translated in context ``Report``.

Keys stand for places in the page; the notes' are ``note.`` and their code. Placeholders are filled
after translation, by name. Fields of the settings may be named too, as ``field.beta``; without
that, their labels in ``vae_studio.core.spec`` are taken.
"""

from __future__ import annotations

WORDS: dict[str, str] = {
    "lang": "en",
    "title": "Comparison of {count} models",
    "differs": "What differs",
    "differs.nothing": "The settings of these runs are all the same.",
    "same": "The same for all",
    "same.rest": "All else is listed under “All settings”.",
    "all": "all",
    "setting": "Setting",
    "curves": "Training",
    "curves.legend": "Lines",
    "curves.train": "training, while the weights changed",
    "curves.test": "test set, after each epoch",
    "curves.apart": "Losses in different units are never drawn over each other.",
    "curves.none": "None of these runs has recorded curves.",
    "curve.total": "Reconstruction + KL",
    "curve.reconstruction": "Reconstruction",
    "curve.kl": "KL",
    "curve.in": "{name}, in {unit}",
    "epoch": "epoch",
    "unit.bernoulli": "nats",
    "unit.gaussian": "nats",
    "unit.mse": "squared error",
    "unit.mse.total": "squared error + nats",
    "reconstructions": "Reconstructions",
    "reconstructions.text": "The same {count} test images, encoded and decoded by each model from "
    "the mean of q(z|x).",
    "reconstructions.classes": "From left to right: {names}.",
    "original": "Original",
    "samples": "Samples",
    "samples.text": "New images, decoded from points z of the prior N(0, I). No data set holds "
    "them.",
    "figures": "Figures",
    "figures.text": "Means for one of the {count} test images, with one sample of z for each. "
    "A star marks the smallest where comparing is fair.",
    "model": "Model",
    "column.squared_error": "Squared error",
    "column.bernoulli": "BCE",
    "column.reconstruction": "Reconstruction",
    "column.kl": "KL",
    "column.negative_elbo": "−ELBO",
    "column.active_units": "Active dimensions",
    "column.parameters": "Parameters",
    "column.epochs": "Epochs",
    "column.seconds": "Training time",
    "unit.squared_error": "per pixel",
    "unit.bernoulli_pixel": "nats per pixel",
    "unit.kl": "nats",
    "unit.active_units": "of z",
    "unit.seconds": "s",
    "active": "{active} of {size}",
    "best": "smallest",
    "eye": "The judge of the eye",
    "eye.text": "Squared error and BCE per pixel measure all models alike, whatever they were "
    "trained on. They say how far pixels are from the original, not whether an image looks real: a "
    "blurred edge may cost less than a sharp one a pixel aside. Look at the rows above as well.",
    "chance": "Chance",
    "chance.text": "Each model was trained once. Another seed moves all figures a little, so a "
    "small difference may be chance; train again with other seeds before you believe it.",
    "settings": "All settings",
    "settings.folder": "Folder",
    "settings.variant": "Variant",
    "made": "Made with VAE Studio {version} on {date}.",
    "data": "Images: {dataset}, {source}. Licence: {licence}.",
    "note.older": "The newest checkpoint of {name} is damaged; the one before is shown.",
    "note.unfinished": "{name} has done {epoch} of {epochs} epochs.",
    "note.changed": "β or the learning rate of {name} was changed by hand while it trained.",
    "note.no_curve": "{name} has no recorded curve.",
    "note.told": "Told the class: {names}.",
    "note.same_z": "Every model decodes the very same {count} points z of {size} numbers.",
    "note.first_z": "One long vector of random numbers stands for each of the {count} points; each "
    "model takes as many of its first numbers as it has dimensions: {sizes}.",
    "note.classes": "Labels {classes} in turn: {names}.",
    "note.likelihoods": "These models were trained on different reconstruction losses: binary "
    "cross-entropy (BCE) in nats, squared error, or a Gaussian’s nats. Their reconstruction and "
    "−ELBO measure different things, so no star is given there.",
    "note.labels": "Told the label: {names}. Their −ELBO bounds −log p(x | label), that of the "
    "others −log p(x), so no star is given there. Naming one of {classes} labels costs "
    "ln {classes} = {nats} nats.",
    "likelihood.bernoulli": "cross-entropy (BCE)",
    "likelihood.mse": "squared error",
    "likelihood.gaussian": "Gaussian, variance learned",
    "yes": "on",
    "no": "off",
}
