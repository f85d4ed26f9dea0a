# Starts PostgreSQL as the container's only process: start.sh record|edge [OPTION...]
#
# It replaces the image's own entry script, so that the same lines run whatever image brings the
# programs. Everything else is in NAME.conf and NAME.hba.conf beside this file.
set -eu
name=$1
shift
here=$(dirname "$0")
# Some images make `data` a link to the volume itself; else it is a folder in it.
export PGDATA=/var/lib/postgresql/data/18/tem
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  # A first start that was cut short left only the draft.
  rm -rf "$PGDATA.draft"
  mkdir -p "${PGDATA%/*}"
  initdb -D "$PGDATA.draft" -U postgres --pwfile="$here/superuser_password" --auth=scram-sha-256 \
    --data-checksums --encoding=UTF8 --locale-provider=builtin --locale=C.UTF-8 --no-instructions
  mv "$PGDATA.draft" "$PGDATA"
fi
exec postgres -D "$PGDATA" -c config_file="$here/$name.conf" "$@"
