"""The topics that are created are those the services say and hear, kept as the design promises."""

from deploy.create_topics import DAY_MS, EVENT_TOPICS, TOPICS, Topic
from shared.events.registry import EVENTS
from shared.housekeeping import COMPACTED_TOPICS, FORGETFUL_TOPICS, KEPT_DAYS

NAMED = {topic.name: topic for topic in TOPICS}


def test_every_event_has_its_topic_and_every_topic_its_dead_letters() -> None:
    assert {topic.name for topic in EVENT_TOPICS} == set(EVENTS)
    assert set(NAMED) == {name for event in EVENTS for name in (event, f"{event}.dlq")}


def test_one_projects_events_lie_in_partitions_of_one_number() -> None:
    assert {name for name, topic in NAMED.items() if topic.partitions == "by-project"} == {
        "projects",
        "answers",
        "matches",
    }


def test_timestamps_are_the_brokers_everywhere() -> None:
    assert {topic.settings["message.timestamp.type"] for topic in TOPICS} == {"LogAppendTime"}


def test_a_tombstone_stays_for_thirty_days() -> None:
    compacted = [topic for topic in TOPICS if topic.keeping == "compacted"]
    assert {topic.settings["delete.retention.ms"] for topic in compacted} == {str(30 * DAY_MS)}


def test_texts_leave_the_log_within_a_day_of_their_erasure() -> None:
    texts = {topic.name for topic in TOPICS if "max.compaction.lag.ms" in topic.settings}
    assert texts == {"projects", "commitments", "funds", "territories", "matches"}
    assert NAMED["projects"].settings["max.compaction.lag.ms"] == str(DAY_MS)


def test_what_a_replay_needs_is_kept_for_ever() -> None:
    for name in ("answers", "days", "erasures"):
        assert NAMED[name].settings["cleanup.policy"] == "delete"
        assert NAMED[name].settings["retention.ms"] == NAMED[name].settings["retention.bytes"] == "-1"


def test_deliveries_and_dead_letters_go_after_thirty_days() -> None:
    for topic in (NAMED["deliveries"], *(topic for topic in TOPICS if topic.name.endswith(".dlq"))):
        assert topic.settings["retention.ms"] == str(30 * DAY_MS)


def test_a_topic_without_texts_says_nothing_of_compaction_lag() -> None:
    assert "max.compaction.lag.ms" not in Topic("ids", "compacted", 4).settings


def test_dead_letters_are_forgotten_as_the_log_forgets() -> None:
    """`shared/housekeeping.py` says of each topic how its log keeps it."""
    assert {topic.name for topic in EVENT_TOPICS if topic.keeping == "compacted"} == set(COMPACTED_TOPICS)
    assert {topic.name for topic in EVENT_TOPICS if topic.keeping == "30-days"} == set(FORGETFUL_TOPICS)
    assert NAMED["deliveries"].settings["retention.ms"] == str(KEPT_DAYS * DAY_MS)
