"""Encrypt webhooks' own headers, most of which are credentials

The encryption key is needed, and it has to be the one of the stored secrets: what another key locked could not be read
again once that one is back. Nothing is left in clear where the headers stood, in the database's own files.

Revision ID: 0013
Revises: 0012
"""

import json

import sqlalchemy as sa
from alembic import op
from flask import current_app

from sender.services.vault import WrongKey

revision = '0013'
down_revision = '0012'
branch_labels = None
depends_on = None

webhooks = sa.table(
    'webhooks',
    sa.column('id', sa.String),
    sa.column('headers', sa.JSON),
    sa.column('encrypted_headers', sa.Text),
    sa.column('encrypted_secret', sa.Text),
    sa.column('deleted_at', sa.BigInteger),
)


def upgrade() -> None:
    connection = op.get_bind()
    if connection.dialect.name == 'sqlite':
        connection.exec_driver_sql('PRAGMA secure_delete=ON')  # pages that are freed are overwritten with zeros
    with op.batch_alter_table('webhooks', schema=None) as batch_op:
        batch_op.add_column(sa.Column('encrypted_headers', sa.Text(), nullable=True))
    if rows := [row for row in connection.execute(sa.select(webhooks)) if row.headers]:
        _refuse_wrong_key(connection)
    for row in rows:
        locked = current_app.config['SENDER_VAULT'].lock(json.dumps(row.headers))
        connection.execute(webhooks.update().where(webhooks.c.id == row.id).values(encrypted_headers=locked))
    with op.batch_alter_table('webhooks', schema=None) as batch_op:
        batch_op.drop_column('headers')
    if connection.dialect.name == 'postgresql':
        # A dropped column stays in the table's file until each row is written anew, which this does.
        op.execute("ALTER TABLE webhooks ALTER COLUMN encrypted_headers TYPE text USING encrypted_headers || ''")


def downgrade() -> None:
    connection = op.get_bind()
    with op.batch_alter_table('webhooks', schema=None) as batch_op:
        batch_op.add_column(sa.Column('headers', sa.JSON(), nullable=False, server_default='{}'))
    vault = current_app.config['SENDER_VAULT']
    for row in connection.execute(sa.select(webhooks)).all():
        if row.encrypted_headers is None:
            continue
        text = vault.unlock(row.encrypted_headers)
        if text is None:
            raise WrongKey
        connection.execute(webhooks.update().where(webhooks.c.id == row.id).values(headers=json.loads(text)))
    with op.batch_alter_table('webhooks', schema=None) as batch_op:
        batch_op.drop_column('encrypted_headers')


def _refuse_wrong_key(connection: sa.Connection) -> None:
    if current_app.config.get('SENDER_KEY_IS_LOST'):
        return
    query = sa.select(webhooks.c.encrypted_secret).where(webhooks.c.deleted_at.is_(None))
    found = [current_app.config['SENDER_VAULT'].unlock(secret) for secret in connection.scalars(query)]
    if found and all(secret is None for secret in found):
        raise WrongKey
