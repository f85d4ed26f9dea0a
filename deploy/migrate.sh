# Once a start: what both PostgreSQL servers must have, made or brought up to date.
#
# The only place where superuser and owner are used. It can be repeated, and runs beside services
# that are in use.
set -eu
record=postgres-record edge=postgres-edge accounts=/secrets

tem provision "postgresql://postgres@$record/postgres" --for issuer --for registry --passwords $accounts
tem provision "postgresql://postgres@$edge/postgres" --for published --for verifier --passwords $accounts

# The replica first: a column that is to be replicated has to be there.
export TEM_VERIFIER_DATABASE_URL="postgresql+psycopg://tem_owner@$edge/tem_verifier"
export TEM_PUBLISHED_DATABASE_URL="postgresql+psycopg://tem_owner@$edge/tem_published"
tem migrate verifier published
TEM_ISSUER_DATABASE_URL="postgresql+psycopg://tem_owner@$record/tem_issuer" \
TEM_REGISTRY_DATABASE_URL="postgresql+psycopg://tem_owner@$record/tem_registry" \
  tem migrate issuer registry

# The edge follows the schema `published` of the record, and nothing else of it.
tem replica subscribe "postgresql://tem_replication@$record/tem_registry" \
  --password-file $accounts/tem_replication
