"""Circuits by the rules of circuit_size, in plain Python, as lists of gates.

A function of n inputs is an integer of 2^n bits, bit p the value at point p, coordinate i bit i of
p. `Rules` finds the number of gates and a plan; `Builder` turns the plan into gates.
"""

from functools import cache
from itertools import combinations, permutations
from pathlib import Path

import numpy as np

import priorvol

FILE = Path(priorvol.__file__).parent / "complexity" / "circuit_sizes.npz"
OPERATIONS = (0b1000, 0b0010, 0b0100, 0b1110, 0b0110)  # bit a + 2 b: the value at a, b
AND, XOR, OR = 0b1000, 0b0110, 0b1110


@cache
def leaves():
    """Map each function of four inputs to (chain, order, flips, negated)."""
    with np.load(FILE, allow_pickle=False) as file:
        functions, sizes, chains = file["functions"], file["sizes"], file["chains"]
    points = np.arange(16)
    found = {}
    for word, size, chain in zip(functions.tolist(), sizes.tolist(), chains.tolist(), strict=True):
        bits = word >> points & 1
        for order in permutations(range(4)):
            moved = sum((points >> i & 1) << j for i, j in enumerate(order))
            for flips in range(16):
                image = int(bits[moved ^ flips] @ (1 << points))
                entry = chain[:size], order, flips, word
                found.setdefault(image, (*entry, False))
                found.setdefault(image ^ 0xFFFF, (*entry, True))
    return found


