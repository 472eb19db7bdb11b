"""Pure decisions and formats of the receiver: no Flask, no database, no network, no clock."""
