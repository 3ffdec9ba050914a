"""Random numbers: those of the C++ standard, and reproducible."""

import pytest

from pyollama.sampling.randomness import UniformDoubles


def test_the_twister_is_the_one_of_the_cpp_standard() -> None:
    # [rand.predef]: the 10000th output of a default-seeded std::mt19937 is 4123659995.
    source = UniformDoubles(5489)
    doubles = [source.next() for _ in range(5000)]
    assert int(doubles[-1] * 2**32) == 4123659995  # the high half of the last double


def test_a_double_is_made_of_two_outputs_the_low_half_first() -> None:
    # The first outputs of std::mt19937(5489) are 3499211612 and 581869302.
    assert UniformDoubles(5489).next() == (3499211612 + 581869302 * 2**32) / 2**64


@pytest.mark.parametrize(("a", "b"), [(7, 7), (0, 2**32), (-2, 2**32 - 2)])
def test_seeds_are_taken_in_32_bits(a: int, b: int) -> None:
    assert UniformDoubles(a).next() == UniformDoubles(b).next()


def test_minus_one_draws_a_new_seed_each_time() -> None:
    assert len({UniformDoubles(-1).seed for _ in range(4)}) > 1