class Rules:
    """Sizes and plans of functions of n inputs.

    A plan is ("leaf", word on four inputs, coordinates), ("input", i), ("not", plan),
    ("gate", table, plan, plan), ("put", {coordinate: plan}, plan) for the last plan with other
    signals at some coordinates, ("add", (carry's, sum's coordinate), plan, plan, plan, plan) for
    the last plan with the carry and the sum of three there, or
    ("shared", f, {function: (coordinate, kind) or None}).
    """

    def __init__(self, n):
        self.n = n
        self.full = (1 << (1 << n)) - 1
        self.inputs = [sum(1 << p for p in range(1 << n) if p >> i & 1) for i in range(n)]
        self.tree = cache(self._tree)
        self.whole = cache(self._whole)
        self.leaf = cache(self._leaf)
        self.split = cache(self._split)
        self.together = cache(self._together)

    def _split(self, f, i):
        shift, ones = 1 << i, self.inputs[i]
        zero, one = f & ~ones, f & ones
        return zero | zero << shift, one | one >> shift

    def cofactors(self, f, block):
        parts = [f]
        for i in block:
            parts = [part for word in parts for part in self.split(word, i)]
        return parts

    def support(self, f):
        return [i for i in range(self.n) if len(set(self.split(f, i))) == 2]

    def is_constant(self, f):
        return f in (0, self.full)

    def choose(self, i, zero, one):
        return (one & self.inputs[i]) | (zero & ~self.inputs[i])

    def nested(self, f, g):
        return f & g in (f, g)

    def _leaf(self, f):
        coordinates = self.support(f)
        word = 0
        for p in range(16):
            point = sum((p >> j & 1) << i for j, i in enumerate(coordinates))
            word |= (f >> point & 1) << p
        return len(leaves()[word][0]), ("leaf", word, tuple(coordinates))

    def mux(self, i, zero, one, size):
        """List the ways to build x_i ? one : zero from functions that ``size`` knows."""
        both, x = zero ^ one, ("input", i)
        if both == 0:
            return [size(zero)]
        if self.is_constant(zero) and self.is_constant(one):
            return [(0, x if one else ("not", x))]
        (a, plan_zero), (b, plan_one) = size(zero), size(one)
        if self.is_constant(zero):
            if zero == 0:
                return [(b + 1, ("gate", AND, x, plan_one))]
            return [(b + 1, ("gate", OR, ("not", x), plan_one))]
        if self.is_constant(one):
            if one == 0:
                return [(a + 1, ("gate", AND, ("not", x), plan_zero))]
            return [(a + 1, ("gate", OR, x, plan_zero))]
        if both == self.full:
            return [(a + 1, ("gate", XOR, x, plan_zero))]
        c, plan_both = size(both)
        if zero & one == zero:
            plan = ("gate", OR, plan_zero, ("gate", AND, x, plan_one))
        elif zero & one == one:
            plan = ("gate", OR, plan_one, ("gate", AND, ("not", x), plan_zero))
        else:
            upper = ("gate", AND, x, plan_one)
            plan = ("gate", OR, upper, ("gate", AND, ("not", x), plan_zero))
        return [
            (a + b + (2 if self.nested(zero, one) else 3), plan),
            (a + c + 2, ("gate", XOR, plan_zero, ("gate", AND, x, plan_both))),
            (b + c + 2, ("gate", XOR, plan_one, ("gate", AND, ("not", x), plan_both))),
        ]

    def blocks(self, f, block):
        """Return (size, plan) of h and g if f = g(h(block), rest): h sits at the first of block."""
        parts = self.cofactors(f, block)
        if len(set(parts)) != 2:
            return None
        first, second = parts[0], next(part for part in parts if part != parts[0])
        inner = 0
        for p in range(1 << self.n):
            number = sum((p >> i & 1) << j for j, i in enumerate(reversed(block)))
            inner |= (parts[number] == second) << p
        return inner, self.choose(block[0], first, second)

    def _tree(self, f):
        coordinates = self.support(f)
        k = len(coordinates)
        if k <= 4:
            return self.leaf(f)
        options = []
        for i in coordinates:
            options += self.mux(i, *self.split(f, i), self.tree)
        if k < 7:
            for pair in combinations(coordinates, 2):
                options += self.put_block(f, pair, self.tree)
        return min(options, key=lambda option: option[0])

    def put_block(self, f, block, outer):
        found = self.blocks(f, block)
        if not found:
            return []
        (a, inner), (b, plan) = self.whole(found[0]), outer(found[1])
        return [(a + b, ("put", {block[0]: inner}, plan))]

    def _whole(self, f):
        coordinates = self.support(f)
        k = len(coordinates)
        if k <= 4:
            return self.leaf(f)
        merged = self.merged(f, coordinates)
        if merged:
            return merged
        options = [self.tree(f)]
        for triple in combinations(coordinates, 3):
            options += self.put_block(f, triple, self.whole)
        for size in (2, 3):
            for rest in combinations(coordinates, size):
                block = tuple(i for i in coordinates if i not in rest)
                options += self.put_block(f, block, self.whole)
        for triple in combinations(coordinates, 3):
            options += self.adder(f, triple)
        if k < 7:
            options += [self.sum(f, i, j) for i, j in permutations(coordinates, 2)]
        if k == 6:
            options += [
                self.shared(f, [(i, kind)], coordinates) for i in coordinates for kind in range(3)
            ]
        if k == 7:
            options += [
                self.shared(f, list(zip(pair, kinds, strict=True)), coordinates)
                for pair in permutations(coordinates, 2)
                for kinds in np.ndindex(3, 3)
            ]
        return min(options, key=lambda option: option[0])

    def merged(self, f, coordinates):
        """Return the first way to merge an input with another or the rest in one gate."""
        for i in coordinates:
            if self.loose(f, i):
                return self.mux(i, *self.split(f, i), self.whole)[0]
        for pair in combinations(coordinates, 2):
            for option in self.put_block(f, pair, self.whole):
                return option
        return None

    def loose(self, f, i):
        """Whether x_i meets a function of the rest in one gate."""
        zero, one = self.split(f, i)
        return self.is_constant(zero) or self.is_constant(one) or zero ^ one == self.full

    def sum(self, f, i, j):
        zero, one = self.split(f, i)
        size, plan = self.tree(self.choose(i, self.choose(j, zero, one), self.choose(j, one, zero)))
        return size + 1, ("put", {i: ("gate", XOR, ("input", i), ("input", j))}, plan)

    def adder(self, f, triple):
        parts = self.cofactors(f, triple)
        options = []
        for q in range(4):
            by_sum = [{parts[q ^ p] for p in range(8) if p.bit_count() == w} for w in range(4)]
            if all(len(each) == 1 for each in by_sum):
                w0, w1, w2, w3 = (each.pop() for each in by_sum)
                i, j, h = triple
                even, odd = self.choose(j, w0, w1), self.choose(j, w2, w3)
                size, plan = self.whole(self.choose(i, even, odd))
                alone = w0 == w1 and w2 == w3
                y = ("not", ("input", j)) if q & 2 else ("input", j)
                z = ("not", ("input", h)) if q & 1 else ("input", h)
                options.append(
                    (size + 5 - alone, ("add", (i, None if alone else j), ("input", i), y, z, plan))
                )
        return options

    def shared(self, f, splits, coordinates):
        """Split off some inputs and then one more or none, once for what is equal up to not."""
        gates, path, functions = 0, {}, [self.normal(f)]
        coordinates = list(coordinates)
        for i, kind in splits:
            more, functions = self.level(functions, i, kind, path)
            gates += more
            coordinates.remove(i)
        more, below = self.together(frozenset(functions), tuple(coordinates))
        return gates + more, ("shared", f, {**path, **below})

    def _together(self, functions, coordinates):
        """Build functions with one more input split off, or none."""
        options = [(sum(self.tree(g)[0] for g in functions), dict.fromkeys(functions))]
        for i in coordinates:
            for kind in range(3):
                path = {}
                more, last = self.level(functions, i, kind, path)
                more += sum(self.leaf(g)[0] for g in last)
                options.append((more, {**path, **dict.fromkeys(last)}))
        return min(options, key=lambda option: option[0])

    def level(self, functions, i, kind, splits):
        gates, below = 0, []
        for f in functions:
            zero, one = self.split(f, i)
            pair = [(zero, one), (zero, zero ^ one), (one, zero ^ one)][kind]
            splits[f] = i, kind
            gates += self.node(zero, one, kind)
            for g in pair:
                g = self.normal(g)
                if g and g not in below:
                    below.append(g)
        return gates, below

    def normal(self, f):
        return f ^ self.full if f & 1 else f

    def node(self, zero, one, kind):
        constant = self.is_constant(zero), self.is_constant(one)
        if zero == one or all(constant):
            return 0
        if zero ^ one == self.full:
            return 1
        if kind:
            return 1 if constant[kind - 1] else 2
        return 1 if any(constant) else 2 if self.nested(zero, one) else 3


