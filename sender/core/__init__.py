"""Pure decisions and formats: no Flask, no database, no network, no clock."""
