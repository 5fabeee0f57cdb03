# Brings the schemas of Temporal's two databases up to date. Run again, it changes nothing.
set -eu

export SQL_PASSWORD="$POSTGRES_PWD"

bring_up_to_date() {
  tool="temporal-sql-tool --plugin $DB --endpoint $POSTGRES_SEEDS --port $DB_PORT --user $POSTGRES_USER --database $1"
  $tool setup-schema --version 0.0
  $tool update-schema --schema-dir "/etc/temporal/schema/postgresql/v12/$2/versioned"
}

bring_up_to_date temporal temporal
bring_up_to_date temporal_visibility visibility
