curl -sS "$TILL/v1/sales" -H "Authorization: Bearer $KEY" \
  -H 'Content-Type: application/json' -H "Idempotency-Key: $(cat /proc/sys/kernel/random/uuid)" \
  -d '{"sales": [{"code": "0018…"}]}'

curl -sS "$TILL/v1/returns" -H "Authorization: Bearer $KEY" \
  -H 'Content-Type: application/json' -H "Idempotency-Key: $(cat /proc/sys/kernel/random/uuid)" \
  -d '{"returns": [{"code": "0018…"}]}'
