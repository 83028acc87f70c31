"""Enumerating words of few Lempel-Ziv 1976 words, character by character.

The set of places at which an earlier copy of the current word may end decides what the next
character does (see `priorvol._kernels.lempel_ziv`): while some of those places go on with it, the
word goes on too, else it ends. So the tree of all words of length m with at most so many history
words has a branch only where a copy may go on with either character or a new word may still begin.
"""

from __future__ import annotations

import numpy as np

from priorvol._kernels.jit import kernel

_ZERO = np.uint64(0)
_ONE = np.uint64(1)
_ONES = np.uint64(0xFFFFFFFFFFFFFFFF)


@kernel
def words_of_few(m, most, out):
    """Write every m-bit word, m <= 128, of at most ``most`` LZ76 words to ``out`` (k, 2) uint64.

    Returns their number, which may be larger than k; only the first k are then written. Words come
    in the order of their characters.
    """
    # By depth t: the word so far, the places where a copy may end before character t is read (bit
    # q: character q), the words ended before, and the next character to try.
    word = np.zeros((m + 1, 2), np.uint64)
    ends = np.zeros((m + 1, 2), np.uint64)
    ended = np.zeros(m + 1, np.int64)
    trial = np.zeros(m + 1, np.int64)
    found = 0
    t = 0
    while t >= 0:
        if t == m:
            if found < out.shape[0]:
                out[found, 0] = word[m, 0]
                out[found, 1] = word[m, 1]
            found += 1
            t -= 1
            continue
        bit = trial[t]
        if bit == 2:
            trial[t] = 0
            t -= 1
            continue
        trial[t] = bit + 1
        low, high = word[t, 0], word[t, 1]
        same_low = ends[t, 0] & (low if bit else ~low)
        same_high = ends[t, 1] & (high if bit else ~high)
        ending = (same_low | same_high) == _ZERO
        count = ended[t] + (ending and t < m - 1)
        if count + 1 > most:
            continue
        if t < 64:
            low |= np.uint64(bit) << np.uint64(t)
        else:
            high |= np.uint64(bit) << np.uint64(t - 64)
        word[t + 1, 0], word[t + 1, 1] = low, high
        ended[t + 1] = count
        if ending:  # the next word may copy anything that begins at 0 ... t
            first = np.uint64(min(t + 1, 64))
            ends[t + 1, 0] = _ONES if t >= 63 else (_ONE << first) - _ONE
            ends[t + 1, 1] = _ZERO if t < 64 else (_ONE << np.uint64(t - 63)) - _ONE
        else:
            ends[t + 1, 0] = same_low << _ONE
            ends[t + 1, 1] = (same_high << _ONE) | (same_low >> np.uint64(63))
        trial[t + 1] = 0
        t += 1
    return found
