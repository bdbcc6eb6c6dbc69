"""The form, the buttons, the plots and the film of a training."""