class Builder:
    """Gates (table, wire, wire) from a plan; wires are the inputs and then the gates."""

    def __init__(self, rules):
        self.rules = rules
        self.full = rules.full
        self.gates = []
        self.values = list(rules.inputs)

    def gate(self, table, a, b):
        """Add a gate of two signals, each a wire's value or its complement."""
        (i, not_a), (j, not_b) = self.wire(a), self.wire(b)
        moved = sum(
            (table >> ((u ^ not_a) + 2 * (v ^ not_b)) & 1) << (u + 2 * v)
            for u in (0, 1)
            for v in (0, 1)
        )
        self.gates.append((moved, i, j))
        self.values.append(evaluate(moved, self.values[i], self.values[j], self.full))
        return self.values[-1]

    def wire(self, value):
        if value in self.values:
            return self.values.index(value), 0
        return self.values.index(value ^ self.full), 1

    def build(self, plan, signals):
        kind, *rest = plan
        return getattr(self, f"build_{kind}")(signals, *rest)

    def build_input(self, signals, i):
        return signals[i]

    def build_not(self, signals, plan):
        return self.build(plan, signals) ^ self.full

    def build_gate(self, signals, table, a, b):
        return self.gate(table, self.build(a, signals), self.build(b, signals))

    def build_put(self, signals, replaced, plan):
        new = {i: self.build(inner, signals) for i, inner in replaced.items()}
        return self.build(plan, {**signals, **new})

    def build_add(self, signals, places, x, y, z, plan):
        x, y, z = (self.build(each, signals) for each in (x, y, z))
        one = self.gate(XOR, x, y)
        carry = self.gate(XOR, x, self.gate(AND, one, self.gate(XOR, x, z)))
        new = {places[0]: carry}
        if places[1] is not None:
            new[places[1]] = self.gate(XOR, one, z)
        return self.build(plan, {**signals, **new})

    def build_leaf(self, signals, word, coordinates):
        chain, order, flips, source, negated = leaves()[word]
        wires = [None] * 4
        for i, j in enumerate(order):
            if i < len(coordinates):
                wires[j] = signals[coordinates[i]] ^ (self.full if flips >> j & 1 else 0)
        for operation, a, b in chain:
            wires.append(self.gate(OPERATIONS[operation], wires[a], wires[b]))
        value = wires[-1] if chain else wires[0] if source else 0
        return value ^ self.full if negated else value

    def build_shared(self, signals, f, path):
        made = {}

        def make(g):
            if self.rules.is_constant(g):
                return g
            normal = self.rules.normal(g)
            if normal not in made:
                made[normal] = self.make_shared(normal, path[normal], make, signals)
            return made[normal] ^ (g ^ normal)

        return make(f)

    def make_shared(self, g, split, make, signals):
        if split is None:
            return self.build(self.rules.tree(g)[1], signals)
        i, kind = split
        zero, one = self.rules.split(g, i)
        x, not_x = signals[i], signals[i] ^ self.full
        both = zero ^ one
        constant = self.rules.is_constant
        if both == 0:
            return make(zero)
        if constant(zero) and constant(one):
            return x if one else not_x
        if both == self.full:
            return self.gate(XOR, x, make(one if kind == 2 else zero)) ^ (
                self.full if kind == 2 else 0
            )
        if kind == 0:
            return self.shannon(x, not_x, zero, one, make)
        first, place = (one, not_x) if kind == 2 else (zero, x)
        upper = place if constant(both) else self.gate(AND, place, make(both))
        if constant(first):
            return upper ^ first
        return self.gate(XOR, make(first), upper)

    def shannon(self, x, not_x, zero, one, make):
        if self.rules.is_constant(zero):
            return self.gate(AND, x, make(one)) if zero == 0 else self.gate(OR, not_x, make(one))
        if self.rules.is_constant(one):
            return self.gate(AND, not_x, make(zero)) if one == 0 else self.gate(OR, x, make(zero))
        if zero & one == zero:
            return self.gate(OR, make(zero), self.gate(AND, x, make(one)))
        if zero & one == one:
            return self.gate(OR, make(one), self.gate(AND, not_x, make(zero)))
        return self.gate(OR, self.gate(AND, x, make(one)), self.gate(AND, not_x, make(zero)))


def evaluate(table, a, b, full):
    """Return a gate's word from those of its operands."""
    terms = (full ^ a) & (full ^ b), a & (full ^ b), (full ^ a) & b, a & b
    return sum(term for place, term in enumerate(terms) if table >> place & 1)


def circuit(f, n):
    """Return the number of gates by the rules and a circuit of f, a list of gates."""
    rules = Rules(n)
    size, plan = rules.whole(f)
    builder = Builder(rules)
    signals = dict(enumerate(rules.inputs))
    output = builder.build(plan, signals)
    return size, builder.gates, output


def run(gates, n):
    """Return the words of the inputs and of all gates."""
    rules = Rules(n)
    words = list(rules.inputs)
    for table, i, j in gates:
        words.append(evaluate(table, words[i], words[j], rules.full))
    return words
