curl -sS "$TILL/v1/sales" -H "Authorization: Bearer $KEY" \
  -H 'Content-Type: application/json' -H "Idempotency-Key: $(uuidgen)" \
  -d '{"sales": [{"code": "0018…", "sold_at": "2026-11-20T09:30:00+07:00"}]}'

curl -sS "$TILL/v1/returns" -H "Authorization: Bearer $KEY" \
  -H 'Content-Type: application/json' -H "Idempotency-Key: $(uuidgen)" \
  -d '{"returns": [{"code": "0018…"}]}'
