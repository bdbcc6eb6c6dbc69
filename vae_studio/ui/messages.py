"""Error codes -> sentences that say what happened and what to do next.

Placeholders are filled after translation, by name.
"""

from __future__ import annotations

import unicodedata

from PySide6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication

from vae_studio.core.errors import StudioError, short

_CONTEXT = "Messages"

ERRORS: dict[str, str] = {
    "spec.choice": QT_TRANSLATE_NOOP(
        "Messages", "{field} cannot be {value}. Choose one of: {choices}."
    ),
    "spec.type": QT_TRANSLATE_NOOP(
        "Messages", "{field} must be {expected}, not {value}. Enter another value."
    ),
    "spec.range": QT_TRANSLATE_NOOP(
        "Messages", "{field} is {value}. Enter a value from {low} to {high}."
    ),
    "spec.length": QT_TRANSLATE_NOOP(
        "Messages", "{field} needs {low} to {high} entries, not {value}."
    ),
    "spec.unknown_field": QT_TRANSLATE_NOOP(
        "Messages", "There is no field “{field}”. Use one of: {known}."
    ),
    "spec.image_shape": QT_TRANSLATE_NOOP(
        "Messages",
        "This model takes images of {wanted} values, and the picture has {found}. "
        "Open a model that was trained on such pictures.",
    ),
    "spec.no_labels": QT_TRANSLATE_NOOP(
        "Messages", "{name} was trained without labels. Open cvae, which has them."
    ),
    "plan.batch_norm": QT_TRANSLATE_NOOP(
        "Messages", "Batch norm compares the images of a batch. Enter 2 or more, not {value}."
    ),
    "plan.no_data": QT_TRANSLATE_NOOP(
        "Messages",
        "There is no data set “{name}” here. Choose another, or add it with Data > Data sets….",
    ),
    "plan.no_classes": QT_TRANSLATE_NOOP(
        "Messages",
        "{variant} is told the class, and {title} has none. Choose a model without labels, or "
        "images in one folder for each class.",
    ),
    "plan.warmup": QT_TRANSLATE_NOOP(
        "Messages",
        "β would still be growing when the run ends after {epochs} epochs. Enter {epochs} or less.",
    ),
    "variant.unknown": QT_TRANSLATE_NOOP(
        "Messages", "There is no variant “{name}”. Use one of: {known}."
    ),
    "data.missing": QT_TRANSLATE_NOOP(
        "Messages", "The data file {path} is missing. Install the app again, or clone it anew."
    ),
    "data.unreadable": QT_TRANSLATE_NOOP(
        "Messages",
        "The data file {path} cannot be read: {reason}. Install the app again, or clone it anew.",
    ),
    "data.digest": QT_TRANSLATE_NOOP(
        "Messages", "The data file {path} was altered. Install the app again, or clone it anew."
    ),
    "data.not_idx": QT_TRANSLATE_NOOP(
        "Messages", "{path} is not an IDX file of bytes. Choose the original file."
    ),
    "data.length": QT_TRANSLATE_NOOP(
        "Messages", "{path} should hold {expected} values and holds {found}. Get the file again."
    ),
    "data.empty": QT_TRANSLATE_NOOP(
        "Messages", "{path} holds no values at all. Choose the original file."
    ),
    "data.shape": QT_TRANSLATE_NOOP(
        "Messages",
        "{path} holds {found} values, where images of {wanted} are needed. "
        "Choose the original file.",
    ),
    "data.counts": QT_TRANSLATE_NOOP(
        "Messages",
        "{path} holds {images} images, and there are {labels} labels. "
        "Choose two files that belong together.",
    ),
    "data.labels": QT_TRANSLATE_NOOP(
        "Messages",
        "An image of {path} has the label {label}; the last class is {last}. "
        "Choose the labels that belong to it.",
    ),
    "data.no_image": QT_TRANSLATE_NOOP(
        "Messages",
        "The data set has {count} images, and none with the number {index}. Choose another.",
    ),
    "survey.not_finite": QT_TRANSLATE_NOOP(
        "Messages",
        "The encoder's codes are not numbers: training wrecked these weights, and there is no map "
        "of them. Open an earlier moment of the run, or train with a smaller learning rate.",
    ),
    "import.nothing": QT_TRANSLATE_NOOP(
        "Messages",
        "There is nothing to learn from in {path}. Choose a folder of pictures ({formats}), an "
        ".npy or .npz file of images, or IDX files.",
    ),
    "import.nothing_readable": QT_TRANSLATE_NOOP(
        "Messages",
        "None of the {count} pictures in {path} can be read. Choose another folder or file.",
    ),
    "import.unreadable": QT_TRANSLATE_NOOP(
        "Messages", "{path} cannot be read: {reason}. Check its permissions, or copy it again."
    ),
    "import.too_many": QT_TRANSLATE_NOOP(
        "Messages", "There are more than {most} files or images in {path}. Choose a part of them."
    ),
    "import.too_many_classes": QT_TRANSLATE_NOOP(
        "Messages",
        "{path} has {classes} classes, and a model learns {most} at most. Put pictures together, "
        "or leave the labels out.",
    ),
    "import.several": QT_TRANSLATE_NOOP(
        "Messages", "{path} holds several sets of images: {names}. Choose one of these files."
    ),
    "import.array_shape": QT_TRANSLATE_NOOP(
        "Messages",
        "An array of {shape} values in {path} is no set of images. Save it as [images, height, "
        "width], with 1, 3 or 4 colours at the end.",
    ),
    "import.array_type": QT_TRANSLATE_NOOP(
        "Messages",
        "{path} holds values of the type {dtype}. Save whole numbers or floats of at most 64 bits.",
    ),
    "import.array_range": QT_TRANSLATE_NOOP(
        "Messages",
        "The values in {path} go from {low} to {high}, and nothing says which are black and white. "
        "Scale them to 0…1, −1…1 or 0…255.",
    ),
    "import.objects": QT_TRANSLATE_NOOP(
        "Messages",
        "{path} holds Python objects, which could run anything when they are read. Save it again "
        "as an array of numbers.",
    ),
    "import.labels": QT_TRANSLATE_NOOP(
        "Messages",
        "The labels for {path} cannot be used: {reason}. Save one whole number from 0 on for each "
        "image.",
    ),
    "import.too_large": QT_TRANSLATE_NOOP(
        "Messages",
        "An array in {path} would take {size}, where {most} are the limit. Save a part of it.",
    ),
    "import.no_room": QT_TRANSLATE_NOOP(
        "Messages",
        "{size} are needed for {path}, and the disk has room for {room}. Make room first.",
    ),
    "import.changed": QT_TRANSLATE_NOOP(
        "Messages", "{path} was changed while it was read. Begin again when it is whole."
    ),
    "import.out_of_range": QT_TRANSLATE_NOOP(
        "Messages",
        "The image has values from {low} to {high}, where {black} is black and {white} is white. "
        "Scale all images alike.",
    ),
    "import.loose": QT_TRANSLATE_NOOP(
        "Messages", "{path} is in no class, as others are. Move it into the folder of one."
    ),
    "import.beside": QT_TRANSLATE_NOOP(
        "Messages",
        "The folder {path} stands beside those for training and for testing. Move its pictures "
        "into one of them.",
    ),
    "import.link": QT_TRANSLATE_NOOP(
        "Messages", "{path} is a link to a folder. Put the folder itself there."
    ),
    "import.not_a_file": QT_TRANSLATE_NOOP(
        "Messages", "{path} is no file: a link to nothing, a pipe or a device. Remove it."
    ),
    "import.svg": QT_TRANSLATE_NOOP(
        "Messages", "{path} is a drawing of lines (SVG). Save it as a PNG."
    ),
    "import.not_a_picture": QT_TRANSLATE_NOOP(
        "Messages", "{path} is no picture that can be taken. Save it as one of: {formats}."
    ),
    "data.not_fetched": QT_TRANSLATE_NOOP(
        "Messages",
        "{title} is not on this computer yet. Fetch it with Data > Data sets…, or with "
        "“vae-studio data fetch {name}”.",
    ),
    "data.gone": QT_TRANSLATE_NOOP(
        "Messages",
        "The images that this model learnt, {title}, are not here. Exploring goes on without them; "
        "to train or measure it, import {source} as “{name}” again.",
    ),
    "data.other": QT_TRANSLATE_NOOP(
        "Messages",
        "“{name}” holds other images today than those that this model learnt. Exploring goes on "
        "without them; to train or measure it, import {source} again, as it was.",
    ),
    "data.record": QT_TRANSLATE_NOOP(
        "Messages",
        "The data set in {path} cannot be used: {reason}. Remove that folder and import it again.",
    ),
    "data.stored": QT_TRANSLATE_NOOP(
        "Messages", "{path} of {name} cannot be read: {reason}. Import or fetch {name} again."
    ),
    "data.altered": QT_TRANSLATE_NOOP(
        "Messages",
        "{path} of {name} is not as it was written. Remove {name}, and import or fetch it again.",
    ),
    "data.not_stored": QT_TRANSLATE_NOOP(
        "Messages", "{name} came with the app, and stays. Choose a set that you added."
    ),
    "data.not_removed": QT_TRANSLATE_NOOP(
        "Messages",
        "{name} in {path} could not be removed: {reason}. Close what uses it, try again.",
    ),
    "data.name": QT_TRANSLATE_NOOP(
        "Messages",
        "“{name}” cannot name a data set. Use up to 60 of a–z, 0–9, - and _, and not “mnist”.",
    ),
    "data.exists": QT_TRANSLATE_NOOP(
        "Messages",
        "There is a data set “{name}” already, in {path}. Remove it first, choose another name, or "
        "import in its place with --replace.",
    ),
    "data.write": QT_TRANSLATE_NOOP(
        "Messages",
        "{path} cannot be written: {reason}. Make room, or choose another place, and try again.",
    ),
    "data.too_few": QT_TRANSLATE_NOOP(
        "Messages",
        "There are {images} images, and at least two are needed: one to learn, one to test. "
        "Choose more.",
    ),
    "data.busy": QT_TRANSLATE_NOOP(
        "Messages", "{title} is being fetched or imported. Wait for it, or cancel it first."
    ),
    "data.unknown": QT_TRANSLATE_NOOP(
        "Messages", "There is no data set “{name}”. Use one of: {known}."
    ),
    "fetch.failed": QT_TRANSLATE_NOOP(
        "Messages",
        "{name} could not be downloaded ({reasons}). Check the connection to the internet and try "
        "again, or get the files elsewhere and take them with “Use local files…”, or --files.",
    ),
    "data.local_missing": QT_TRANSLATE_NOOP(
        "Messages",
        "{path} lacks {files}. Choose the folder or the archive that holds them, plain or packed "
        "as .gz or .xz.",
    ),
    "data.local_digest": QT_TRANSLATE_NOOP(
        "Messages",
        "{path} is not the file that {title} consists of: it was altered, or is another set’s of "
        "the same name. Get it again, or choose another folder.",
    ),
    "data.local_source": QT_TRANSLATE_NOOP(
        "Messages",
        "{path} is no archive that VAE Studio opens. Choose a folder, or a zip, tar, tar.gz or "
        "tar.xz.",
    ),
    "data.local_unreadable": QT_TRANSLATE_NOOP(
        "Messages", "{path} cannot be read: {reason}. Get the file again, or choose another one."
    ),
    "checkpoint.not_found": QT_TRANSLATE_NOOP(
        "Messages", "No run “{path}”. Give a run folder, or one of: {known}."
    ),
    "checkpoint.not_a_run": QT_TRANSLATE_NOOP(
        "Messages",
        "{path} is not a run folder: it has no config.json. Choose a folder that VAE Studio saved.",
    ),
    "checkpoint.format": QT_TRANSLATE_NOOP(
        "Messages", "{path} has format {found}, which this version cannot read. Update VAE Studio."
    ),
    "checkpoint.config": QT_TRANSLATE_NOOP(
        "Messages", "The config.json of {path} is damaged: {reason}. Open another run."
    ),
    "checkpoint.figures": QT_TRANSLATE_NOOP(
        "Messages", "The recorded figures are damaged: {reason}. Open another run."
    ),
    "checkpoint.metrics": QT_TRANSLATE_NOOP(
        "Messages", "The metrics.csv of {path} is damaged: {reason}. The model still opens."
    ),
    "checkpoint.incomplete": QT_TRANSLATE_NOOP(
        "Messages", "{path} has no complete checkpoint. Open another run, or train it again."
    ),
    "checkpoint.digest": QT_TRANSLATE_NOOP(
        "Messages", "The weights of {path} are damaged. Copy the folder again, or train it again."
    ),
    "checkpoint.weights": QT_TRANSLATE_NOOP(
        "Messages", "The weights of {path} cannot be read: {reason}. Copy the folder again."
    ),
    "checkpoint.tensor": QT_TRANSLATE_NOOP(
        "Messages",
        "The weights of {path} do not fit its configuration: see “{tensor}”. Open another run.",
    ),
    "checkpoint.not_finite": QT_TRANSLATE_NOOP(
        "Messages", "“{tensor}” in {path} holds NaN or infinity. Train it again with a lower rate."
    ),
    "checkpoint.training": QT_TRANSLATE_NOOP(
        "Messages",
        "The training state of {path} is damaged: {reason}. The model itself still opens.",
    ),
    "checkpoint.older": QT_TRANSLATE_NOOP(
        "Messages",
        "The newest checkpoint of {name} is damaged; this is the one before it. "
        "There is nothing to do.",
    ),
    "checkpoint.no_training": QT_TRANSLATE_NOOP(
        "Messages",
        "{name} was saved without what going on needs (as float16). Train a new model instead.",
    ),
    "checkpoint.pickle": QT_TRANSLATE_NOOP(
        "Messages",
        "{path} is a pickle (.pt, .pth, .ckpt): opening it could run a stranger’s program, so it "
        "stays closed. docs/from-pth.md turns one that you trust into a run folder.",
    ),
    "checkpoint.bare_weights": QT_TRANSLATE_NOOP(
        "Messages",
        "{path} looks like a safetensors file: weights alone. Open the run folder that it belongs "
        "to, or make one as docs/from-pth.md shows.",
    ),
    "checkpoint.a_file": QT_TRANSLATE_NOOP(
        "Messages",
        "{path} is a file that VAE Studio does not open. Choose a run folder: one with a "
        "config.json and safetensors weights.",
    ),
    "checkpoint.unreadable": QT_TRANSLATE_NOOP(
        "Messages", "{path} cannot be read: {reason}. Check its permissions, or copy it again."
    ),
    "spec.too_large": QT_TRANSLATE_NOOP(
        "Messages",
        "The model would have {parameters} parameters; the limit is {limit}. "
        "Choose smaller layers.",
    ),
    "checkpoint.exists": QT_TRANSLATE_NOOP(
        "Messages", "{path} is not empty. Choose a new folder; nothing is written over."
    ),
    "checkpoint.write": QT_TRANSLATE_NOOP(
        "Messages", "Cannot write to {path}: {reason}. Free some space, or choose another folder."
    ),
    "export.write": QT_TRANSLATE_NOOP(
        "Messages", "Cannot write {path}: {reason}. Free some space, or choose another place."
    ),
    "export.image": QT_TRANSLATE_NOOP(
        "Messages",
        "{path} is not saved: the image that it shows cannot be read. {reason} Then save it again.",
    ),
    "runs.locked": QT_TRANSLATE_NOOP(
        "Messages",
        "{name} is being written by another window or command. Wait for it, or stop it there.",
    ),
    "runs.finished": QT_TRANSLATE_NOOP(
        "Messages", "{name} has done all its epochs. Train a new model to go further."
    ),
    "resume.options": QT_TRANSLATE_NOOP(
        "Messages", "A run goes on as it was. Leave out {options}, or train a new model."
    ),
    "runs.name": QT_TRANSLATE_NOOP("Messages", "A run needs a name. Type at least one letter."),
    "runs.bundled": QT_TRANSLATE_NOOP(
        "Messages", "{path} ships with the app and stays as it is. Train a model of your own."
    ),
    "runs.remove": QT_TRANSLATE_NOOP(
        "Messages", "Cannot remove {path}: {reason}. Close programs that use it and try again."
    ),
    "runs.restore": QT_TRANSLATE_NOOP(
        "Messages", "Cannot bring back {path}: {reason}. It is still in that folder."
    ),
    "notes.damaged": QT_TRANSLATE_NOOP(
        "Messages",
        "The tags and notes of {path} cannot be read: {reason}. What you write anew is kept; "
        "the old file stays as notes.damaged.json.",
    ),
    "runs.training": QT_TRANSLATE_NOOP(
        "Messages", "{name} is training. Stop the training first, then rename or delete it."
    ),
    "image.unreadable": QT_TRANSLATE_NOOP(
        "Messages", "The picture cannot be read: {reason}. Use a PNG, JPEG, BMP or GIF."
    ),
    "image.format": QT_TRANSLATE_NOOP(
        "Messages", "The file is no picture that VAE Studio opens. Save it as one of: {formats}."
    ),
    "image.slow": QT_TRANSLATE_NOOP(
        "Messages",
        "The picture is packed in a way that would take too long to unpack ({reason}). "
        "Save it again as a PNG.",
    ),
    "image.empty": QT_TRANSLATE_NOOP("Messages", "The picture is empty. Choose another one."),
    "image.too_large": QT_TRANSLATE_NOOP(
        "Messages", "The picture has more than 50 million pixels. Shrink it first."
    ),
    "image.shape": QT_TRANSLATE_NOOP(
        "Messages", "An array of shape {shape} is no picture. Use [height, width] or RGB."
    ),
    "image.dtype": QT_TRANSLATE_NOOP(
        "Messages", "An array of {dtype} is no picture. Use whole numbers or floats."
    ),
    "image.not_finite": QT_TRANSLATE_NOOP(
        "Messages", "The picture holds NaN or infinity. Save it again without them."
    ),
    "image.no_digit": QT_TRANSLATE_NOOP(
        "Messages",
        "There is no ink to be told from the paper in this picture. Choose one with more contrast.",
    ),
    "image.no_picture": QT_TRANSLATE_NOOP(
        "Messages",
        "There is no picture that could be taken, or it has more than 50 million pixels. Copy "
        "another one, or save it as a file and open that.",
    ),
    "digit.shape": QT_TRANSLATE_NOOP(
        "Messages", "Stroke {stroke} is no array [n, 2] of x and y. Pass one row for each point."
    ),
    "digit.dtype": QT_TRANSLATE_NOOP(
        "Messages", "Stroke {stroke} holds {dtype}. Pass whole numbers or floats."
    ),
    "digit.not_finite": QT_TRANSLATE_NOOP(
        "Messages", "Stroke {stroke} holds NaN or infinity. Draw it again."
    ),
    "digit.smallest": QT_TRANSLATE_NOOP(
        "Messages", "The smallest size is {value}. Pass 0 or more."
    ),
    "label.needed": QT_TRANSLATE_NOOP(
        "Messages",
        "{name} has {classes} classes. Give the name of one, or a number from 0 to {last}.",
    ),
    "label.none": QT_TRANSLATE_NOOP(
        "Messages", "{name} was trained without labels. Leave the label out, or use cvae."
    ),
    "train.not_finite": QT_TRANSLATE_NOOP(
        "Messages",
        "Training stopped at step {step}: the loss is no longer a number. The last good weights "
        "are kept. Lower the learning rate, or clip the gradients.",
    ),
    "train.memory": QT_TRANSLATE_NOOP(
        "Messages",
        "Not enough memory to train: {size} could not be had. "
        "Choose a smaller batch or a smaller model; what was saved is kept.",
    ),
    "train.busy": QT_TRANSLATE_NOOP(
        "Messages",
        "Something trains already. Stop it, or wait; then press Resume training for {name}.",
    ),
    "checkpoint.no_moment": QT_TRANSLATE_NOOP(
        "Messages",
        "The weights of {name} after step {step} are not there any more. Choose another moment.",
    ),
    "train.no_moment": QT_TRANSLATE_NOOP(
        "Messages",
        "The weights of {name} after epoch {epoch} were not kept. Drag the line in the loss plots "
        "to a moment near by, and press Branch.",
    ),
    "train.given_up": QT_TRANSLATE_NOOP(
        "Messages",
        "The training has ended. {path} could not be written ({reason}): what was saved before is "
        "kept there. Free some space before the next one.",
    ),
    "experiment.unknown": QT_TRANSLATE_NOOP(
        "Messages", "There is no experiment “{name}”. Use one of: {known}."
    ),
    "experiment.model": QT_TRANSLATE_NOOP(
        "Messages",
        "{field} belongs to the models, which the experiment sets. Set fields of the training: "
        "{known}.",
    ),
    "experiment.field": QT_TRANSLATE_NOOP(
        "Messages",
        "{field} must be the same for all models of an experiment: they are shown the same "
        "pictures. Choose another field.",
    ),
    "experiment.twice": QT_TRANSLATE_NOOP(
        "Messages", "{field} = {value} stands there twice. Give each value once."
    ),
    "experiment.write": QT_TRANSLATE_NOOP(
        "Messages",
        "The list of experiments cannot be written to {path} ({reason}). The models are trained "
        "all the same; make room there, or compare them by hand under Runs.",
    ),
    "experiment.damaged": QT_TRANSLATE_NOOP(
        "Messages",
        "{path} is no experiment ({reason}). Delete it, or begin the experiment again.",
    ),
    "plots.unit": QT_TRANSLATE_NOOP(
        "Messages",
        "{name} was trained on another reconstruction loss, in another unit: its curves do not "
        "belong in these plots. Compare… shows both side by side.",
    ),
    "compare.count": QT_TRANSLATE_NOOP(
        "Messages", "{count} runs cannot be compared. Choose 2 to {most}."
    ),
    "compare.twice": QT_TRANSLATE_NOOP(
        "Messages", "{name} was chosen twice. Choose another run to compare it with."
    ),
    "compare.dataset": QT_TRANSLATE_NOOP(
        "Messages",
        "{name} learnt the data set {found}, and {first} learnt {wanted}. "
        "Choose runs that learnt the same.",
    ),
    "compare.shape": QT_TRANSLATE_NOOP(
        "Messages",
        "{name} learnt images of {found} values, and {first} of {wanted}. "
        "Choose runs that learnt the same images.",
    ),
    "place.not_a_place": QT_TRANSLATE_NOOP(
        "Messages",
        "This is no place that VAE Studio saved ({reason}). Choose a file that Save place wrote, "
        "or paste a text that Copy place as text made.",
    ),
    "place.unreadable": QT_TRANSLATE_NOOP(
        "Messages", "{path} cannot be read: {reason}. Check its permissions, or copy it again."
    ),
    "place.format": QT_TRANSLATE_NOOP(
        "Messages",
        "The place has format {found}, which this version cannot read. Update VAE Studio.",
    ),
    "place.damaged": QT_TRANSLATE_NOOP(
        "Messages", "The place is damaged: {reason}. Save it or copy it anew where it came from."
    ),
    "place.no_model": QT_TRANSLATE_NOOP(
        "Messages",
        "This place is in “{name}”, which is not here. Open or import that model first, then open "
        "the place again.",
    ),
    "place.other_shape": QT_TRANSLATE_NOOP(
        "Messages",
        "This place is in another model that is called “{name}”, too: with {size} dimensions and "
        "{classes} classes. Open or import that one first, then open the place again.",
    ),
    "place.unwritable": QT_TRANSLATE_NOOP(
        "Messages",
        "This place cannot be kept: {reason}. Undo what went too far, or press Mean, and try "
        "again.",
    ),
    "drawing.not_a_drawing": QT_TRANSLATE_NOOP(
        "Messages",
        "This is no drawing of VAE Studio: {reason}. Choose a file that Save drawing wrote, or a "
        "picture.",
    ),
    "drawing.format": QT_TRANSLATE_NOOP(
        "Messages", "The drawing is of format {found}. Update VAE Studio to open it."
    ),
    "drawing.damaged": QT_TRANSLATE_NOOP(
        "Messages", "The drawing is damaged: {reason}. Save it again where it was made."
    ),
    "drawing.unreadable": QT_TRANSLATE_NOOP(
        "Messages", "{path} cannot be read: {reason}. Choose another file."
    ),
    "drawing.unwritable": QT_TRANSLATE_NOOP(
        "Messages",
        "This drawing cannot be saved as a file: {reason}. Save it as a picture, or undo some of "
        "it.",
    ),
    "drawing.left_out": QT_TRANSLATE_NOOP(
        "Messages",
        "The drawing of the last session was too long to be kept; all else is here again. Save "
        "such a drawing as a picture before you close.",
    ),
    "drawing.full": QT_TRANSLATE_NOOP(
        "Messages",
        "This drawing is full: one has room for {points} points, and for a line as long as "
        "{length} sides of the canvas. Undo some of it, take away whole strokes, or clear the "
        "canvas.",
    ),
    "drawing.no_room": QT_TRANSLATE_NOOP(
        "Messages",
        "No more drawings can be kept here. Save some as files, remove them, and keep this one "
        "again.",
    ),
    "worker.no_torch": QT_TRANSLATE_NOOP(
        "Messages",
        "PyTorch does not load: {reason}. Install VAE Studio again, or the library that is named.",
    ),
    "worker.unexpected": QT_TRANSLATE_NOOP(
        "Messages",
        "Something unexpected went wrong: {reason}. What you made is kept; "
        "please report the details.",
    ),
}


def sentence(code: str, params: dict[str, object]) -> str:
    """The translated sentence of an error code, with its parameters filled in."""
    template = QCoreApplication.translate(_CONTEXT, ERRORS[code])
    return template.format_map(_Filled({name: _plain(value) for name, value in params.items()}))


def _plain(value: object) -> str:
    """A value as it may stand in a sentence: short, in one line, with nothing that is not seen and
    nothing that turns the direction of writing."""
    text = short(str, value, 2000)
    hidden = ("Cc", "Cf", "Cs", "Zl", "Zp")
    seen = "".join(" " if unicodedata.category(sign) in hidden else sign for sign in text)
    return short(str, " ".join(seen.split(" ")))


class _Filled(dict[str, str]):
    """A message with a gap is better than none."""

    def __missing__(self, name: str) -> str:
        return "?"


def error_sentence(error: StudioError) -> str:
    """The translated sentence of an error."""
    return sentence(error.code, error.params)
