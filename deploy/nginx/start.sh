# Starts nginx as the container's only process: start.sh public|office [-t to try the configuration]
#
# TLS is on where fullchain.pem and privkey.pem are mounted in /tls; the plain port then only
# sends people there. A renewed certificate: nginx -e stderr -c /etc/tem/NAME.conf -s reload
set -eu
name=$1
say() { echo "$name: $*" >&2; }
mkdir -p /tmp/servers /tmp/pages/-
listing=plain
if [ -e /tls ]; then
  # A folder that cannot be looked into would pass for an empty one.
  ls /tls >/dev/null && [ -x /tls ] || { say "user $(id -u) may not read the folder of certificates"; exit 1; }
  for file in /tls/fullchain.pem /tls/privkey.pem; do
    [ ! -e "$file" ] && [ ! -L "$file" ] || listing=tls
  done
fi
if [ $listing = tls ]; then
  for file in /tls/fullchain.pem /tls/privkey.pem; do
    [ -r "$file" ] || { say "$file is missing, or user $(id -u) may not read it: TLS cannot start"; exit 1; }
  done
  say "TLS is on"
else
  say "TLS is off: there is no certificate in /tls"
fi
python3 -I /etc/tem/pages.py /usr/share/tem /tmp "$name.$listing"
cp "/etc/tem/$name.$listing.conf" "/tmp/servers/$name.conf"
[ "${2:-}" != -t ] || exec nginx -t -q -e stderr -c "/etc/tem/$name.conf"
exec nginx -e stderr -c "/etc/tem/$name.conf" -g 'daemon off;'
