"""Provenance against sets of draws, spans against blocks, sources and their JSON."""

import json
from dataclasses import FrozenInstanceError, asdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from priorvol.provenance import Provenance, Span
from priorvol.rng import BLOCK, MAX_SEED, STREAM_VERSION
from priorvol.sources import (
    MAX_DRAWS,
    GaussianProcess,
    Imported,
    PosteriorSampling,
    PriorSampling,
    source_from_json,
    source_to_json,
)
from priorvol.training_set import TrainingSet

QUICK = settings(max_examples=300, deadline=None, derandomize=True)

STREAMS = st.sampled_from([(0, 1, 1), (0, 1, 2), (0, 5, 1), (3, 1, 1)])


@st.composite
def spans(draw, top=24):
    seed, draws, version = draw(STREAMS)
    start = draw(st.integers(0, top - 1))
    return Span(seed, draws, start, draw(st.integers(start + 1, top)), version)


def held(provenance):
    return {(span.stream, g) for span in provenance.spans for g in range(span.start, span.stop)}


def gather(spans):
    """Add spans one by one, leaving out those that overlap what is there."""
    total = Provenance()
    for span in spans:
        one = Provenance((span,))
        if not held(total) & held(one):
            total = total + one
    return total


@QUICK
@given(st.lists(spans(), max_size=8), st.lists(spans(), max_size=8))
def test_union_is_that_of_sets(first, second):
    a, b = gather(first), gather(second)
    shared = held(a) & held(b)
    if shared:
        with pytest.raises(ValueError, match="both tables hold the same draws: seed") as caught:
            a + b
        named = {f"seed {stream[0]}, block {g // BLOCK} index {g % BLOCK} " for stream, g in shared}
        assert any(name in str(caught.value) for name in named)
        return
    total = a + b
    assert held(total) == held(a) | held(b)
    assert sum(span.size for span in total.spans) == len(held(total))
    assert total == b + a
    # canonical: sorted, and no two spans touch
    for left, right in zip(total.spans, total.spans[1:], strict=False):
        assert (left.stream, left.stop) < (right.stream, right.start)


@QUICK
@given(st.lists(spans(), max_size=8), spans())
def test_gaps_are_set_differences(present, wanted):
    provenance = gather(present)
    gaps = provenance.gaps(wanted)
    missing = held(Provenance((wanted,))) - held(provenance)
    found = [(gap.stream, g) for gap in gaps for g in range(gap.start, gap.stop)]
    assert found == sorted(missing)
    assert all(left.stop < right.start for left, right in zip(gaps, gaps[1:], strict=False))
    for gap in gaps:
        provenance = provenance + Provenance((gap,))
    assert provenance.gaps(wanted) == []


@QUICK
@given(st.lists(spans(), max_size=8), st.lists(st.text("abcdef", min_size=4), unique=True))
def test_json_round_trip(present, imports):
    provenance = gather(present) + Provenance(imports=tuple(imports))
    record = json.loads(json.dumps(provenance.to_json(), allow_nan=False))
    assert Provenance.from_json(record) == provenance


def test_imports_are_added_once():
    a, b = Provenance(imports=("bb" * 32,)), Provenance(imports=("aa" * 32,))
    assert (a + b).imports == ("aa" * 32, "bb" * 32)
    with pytest.raises(ValueError, match=r"same import \(sha256 bbbbbbbbbbbb\.\.\.\)"):
        a + b + a


@pytest.mark.parametrize(
    ("start", "stop"),
    [(0, 1), (0, BLOCK), (BLOCK - 1, BLOCK + 1), (5, 3 * BLOCK), (BLOCK, 2 * BLOCK), (7, 9)],
)
def test_blocks_cover_the_span(start, stop):
    span = Span(1, 1, start, stop)
    pieces = list(span.blocks())
    found = [block * BLOCK + g for block, low, high in pieces for g in range(low, high)]
    assert found == list(range(start, stop)) and len(found) == span.size
    assert all(0 <= low < high <= BLOCK for _, low, high in pieces)
    last = stop - 1
    assert str(span) == (
        f"seed 1, block {start // BLOCK} index {start % BLOCK} to "
        f"block {last // BLOCK} index {last % BLOCK}"
    )


BAD_SPANS = [
    ({"seed": -1}, "seed", "-1"),
    ({"seed": MAX_SEED + 1}, "seed", str(MAX_SEED + 1)),
    ({"seed": 0.5}, "seed", "0.5"),
    ({"seed": True}, "seed", "True"),
    ({"seed": None}, "seed", "None"),
    ({"output_draws": 0}, "output_draws", "0"),
    ({"output_draws": MAX_DRAWS + 1}, "output_draws", str(MAX_DRAWS + 1)),
    ({"start": -1}, "span start", "-1"),
    ({"start": 5}, "span stop", "5"),
    ({"stop": "9"}, "span stop", "'9'"),
    ({"stream_version": 0}, "stream_version", "0"),
]


