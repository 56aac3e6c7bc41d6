"""Learns the numbers of a fusion or a gate on the people of a protocol, and writes its file."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from benchmark.artifacts import ArtifactStore
from benchmark.config import RunConfig
from benchmark.context import RunContext
from benchmark.datasets.named_file import registered_name
from benchmark.engine.choose import engine_of
from benchmark.errors import PluginError, RequestError
from benchmark.ledger import Ledger
from benchmark.methods.combinations.combination_spec import NONE, CombinationSpec, FusionNumbers, GateNumbers
from benchmark.methods.combinations.learning import Learned, LearningScores, learn_fusion, learn_gate
from benchmark.methods.method_groups import METHOD_GROUPS
from benchmark.methods.own_completers.names import COMBINATIONS
from benchmark.own_networks.card_reading import card_from
from benchmark.pipeline.conditions.acquired import acquire_test_photos
from benchmark.pipeline.conditions.arm import PreparedArm, mask_faces, unmask_faces
from benchmark.pipeline.conditions.pairing import Pairing
from benchmark.pipeline.fit_methods import fit_methods
from benchmark.pipeline.planning.combinations import check_gate_members, weights_in_use
from benchmark.pipeline.planning.copies import look_for_copies
from benchmark.pipeline.planning.learned_on import mark_of
from benchmark.pipeline.planning.plan import Plan, make_plan
from benchmark.pipeline.rows.judge import Judge
from benchmark.plugin_failures import PluginFailures
from benchmark.progress import Progress
from benchmark.storage.atomic_files import storage_errors, write_atomically

log = logging.getLogger(__name__)

_LEARN = {"fusion": learn_fusion, "gate": learn_gate}


@dataclass(frozen=True)
class LearnedCombination:
    """What `learn_combination` found.

    Attributes:
        file: that was written.
        by_recogniser: what was learned for each.
        members: in the order of their numbers.
    """

    file: Path
    by_recogniser: Mapping[str, Learned]
    members: tuple[str, ...]


def learn_combination(config: RunConfig, kind: str, file: Path) -> LearnedCombination:
    """Score the members on masked and on bare probes, as a run does, and learn from these scores.

    Args:
        config: its methods are the members; its first acquisition arm is used.
        kind: ``"fusion"`` or ``"gate"``.
        file: to write.

    Raises:
        RequestError: the members do not make a combination, or there is too little to learn from.
        PluginError: no recogniser gave scores of every member.
    """
    members = _members(config, kind)
    conditions = ("raw-raw", "raw-masked", "raw-restored", "raw-passthrough")
    asked = config.model_copy(update={"conditions": conditions, "methods": tuple(m for m in members if m != NONE)})
    if not asked.passthrough:
        raise RequestError("--passthrough 0: a combination learns from bare probes, too; name a larger number")
    plan = make_plan(asked, writes=False)
    if kind == "gate":
        check_gate_members(plan.methods.values())
    progress = Progress(quiet=config.quiet)
    with (
        closing(engine_of(plan.config)) as engine,
        closing(ArtifactStore(config.cache, fresh=config.fresh, verify=config.verify)) as store,
    ):
        context = RunContext(
            store=store,
            ledger=Ledger(),
            progress=progress,
            workers=engine.processes(plan.config.workers),
            device=plan.config.device,
            seed=plan.config.seed,
            failures=PluginFailures(),
            hole_margin=plan.config.hole_margin,
            engine=engine,
        )
        learned = _learned(plan, members, kind, context)
    if not learned:
        failed = "; ".join(map(str, context.failures.entries)) or "no recogniser has scores of every member"
        raise PluginError(f"nothing was learned: {failed}")
    text = _text(plan, members, kind, learned)
    card_from(yaml.safe_load(text), CombinationSpec, of=str(file))  # what is written can be read
    with storage_errors(file):
        file.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(file, text.encode())
    return LearnedCombination(file, learned, members)


def _members(config: RunConfig, kind: str) -> tuple[str, ...]:
    members = config.methods
    if METHOD_GROUPS & set(members) or any(member.startswith(COMBINATIONS) for member in members):
        raise RequestError("--methods: name the methods to combine one by one, as none,periocular,adapt")
    if kind == "gate":
        members = (NONE, *(member for member in members if member != NONE))
    if len(members) < 2:
        raise RequestError("--methods: name two methods or more to combine, as none,adapt")
    return members


def _learned(plan: Plan, members: tuple[str, ...], kind: str, context: RunContext) -> dict[str, Learned]:
    plan = look_for_copies(plan, context)
    fitted = fit_methods(plan, context)
    acquired = acquire_test_photos(plan, context)
    in_arm = context.in_arm(plan.config.acquisition[0])
    faces = mask_faces(plan, plan.config.acquisition[0], acquired, in_arm)
    arm = unmask_faces(plan, faces, fitted.keys, in_arm)
    found = {}
    for name, recogniser in plan.recognisers.items():
        with context.failures.kept("recogniser", name):
            judge = Judge(name, recogniser, arm.pairings, in_arm)
            judge.fit(plan, fitted)
            parts = [_parts(arm, plan, members, condition) for condition in ("raw-restored", "raw-passthrough")]
            if any(not judge.can_score(part) for of_condition in parts for part in of_condition):
                log.warning("%s: not every member works with it; it gets no numbers", name)
                continue
            masked, bare = (_scores(judge, of_condition, arm) for of_condition in parts)
            found[name] = _LEARN[kind](masked, bare, plan.config.targets)
    return found


def _parts(arm: PreparedArm, plan: Plan, members: Sequence[str], condition: Any) -> list[Pairing]:
    """A pairing of each member."""
    faces = arm.faces
    labels = iter(plan.methods)
    parts = []
    for member in members:
        if member == NONE:
            probe = faces.shown_raw if condition == "raw-passthrough" else faces.shown_masked
            parts.append(faces.pairing(condition, NONE, faces.shown_raw, probe))
            continue
        label = next(labels)
        of_member = [one for one in arm.pairings if one.method == label and one.condition == condition]
        if not of_member:
            raise PluginError(f"'{label}' has no {condition}: it failed, or nothing is compared")
        parts += of_member
    return parts


def _scores(judge: Judge, parts: Sequence[Pairing], arm: PreparedArm) -> LearningScores:
    scores, _ = judge.member_scores(parts, len(arm.faces.templates.names))
    compared = parts[0].comparisons
    return LearningScores(scores, np.asarray(compared.mated), np.asarray(compared.probe))


def _text(plan: Plan, members: tuple[str, ...], kind: str, learned: Mapping[str, Learned]) -> str:
    config = plan.config
    people = {photo.subject_id for photo in plan.protocol.photos}
    recognisers = {}
    for name, one in learned.items():
        numbers: FusionNumbers | GateNumbers = one.numbers
        said = numbers.model_copy(update={"sha256": plan.recognisers[name].card.sha256}).model_dump(mode="json")
        recognisers[name] = said
    content = {
        "kind": kind,
        "members": list(members),
        "learned_on": f"{len(people)} people of {config.dataset} ({config.protocol}), {config.size} px, "
        f"{config.acquisition[0]} arm, seed {config.seed}",
        "recognisers": recognisers,
        "member_weights": weights_in_use(plan.methods.values(), plan.weights),
        "dataset": registered_name(config.dataset),
        "people": sorted(map(mark_of, people)),
    }
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True, default_flow_style=None, width=110)
