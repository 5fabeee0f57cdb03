# Run once, on an empty volume: a role and databases for the product and for Temporal, neither of them a superuser.
set -eu

psql --set ON_ERROR_STOP=1 --username postgres \
  --set enrichment="$ENRICHMENT_DB_PASSWORD" --set temporal="$TEMPORAL_DB_PASSWORD" <<'SQL'
CREATE ROLE enrichment LOGIN CREATEROLE PASSWORD :'enrichment';
CREATE DATABASE enrichment OWNER enrichment;
CREATE ROLE temporal LOGIN PASSWORD :'temporal';
CREATE DATABASE temporal OWNER temporal;
CREATE DATABASE temporal_visibility OWNER temporal;
SQL
