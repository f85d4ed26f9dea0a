"""What a page says at its top after an act: a word in the address, a sentence here."""

from tem.language import Lang

# word -> (Vietnamese, English). A word that is not here says nothing.
SENTENCES: dict[str, tuple[str, str]] = {
    "signed_out": ("Bạn đã đăng xuất.", "You are signed out."),
    "welcome": ("Bạn đã đăng nhập.", "You are signed in."),
    "password_changed": (
        "Mật khẩu đã được đổi. Các thiết bị khác đã bị đăng xuất.",
        "The password is changed. Other devices are signed out.",
    ),
    "account_disabled": ("Tài khoản đã bị khóa.", "The account is disabled."),
    "account_enabled": ("Tài khoản đã được mở lại.", "The account is enabled again."),
}


def sentence(lang: Lang, word: str) -> str:
    """The sentence of a word, or nothing."""
    both = SENTENCES.get(word)
    return "" if both is None else both[0 if lang == "vi" else 1]
