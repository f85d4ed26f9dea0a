"""Numbers of GS1: GTIN and GLN, checked by their last digit. Nothing here makes one up.

Source: GS1 General Specifications, 7.9 (the check digit of GTIN-8, -12, -13, -14 and GLN).
"""

import re

GTIN_LENGTHS = (8, 12, 13, 14)
GLN_LENGTHS = (13,)


def check_digit(body: str) -> int:
    """The check digit that follows these digits: weights 3, 1, 3, … from the right, modulo 10."""
    total = sum(int(digit) * (1, 3)[place % 2] for place, digit in enumerate(reversed(body), 1))
    return -total % 10


def has_form(number: str, lengths: tuple[int, ...] = GTIN_LENGTHS) -> bool:
    """Whether it is nothing but ASCII digits, as many as one of these lengths."""
    return len(number) in lengths and re.fullmatch("[0-9]+", number, re.ASCII) is not None


def is_sound(number: str) -> bool:
    """Whether a number of the right form ends with its check digit."""
    return check_digit(number[:-1]) == int(number[-1])
