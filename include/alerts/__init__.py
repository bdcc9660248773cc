"""Messages to the people who should look: rendered for Slack, kept in an outbox, sent when Slack can be reached."""
