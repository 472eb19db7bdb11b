"""The sender: delivers events to registered webhooks, and never loses one."""