@pytest.mark.parametrize(("change", "name", "value"), BAD_SPANS)
def test_bad_spans(change, name, value):
    fields = {"seed": 0, "output_draws": 1, "start": 0, "stop": 5} | change
    with pytest.raises(ValueError, match=f"^{name} must be") as caught:
        Span(**fields)
    assert str(caught.value).endswith(f"got {value}")


def test_a_span_knows_its_stream():
    span = Span(MAX_SEED, 3, 2, 6)
    assert span.stream == (MAX_SEED, 3, STREAM_VERSION) and span.size == 4


@pytest.mark.parametrize(
    "record", [None, [], {}, {"spans": []}, {"spans": [], "imports": [], "x": 1}]
)
def test_bad_provenance_records(record):
    with pytest.raises(ValueError, match="provenance must hold spans and imports"):
        Provenance.from_json(record)


def test_bad_span_records():
    good = {"seed": 0, "output_draws": 1, "start": 0, "stop": 5, "stream_version": 1}
    for bad in (good | {"stop": 0}, good | {"worker": 1}, [0, 1, 0, 5], {"seed": 0}):
        with pytest.raises(ValueError, match="span"):
            Provenance.from_json({"spans": [bad], "imports": []})


@pytest.mark.parametrize(
    "record",
    [
        {"spans": None, "imports": []},
        {"spans": [], "imports": "abc"},
        {"spans": [{"seed": 0, "output_draws": 1, "start": 0, "stop": 5}], "imports": []},
        {"spans": [asdict(Span(0, 1, 0, 10)), asdict(Span(0, 1, 5, 15))], "imports": []},
    ],
    ids=["spans null", "imports a string", "no stream version", "overlap"],
)
def test_more_bad_provenance_records(record):
    with pytest.raises(ValueError, match="."):
        Provenance.from_json(record)


def test_provenance_is_canonical_however_it_is_built():
    a, b = Span(0, 1, 0, 10), Span(0, 1, 20, 30)
    assert Provenance((b, a)).gaps(Span(0, 1, 0, 40)) == [Span(0, 1, 10, 20), Span(0, 1, 30, 40)]
    assert Provenance((Span(0, 1, 0, 10), Span(0, 1, 10, 20))) == Provenance((Span(0, 1, 0, 20),))


def test_spans_of_integral_floats():
    assert list(Span(0, 1, 0.0, 1e5).blocks()) == list(Span(0, 1, 0, 100_000).blocks())


SOURCES = [PriorSampling(), PriorSampling(50), Imported(), Imported("a file.txt")]


@pytest.mark.parametrize("source", SOURCES, ids=str)
def test_sources_round_trip(source):
    record = json.loads(json.dumps(source_to_json(source)))
    assert source_from_json(record) == source
    assert hash(source_from_json(record)) == hash(source)


def test_sources_differ():
    assert len(set(SOURCES)) == len(SOURCES) == len({str(source) for source in SOURCES})
    assert [source.output_draws for source in SOURCES] == [1, 50, 1, 1]
    assert PriorSampling(50.0) == PriorSampling(50)
    with pytest.raises(FrozenInstanceError):
        SOURCES[0].output_draws = 3


@pytest.mark.parametrize("draws", [0, -1, MAX_DRAWS + 1, 1.5, True, "2", None])
def test_bad_output_draws(draws):
    with pytest.raises(ValueError, match="^output_draws must be") as caught:
        PriorSampling(draws)
    assert repr(draws) in str(caught.value)


@pytest.mark.parametrize(
    ("record", "message"),
    [
        (
            None,
            "source kind must be one of 'prior', 'imported', 'gaussian', 'posterior', "
            "'training', got None",
        ),
        ({}, "got None"),
        ({"kind": "splitting"}, "got 'splitting'"),
        ({"kind": "training"}, "lacks the field 'training_set'"),
        ({"kind": "prior", "draws": 3}, "unknown fields"),
        ({"kind": "prior", "output_draws": 0}, "got 0"),
        ({"kind": "imported", "output_draws": 2}, "unknown fields"),
    ],
)
def test_bad_sources(record, message):
    with pytest.raises(ValueError, match=message):
        source_from_json(record)


def test_sources_name_what_they_estimate():
    chosen = TrainingSet([0, 2], [1, 0])
    assert PriorSampling().quantity == Imported().quantity == "P(f)"
    assert PosteriorSampling(chosen).quantity == "P_B(f|S)"
    law = {"name": "trained", "quantity": "P_NTK(f|S)", "training_set": chosen.to_json()}
    source = GaussianProcess(law)
    assert source.quantity == "P_NTK(f|S)" and GaussianProcess({"name": "x"}).quantity == "P(f)"
    assert str(source) == (
        "draws of a Gaussian process: trained, training_set=2 training inputs, 1 of them labelled 1"
    )
