"""Explicit 16-wide vectors for Numba, written in LLVM's intermediate language.

The helpers build instructions inside a `numba.extending.intrinsic`. A vector is always sixteen
32-bit lanes; processors with narrower registers get several narrower instructions from LLVM. All
multiply-adds are `llvm.fma`, exactly rounded everywhere, so a result does not depend on the width.

Memory is named by address: arrays would be reference-counted at every call, which costs more than
a small layer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types

from priorvol._kernels.jit import intrinsic

LANES = 16
FLOAT = ir.FloatType()
INT16 = ir.IntType(16)
INT32 = ir.IntType(32)
INT64 = ir.IntType(64)
VFLOAT = ir.VectorType(FLOAT, LANES)
VINT = ir.VectorType(INT32, LANES)

Builder = Any
Value = Any


def constant(value: int) -> Value:
    """Return a 64-bit integer constant."""
    return ir.Constant(INT64, value)


def vector_float(value: float | Sequence[float]) -> Value:
    """Return a constant vector of float32, one value repeated or sixteen."""
    values = [value] * LANES if isinstance(value, int | float) else list(value)
    return ir.Constant(VFLOAT, [float(np.float32(v)) for v in values])


def vector_int(value: int | Sequence[int]) -> Value:
    """Return a constant vector of 32-bit integers, one value repeated or sixteen."""
    values = [value] * LANES if isinstance(value, int) else list(value)
    return ir.Constant(VINT, [int(v) & 0xFFFFFFFF for v in values])


def pointer(b: Builder, address: Value) -> Value:
    """Turn an integer address into a pointer."""
    return b.inttoptr(address, ir.PointerType())


def at(b: Builder, base: Value, index: Value, element: Any = FLOAT) -> Value:
    """Return the address of element ``index``."""
    return b.gep(base, [index], source_etype=element)


def load(b: Builder, address: Value, kind: Any = VFLOAT, align: int = 4) -> Value:
    """Load a value; vectors need no more than ``align`` bytes of alignment."""
    value = b.load(address, typ=kind)
    value.align = align
    return value


def store(b: Builder, value: Value, address: Value, align: int = 4) -> None:
    """Store a value."""
    b.store(value, address).align = align


def splat(b: Builder, scalar: Value, kind: Any = VFLOAT) -> Value:
    """Return the vector whose lanes are all ``scalar``."""
    empty = ir.Constant(kind, ir.Undefined)
    first = b.insert_element(empty, scalar, ir.Constant(INT32, 0))
    return b.shuffle_vector(first, empty, ir.Constant(VINT, [0] * LANES))


def _call(b: Builder, name: str, result: Any, *values: Value) -> Value:
    function = b.module.globals.get(name)
    if function is None:
        signature = ir.FunctionType(result, [value.type for value in values])
        function = ir.Function(b.module, signature, name)
    return b.call(function, values)


def rotate(b: Builder, x: Value, places: int) -> Value:
    """Rotate 32-bit lanes to the left."""
    return b.or_(b.shl(x, vector_int(places)), b.lshr(x, vector_int(32 - places)))


def fma(b: Builder, x: Value, y: Value, z: Value) -> Value:
    """Return x y + z, rounded once."""
    return _call(b, "llvm.fma.v16f32", VFLOAT, x, y, z)


def square_root(b: Builder, x: Value) -> Value:
    """Return the correctly rounded square root."""
    return _call(b, "llvm.sqrt.v16f32", VFLOAT, x)


def absolute(b: Builder, x: Value) -> Value:
    """Return the absolute value."""
    return _call(b, "llvm.fabs.v16f32", VFLOAT, x)


def maximum(b: Builder, x: Value, y: Value) -> Value:
    """Return x where x > y, else y."""
    return b.select(b.fcmp_ordered(">", x, y), x, y)


def polynomial(b: Builder, x: Value, coefficients: Sequence[float]) -> Value:
    """Return the polynomial with the highest power's coefficient first, by Horner's rule."""
    result = vector_float(float(coefficients[0]))
    for coefficient in coefficients[1:]:
        result = fma(b, result, x, vector_float(float(coefficient)))
    return result


class Loop:
    """``for i in range(count)`` carrying values; may run zero times.

    Make it, emit the body with ``index`` and ``carried``, then `close` with the new values: the
    values after the loop come back.
    """

    def __init__(self, b: Builder, count: Value, carried: Sequence[Value] = ()) -> None:
        """Open the loop and move the builder into its body."""
        self._b = b
        entry = b.block
        self._head = b.append_basic_block("head")
        body = b.append_basic_block("body")
        self._end = b.append_basic_block("end")
        b.branch(self._head)
        b.position_at_end(self._head)
        self.index = b.phi(INT64)
        self.index.add_incoming(constant(0), entry)
        self.carried = [b.phi(value.type) for value in carried]
        for phi, value in zip(self.carried, carried, strict=True):
            phi.add_incoming(value, entry)
        b.cbranch(b.icmp_unsigned("<", self.index, count), body, self._end)
        b.position_at_end(body)

    def close(self, values: Sequence[Value] = ()) -> list[Value]:
        """End the body with the next iteration's values; return the values after the loop."""
        b = self._b
        latch = b.block
        self.index.add_incoming(b.add(self.index, constant(1)), latch)
        for phi, value in zip(self.carried, values, strict=True):
            phi.add_incoming(value, latch)
        b.branch(self._head)
        b.position_at_end(self._end)
        return self.carried


@intrinsic
def prefetch(typing_context, address):
    """Ask for the cache line at ``address``, to be written."""

    def code(context, b, signature, arguments):
        name = "llvm.prefetch.p0"
        function = b.module.globals.get(name)
        if function is None:
            kind = ir.FunctionType(ir.VoidType(), [ir.PointerType(), INT32, INT32, INT32])
            function = ir.Function(b.module, kind, name)
        one, three = ir.Constant(INT32, 1), ir.Constant(INT32, 3)
        b.call(function, [pointer(b, arguments[0]), one, three, one])
        return context.get_dummy_value()

    return types.void(types.intp), code


def _reader(name, numba_type, kind, align):
    """Return an intrinsic that reads one number at an address."""

    def read(typing_context, address):
        def code(context, b, signature, arguments):
            return load(b, pointer(b, arguments[0]), kind, align)

        return numba_type(types.intp), code

    read.__name__ = read.__qualname__ = name
    return intrinsic(read)


read_int64 = _reader("read_int64", types.int64, INT64, 8)
read_uint8 = _reader("read_uint8", types.uint8, ir.IntType(8), 1)
read_float32 = _reader("read_float32", types.float32, FLOAT, 4)
read_float64 = _reader("read_float64", types.float64, ir.DoubleType(), 8)


def _writer(name, numba_type, align):
    """Return an intrinsic that writes one number at an address."""

    def write(typing_context, address, value):
        def code(context, b, signature, arguments):
            store(b, arguments[1], pointer(b, arguments[0]), align)
            return context.get_dummy_value()

        return types.void(types.intp, numba_type), code

    write.__name__ = write.__qualname__ = name
    return intrinsic(write)


write_int32 = _writer("write_int32", types.int32, 4)
write_int64 = _writer("write_int64", types.int64, 8)
write_uint8 = _writer("write_uint8", types.uint8, 1)
write_float32 = _writer("write_float32", types.float32, 4)


@intrinsic
def float_pointer(typing_context, address):
    """Return an address as a pointer to float32, for `numba.carray`."""

    def code(context, b, signature, arguments):
        return b.inttoptr(arguments[0], context.get_value_type(signature.return_type))

    return types.CPointer(types.float32)(types.intp), code
