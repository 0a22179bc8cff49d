"""Pages and API for companies, project owners and coordinators."""
