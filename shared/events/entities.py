"""What ingest says: a project, a commitment, a fund or a territory as it now stands."""

from typing import ClassVar

from pydantic import Field

from shared.events.event import Event
from shared.events.shapes import Commitment, Fund, Project, Territory


class ProjectPublished(Event):
    """A project was submitted, changed, suspended, closed or withdrawn; its whole state."""

    topic: ClassVar[str] = "projects"
    project: Project = Field(description="As it now stands; an individual's name is replaced by the place.")

    @property
    def key(self) -> str:
        return self.project.project_id

    @property
    def entity(self) -> Project:
        """What is published."""
        return self.project


class CommitmentPublished(Event):
    """A commitment was submitted, changed, suspended, closed or withdrawn; its whole state."""

    topic: ClassVar[str] = "commitments"
    commitment: Commitment = Field(description="As it now stands; `committed_*` includes what matches concluded.")

    @property
    def key(self) -> str:
        return self.commitment.commitment_id

    @property
    def entity(self) -> Commitment:
        """What is published."""
        return self.commitment


class FundPublished(Event):
    """A fund was submitted, changed, suspended, closed or withdrawn; its whole state."""

    topic: ClassVar[str] = "funds"
    fund: Fund = Field(description="As it now stands.")

    @property
    def key(self) -> str:
        return self.fund.fund_id

    @property
    def entity(self) -> Fund:
        """What is published."""
        return self.fund


class TerritoryPublished(Event):
    """A territory was declared or changed; its whole state."""

    topic: ClassVar[str] = "territories"
    territory: Territory = Field(description="As it now stands.")

    @property
    def key(self) -> str:
        return self.territory.territory_id

    @property
    def entity(self) -> Territory:
        """What is published."""
        return self.territory


EntityPublished = ProjectPublished | CommitmentPublished | FundPublished | TerritoryPublished
