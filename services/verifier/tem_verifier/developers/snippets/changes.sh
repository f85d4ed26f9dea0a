curl -sS "$TILL/v1/changes?after=0"

curl -sS "$TILL/v1/webhooks" -H "Authorization: Bearer $KEY" \
  -H 'Content-Type: application/json' -H "Idempotency-Key: $(uuidgen)" \
  -d '{"url": "https://till.example/tem"}'
