# Starts nginx as the container's only process: start.sh public|office
#
# TLS is on where fullchain.pem and privkey.pem are mounted in /tls; the plain port then only
# sends people there. A renewed certificate: nginx -e stderr -c /etc/tem/NAME.conf -s reload
set -eu
name=$1
mkdir -p /tmp/servers
listing=plain
if [ -e /tls/fullchain.pem ] || [ -e /tls/privkey.pem ]; then
  for file in /tls/fullchain.pem /tls/privkey.pem; do
    [ -r "$file" ] || { echo "$file is missing, or user $(id -u) may not read it" >&2; exit 1; }
  done
  listing=tls
fi
cp "/etc/tem/$name.$listing.conf" "/tmp/servers/$name.conf"
exec nginx -e stderr -c "/etc/tem/$name.conf" -g 'daemon off;'
