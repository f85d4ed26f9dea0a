curl -sS "$TILL/v1/changes?after=0"

curl -sS "$TILL/v1/webhooks" -H "Authorization: Bearer $KEY" \
  -H 'Content-Type: application/json' -H "Idempotency-Key: $(cat /proc/sys/kernel/random/uuid)" \
  -d '{"url": "https://till.example/tem"}'
