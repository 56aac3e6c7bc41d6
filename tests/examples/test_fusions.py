"""The fusion among the examples fits what travels with the program."""

from __future__ import annotations

from pathlib import Path

from benchmark.methods.combinations.resolve import resolve_combination
from benchmark.methods.recogniser_adapter import RecogniserAdapter
from benchmark.methods.resolve import resolve_method
from benchmark.methods.trained_weights import shipped_weights
from benchmark.recognisers.resolve import resolve_recogniser

FILE = Path(__file__).parents[2] / "examples" / "fusions" / "face_recognition.yaml"


def test_it_is_for_the_recogniser_and_the_members_that_travel_with_the_program() -> None:
    fusion = resolve_combination(f"fusion:{FILE}", label=f"fusion:{FILE.name}")
    recogniser = resolve_recogniser("face_recognition")
    assert not fusion.refusal("face_recognition", recogniser.card.sha256)
    assert fusion.refusal("face_recognition", "0" * 64), "its numbers hold for one network alone"
    members = [resolve_method(name) for name in fusion.spec.members]
    adapters = [member for member in members if isinstance(member, RecogniserAdapter)]
    assert [adapter.adapts_references for adapter in adapters] == [False, True, True]
    for adapter in adapters:
        assert shipped_weights(adapter.name, f"{adapter.weights_preset}/face_recognition", 128) is not None
