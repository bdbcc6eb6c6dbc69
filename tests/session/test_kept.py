"""What is kept: in order, of one model or another, and nothing is lost on the way."""

from __future__ import annotations

from vae_studio.session import kept as transitions
from vae_studio.session.kept import Kept, KeptPoint, KeptVector, marked_of, points_of, vectors_of
from vae_studio.session.state import SessionState, with_kept, with_run_in


def three_points() -> tuple[Kept, list[KeptPoint]]:
    points = [
        KeptPoint("a", "one", (0.0,)),
        KeptPoint("x", "other", (9.0,)),
        KeptPoint("b", "one", (1.0,)),
        KeptPoint("c", "one", (2.0,)),
    ]
    kept = Kept()
    for point in points:
        kept = transitions.with_point(kept, point)
    return kept, points


def names(kept: Kept, model: str = "one") -> str:
    return "".join(point.name for point in points_of(kept, model))


def test_points_stand_in_the_order_they_came() -> None:
    kept, _ = three_points()
    assert names(kept) == "abc"
    assert names(kept, "other") == "x"


def test_a_point_moves_among_those_of_its_model() -> None:
    kept, (a, x, b, c) = three_points()
    assert names(transitions.with_moved_point(kept, a, 1)) == "bac"
    assert names(transitions.with_moved_point(kept, c, -1)) == "acb"
    assert names(transitions.with_moved_point(kept, b, 7)) == "acb"
    assert names(transitions.with_moved_point(kept, b, -7)) == "bac"
    moved = transitions.with_moved_point(kept, a, 2)
    assert moved.points[1] is x


def test_of_two_equal_points_the_one_that_is_meant_goes() -> None:
    first, second = KeptPoint("a", "one", (0.0,)), KeptPoint("a", "one", (0.0,))
    kept = Kept((first, second))
    assert transitions.without_point(kept, second).points[0] is first
    renamed = transitions.with_renamed_point(kept, second, "b")
    assert names(renamed) == "ab"


def test_names_are_one_line_and_never_empty() -> None:
    kept, (a, *_) = three_points()
    assert names(transitions.with_renamed_point(kept, a, "  ")) == "abc"
    long = transitions.with_renamed_point(kept, a, "wide\n one" + "!" * 90)
    assert points_of(long, "one")[0].name.startswith("wide one!")
    assert len(points_of(long, "one")[0].name) == transitions.MOST_NAME


def test_there_is_a_limit_and_the_oldest_goes() -> None:
    kept = Kept()
    for number in range(transitions.MOST_POINTS + 3):
        kept = transitions.with_point(kept, KeptPoint(str(number), "one", (0.0,)))
        kept = transitions.with_vector(kept, KeptVector(str(number), "one", (0.0,)))
    assert len(kept.points) == transitions.MOST_POINTS
    assert kept.points[0].name == "3"
    assert len(kept.vectors) == transitions.MOST_VECTORS


def test_vectors_are_renamed_and_removed() -> None:
    kept = transitions.with_vector(Kept(), KeptVector("1 → 7", "one", (1.0,)))
    kept = transitions.with_renamed_vector(kept, kept.vectors[0], "slant")
    assert [vector.name for vector in vectors_of(kept, "one")] == ["slant"]
    assert vectors_of(kept, "other") == ()
    assert transitions.without_vector(kept, kept.vectors[0]).vectors == ()


def test_marked_images_belong_to_their_data_set() -> None:
    kept = transitions.with_mark(Kept(), "mnist", [3, 5, 3])
    assert marked_of(kept, "mnist") == {3, 5}
    assert marked_of(kept, "fashion-mnist") == frozenset()
    assert transitions.with_mark(kept, "mnist", []).marked is None


def test_a_run_that_moves_takes_along_what_was_kept_of_it() -> None:
    kept, _ = three_points()
    kept = transitions.with_vector(kept, KeptVector("v", "one", (1.0,)))
    state = with_run_in(with_kept(SessionState(model="one"), kept), "new")
    assert state.model == "new"
    assert names(state.kept, "new") == "abc"
    assert names(state.kept, "other") == "x"
    assert len(vectors_of(state.kept, "new")) == 1
