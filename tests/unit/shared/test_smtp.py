"""What is said of the mail server that settings name."""

import pytest

from shared.smtp import Smtp, is_here


@pytest.mark.parametrize(
    ("host", "here"),
    [("127.0.0.1", True), ("localhost", True), ("[::1]", True), ("mailpit", False), ("10.0.0.2", False)],
)
def test_only_loopback_is_this_machine(host: str, here: bool) -> None:
    assert is_here(host) is here


def test_a_sender_nobody_can_answer_is_doubted_once_mails_leave_the_machine() -> None:
    assert list(Smtp("127.0.0.1", 25, "essaim@localhost").doubts()) == []
    assert list(Smtp("smtp.example.org", 25, "essaim@example.org").doubts()) == []
    [doubt] = Smtp("smtp.example.org", 25, "essaim@localhost").doubts()
    assert "essaim@localhost" in doubt
    assert "MAIL_FROM" in doubt


@pytest.mark.parametrize(
    ("smtp", "asked"),
    [
        (Smtp("smtp.example.org", 587, "e@example.org", "starttls"), True),
        (Smtp("smtp.example.org", 25, "e@example.org"), False),
        (Smtp("smtp.example.org", 587, "e@example.org", "none", "essaim", "secret"), True),
        (Smtp("127.0.0.1", 8026, "e@example.org", "none", "essaim", "secret"), False),
        (Smtp("smtp.example.org", 465, "e@example.org", "tls", "essaim", "secret"), False),
    ],
)
def test_a_password_never_leaves_the_machine_in_clear(smtp: Smtp, asked: bool) -> None:
    assert smtp.starttls is asked
